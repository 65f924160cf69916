"""What a reply's messages carry beside their text: Stop while it grows, the rest at its end."""

from __future__ import annotations

from bot.controls import PLAIN, Action, Presentation
from bot.errors import PlatformError
from bot.reply.pacing import LoopClock
from tests.units.reply.platform import Fault, Platform, discord_like, unlimited
from tests.units.reply.scene import LONG, TEXT, Scene, stream
from tests.units.reply.virtual import virtual

STOP = (Action.STOP,)
AFTER = (Action.REGENERATE, Action.GOOD, Action.BAD)
CONTROLS = frozenset({Action.STOP, *AFTER})


def looks(platform: Platform) -> list[tuple[Action, ...]]:
    """The controls under each message that stands, from the top."""
    return [each.look.actions for each in platform.messages["c1"] if not each.deleted]


@virtual
async def test_stop_stands_under_the_text_until_the_edit_that_completes_it() -> None:
    platform = Platform(discord_like(controls=CONTROLS))
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, TEXT, seconds=3.0)
        message = platform.messages["c1"][0]
        assert message.look == Presentation("turn", STOP, streaming=True)
        await reply.finish(TEXT, (*AFTER, Action.CONTINUE))
    assert message.look == Presentation("turn", AFTER, streaming=False)
    assert message.text == TEXT.strip()


@virtual
async def test_only_the_newest_message_can_be_stopped_and_only_the_last_has_controls() -> None:
    platform = Platform(discord_like(controls=CONTROLS))
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, LONG, seconds=20.0)
        await LoopClock().sleep(10.0)
        *earlier, newest = looks(platform)
        assert earlier
        assert newest == STOP
        # One that was full before the next was begun waits for the end; it gets no call of its own.
        assert earlier.count(()) >= len(earlier) // 2
        await reply.finish(LONG, AFTER)
    *earlier, last = looks(platform)
    assert last == AFTER
    assert set(earlier) == {()}


@virtual
async def test_a_text_that_stands_already_is_written_once_more_for_its_controls() -> None:
    platform = Platform(unlimited(controls=CONTROLS))
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show(TEXT)
        await LoopClock().sleep(5.0)
        assert platform.messages["c1"][0].text == TEXT.strip()
        await reply.finish(TEXT, AFTER)
    assert looks(platform) == [AFTER]


@virtual
async def test_where_nothing_can_be_shown_looks_cost_no_call() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show(TEXT)
        await LoopClock().sleep(5.0)
        await reply.finish(TEXT, AFTER)
    assert platform.messages["c1"][0].look == PLAIN
    assert (platform.count("post"), platform.count("edit")) == (1, 0)


@virtual
async def test_the_end_of_a_stream_is_told_also_without_controls() -> None:
    platform = Platform(unlimited(streams=True))
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show(TEXT)
        await LoopClock().sleep(5.0)
        assert platform.messages["c1"][0].look == Presentation("turn", (), streaming=True)
        await reply.finish(TEXT, AFTER)
    assert platform.messages["c1"][0].look == Presentation("turn", (), streaming=False)


@virtual
async def test_a_whole_text_is_not_posted_anew_for_controls_that_are_refused() -> None:
    platform = Platform(unlimited(controls=CONTROLS))
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show(TEXT)
        await LoopClock().sleep(5.0)
        platform.faults.append(Fault("edit", PlatformError("no")))
        refs = await reply.finish(TEXT, AFTER)
    assert len(refs) == 1
    assert platform.standing("c1") == [TEXT.strip()]
    assert reply.figures.reposted == 0
