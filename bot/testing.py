"""The contract that every adapter keeps, as tests to be inherited.

Write a `Driver` that acts as people on your platform (a simulator of it, best of all) and let
pytest collect a subclass:

    class TestMyAdapter(AdapterContract):
        @pytest.fixture
        async def driver(self):
            async with MyPlatform() as platform:
                yield MyDriver(platform)

The tests are coroutines: use pytest-asyncio in its auto mode, or anything else that runs them.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from bot.adapter import Adapter
from bot.attached import Attachment
from bot.chat import CommandReply, File, Incoming, Spot, ThreadKey
from bot.controls import Action, Presentation
from bot.errors import MessageGone, NotAllowed
from bot.spec import AdapterSpec
from bot.stand_ins import SECONDS, RecordingInbox


class Driver(Protocol):
    """A platform as its people see it, with one place in which the bot is talked to."""

    @property
    def spec(self) -> AdapterSpec:
        """How the adapter announces itself."""
        ...

    @property
    def adapter(self) -> Adapter:
        """The adapter under test, not yet running; always the same one."""
        ...

    async def connected(self) -> None:
        """Return once the running adapter hears what is said."""
        ...

    async def say(self, text: str) -> None:
        """Somebody addresses the bot with `text` (mention added where the platform needs one)."""
        ...

    async def shown(self) -> Sequence[str]:
        """The bot's messages that stand in that place or in threads made from it, in order."""
        ...


class ControlsDriver(Driver, Protocol):
    """A platform on which the adapter shows controls."""

    async def press(self, action: Action) -> str:
        """Somebody uses a control of the bot's newest message; what only they are told.

        Raises LookupError when there is no such control.
        """
        ...


class AdapterContract:
    """Tests for any adapter; subclasses provide the fixture `driver`."""

    async def test_its_spec_names_it(self, driver: Driver) -> None:
        """The spec and the adapter agree, and the factory exists."""
        assert driver.spec.name == driver.adapter.name
        assert bool(driver.spec.direct_space) != driver.adapter.capabilities.people_per_space
        module, _, factory = driver.spec.create.partition(":")
        assert callable(getattr(importlib.import_module(module), factory))

    async def test_its_capabilities_can_be_used(self, driver: Driver) -> None:
        """Limits are positive and a message can hold a readable piece of an answer."""
        can = driver.adapter.capabilities
        assert can.max_chars >= 256
        assert can.min_edit_seconds >= 0
        assert can.status_seconds is None or can.status_seconds > 0
        for limit in can.limits:
            assert limit.count > 0
            assert limit.seconds > 0
            assert limit.calls

    async def test_longer_text_measures_longer(self, driver: Driver) -> None:
        """`measure` is 0 for nothing and never shrinks as text grows."""
        measure = driver.adapter.measure
        text = "Plain *bold* `code` <@1> <!x> 🧵 @everyone & more.\n" * 3
        sizes = [measure(text[:end]) for end in range(len(text) + 1)]
        assert sizes[0] == 0
        assert sizes == sorted(sizes)

    async def test_a_message_arrives_translated(self, driver: Driver) -> None:
        """An addressed message comes once, complete, with its own mention removed."""
        async with running(driver) as inbox:
            await driver.say("what is a bobbin?")
            await inbox.until(lambda: bool(inbox.messages))
            event = inbox.messages[0]
            assert event.addressed
            assert event.text == "what is a bobbin?"
            assert event.author.id
            assert event.author.name
            assert event.event_id
            assert event.at > 0
            assert event.thread.platform == driver.adapter.name
            assert ThreadKey.parse(str(event.thread)) == event.thread

    async def test_messages_are_told_apart_and_in_order(self, driver: Driver) -> None:
        """Two messages have different ids and rising positions."""
        async with running(driver) as inbox:
            await driver.say("first")
            await inbox.until(lambda: len(inbox.messages) >= 1)
            await driver.say("second")
            await inbox.until(lambda: len(inbox.messages) >= 2)
            first, second = inbox.messages[:2]
            assert first.event_id != second.event_id
            assert first.ref != second.ref
            assert first.position < second.position

    async def test_a_reply_is_posted_and_edited(self, driver: Driver) -> None:
        """What is posted is shown, and an edit replaces it."""
        async with asked(driver) as (event, spot):
            adapter = driver.adapter
            ref = await adapter.post(spot, "Half of", key="contract0")
            assert [text.strip() for text in await driver.shown()] == ["Half of"]
            await adapter.edit(ref, "Half of the answer, and all of it.")
            assert (await driver.shown())[-1].strip().endswith("and all of it.")
            assert await adapter.open(event, "The same place") == spot

    async def test_controls_leave_the_text_alone(self, driver: Driver) -> None:
        """A look may be given with any write, also to an adapter that can show nothing of it."""
        async with asked(driver) as (_, spot):
            adapter = driver.adapter
            growing = Presentation("turn1", (Action.STOP,), streaming=True)
            ref = await adapter.post(spot, "Half of", key="contract5", look=growing)
            done = Presentation("turn1", tuple(Action)[1:])
            await adapter.edit(ref, "Half of the answer, and all of it.", look=done)
            assert (await driver.shown())[-1].strip().endswith("and all of it.")

    async def test_a_post_that_may_exist_is_not_doubled(self, driver: Driver) -> None:
        """Posting again under the same key leaves one message, with the newer text."""
        async with asked(driver) as (_, spot):
            adapter = driver.adapter
            first = await adapter.post(spot, "Once", key="contract1")
            again = await adapter.post(spot, "Once and", key="contract1", again=True)
            await adapter.edit(again, "Once and only")
            assert again == first
            assert len(await driver.shown()) == 1

    async def test_the_longest_message_is_taken(self, driver: Driver) -> None:
        """Text of exactly the largest size goes through; more is refused before it is sent."""
        async with asked(driver) as (_, spot):
            adapter = driver.adapter
            most = min(adapter.capabilities.max_chars, 20_000)
            await adapter.post(spot, "x" * most, key="contract2")
            assert len((await driver.shown())[-1].strip()) == most
            over = "x" * (adapter.capabilities.max_chars + 1)
            try:
                await adapter.post(spot, over, key="contract4")
            except ValueError:
                return
            raise AssertionError("a text over max_chars must raise ValueError")

    async def test_a_typed_command_is_answered(self, driver: Driver) -> None:
        """`respond` takes private, harmless and shared answers."""
        async with asked(driver) as (event, _):
            for reply in (
                CommandReply("For your eyes only."),
                CommandReply("Not a secret.", harmless=True),
                CommandReply("For everybody.", private=False),
            ):
                await driver.adapter.respond(event, reply)

    async def test_of_places_that_are_not_known_nothing_is_told(self, driver: Driver) -> None:
        """`reach` tells only what is certain, and `tell` reaches nobody."""
        async with asked(driver):
            assert await driver.adapter.reach("nowhere", "nobody", {("no-place", "")}) is None
            assert (
                await driver.adapter.tell("nowhere", "nobody", "Anybody?", key="contract0") is False
            )

    async def test_deleting_twice_is_fine(self, driver: Driver) -> None:
        """A deleted message is gone for `edit`, and deleting it again does nothing."""
        async with asked(driver) as (_, spot):
            adapter = driver.adapter
            ref = await adapter.post(spot, "Away with it", key="contract3")
            await adapter.delete(ref)
            await adapter.delete(ref)
            if not await driver.shown():
                try:
                    await adapter.edit(ref, "Back again")
                except MessageGone:
                    return
                raise AssertionError("editing a deleted message must raise MessageGone")

    async def test_a_file_is_attached_once(self, driver: Driver) -> None:
        """A file that may have been posted already is found; one that is too large is refused."""
        most = driver.adapter.capabilities.file_bytes
        if not most:
            return
        async with asked(driver) as (_, spot):
            file = File("notes.txt", b"what was said\n", "text/plain")
            attach = driver.adapter.attach
            first = await attach(spot, file, "contract5", "As a file:")
            assert await attach(spot, file, "contract5", "As a file:", again=True) == first
            assert await attach(spot, file, "contract6", again=True) != first
            assert len(await driver.shown()) == 2
            await driver.adapter.delete(first)
            assert len(await driver.shown()) == 1
            large = File("large.bin", bytes(most + 1), "application/octet-stream")
            try:
                await attach(spot, large, "contract7")
            except ValueError:
                return
            raise AssertionError("a file over file_bytes must raise ValueError")

    async def test_the_status_never_fails(self, driver: Driver) -> None:
        """The sign can be shown, renewed and cleared at any time."""
        async with asked(driver) as (event, spot):
            for status in ("thinking …", None, None):
                await driver.adapter.show_status(spot, status)
            await driver.adapter.settled(event.thread)

    async def test_history_is_bounded(self, driver: Driver) -> None:
        """Earlier messages come oldest first, never more than asked for."""
        async with asked(driver) as (event, _):
            history = await driver.adapter.history(event, 5)
            times = [message.at for message in history.messages]
            assert len(times) <= 5
            assert times == sorted(times)

    async def test_nothing_is_fetched_from_elsewhere(self, driver: Driver) -> None:
        """An attachment whose address is not the platform's own is refused unasked."""
        for url in ("http://127.0.0.1:1/file", "https://example.com/file", "file:///etc/passwd"):
            try:
                await driver.adapter.download(Attachment("file", url=url), 1000)
            except NotAllowed:
                continue
            raise AssertionError(f"{url} must be refused with NotAllowed")
        await driver.adapter.close()

    async def test_a_store_that_is_away_does_not_end_it(self, driver: Driver) -> None:
        """A message that could not be kept is survived, and later ones arrive."""
        async with running(driver) as inbox:
            inbox.refuse = True
            await driver.say("lost?")
            await inbox.until(lambda: inbox.refused > 0)
            inbox.refuse = False
            await driver.say("heard")
            await inbox.until(lambda: any(event.text == "heard" for event in inbox.messages))

    async def test_it_says_that_it_is_connected(self, driver: Driver) -> None:
        """All of its connections stand after a moment: `/readyz` waits for that."""
        async with running(driver) as inbox:
            async with asyncio.timeout(SECONDS):
                await inbox.connections.all_up.wait()

    async def test_it_can_be_closed_twice(self, driver: Driver) -> None:
        """Ending leaves nothing behind that a second `close` would trip over."""
        async with running(driver):
            pass
        await driver.adapter.close()


class ControlsContract:
    """More tests, for an adapter whose capabilities name controls; see `AdapterContract`."""

    async def test_every_control_is_handed_in(self, driver: ControlsDriver) -> None:
        """It names its turn; where it was the platform says."""
        async with asked_in(driver) as (inbox, event, spot):
            inbox.reply = CommandReply("It is done.", harmless=True)
            ref = await driver.adapter.post(spot, "An answer.", key="control0")
            inbox.loose[ref] = event.thread
            for number, action in enumerate(sorted(driver.adapter.capabilities.controls)):
                turn = f"turn{number}"
                look = Presentation(turn, WITH[action])
                await driver.adapter.edit(ref, f"Version {number}.", look=look)
                assert "It is done." in await driver.press(action)
                press = inbox.presses[-1]
                assert (press.action, press.turn, press.ref) == (action, turn, ref)
                assert press.thread == event.thread
                assert press.author.id == event.author.id
                assert press.position > event.position
                assert press.at > 0
            assert len({press.event_id for press in inbox.presses}) == len(inbox.presses)

    async def test_a_control_is_gone_with_the_edit_that_leaves_it_out(
        self, driver: ControlsDriver
    ) -> None:
        """What stands under a message is what the last write said."""
        async with asked(driver) as (_, spot):
            look = Presentation("turn", (Action.STOP,), streaming=True)
            ref = await driver.adapter.post(spot, "An answer.", key="control1", look=look)
            await driver.press(Action.STOP)
            await driver.adapter.edit(ref, "The answer.", look=Presentation("turn"))
            try:
                await driver.press(Action.STOP)
            except LookupError:
                return
            raise AssertionError("a control stands there that should be gone")


WITH: Mapping[Action, tuple[Action, ...]] = {
    Action.STOP: (Action.STOP,),
    **dict.fromkeys(tuple(Action)[1:], tuple(Action)[1:]),
}
"""Controls that are shown together."""


@asynccontextmanager
async def running(driver: Driver) -> AsyncGenerator[RecordingInbox]:
    """Run the driver's adapter with an inbox, connected, and end it afterwards."""
    inbox = RecordingInbox()
    task = asyncio.create_task(driver.adapter.run(inbox))
    try:
        ready = asyncio.create_task(driver.connected())
        async with asyncio.timeout(SECONDS):
            await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                ready.cancel()
                await task
                raise AssertionError("the adapter ended before it was connected")
            await ready
        yield inbox
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=SECONDS)
        await driver.adapter.close()


@asynccontextmanager
async def asked(driver: Driver) -> AsyncGenerator[tuple[Incoming, Spot]]:
    """A running adapter that has been asked something: the question, and where to answer."""
    async with asked_in(driver) as (_, event, spot):
        yield event, spot


@asynccontextmanager
async def asked_in(driver: Driver) -> AsyncGenerator[tuple[RecordingInbox, Incoming, Spot]]:
    """The same, with what the adapter hands in."""
    async with running(driver) as inbox:
        await driver.say("a question")
        await inbox.until(lambda: bool(inbox.messages))
        event = inbox.messages[0]
        yield inbox, event, await driver.adapter.open(event, "A question")
