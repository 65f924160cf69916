"""The buttons and thumbs under an answer, used by people on Slack."""

from __future__ import annotations

import pytest

from adapters.slack.manifest import manifest
from tests.contracts.slack_rig import ADDRESS
from tests.flows.acme import Acme, acme, words
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message, User

BEGINNING = "This is only the beginning of it,"
HELD = [BEGINNING, " and this", " is the end."]
AFTER = ["control:regenerate", "control:rating"]


def controls(message: Message) -> list[str]:
    """Action ids under a message, in order."""
    return [
        element["action_id"] for block in message.blocks for element in block.get("elements", ())
    ]


async def press(
    here: Acme, message: Message, who: User, action: str, value: str | None = None
) -> str:
    """Use a control and return what is whispered about it."""
    call = here.sim.click(message, f"control:{action}", who, value=value)
    await call.acked()
    [shown] = await call.responded()
    assert (shown.response_type, shown.replace_original) == ("ephemeral", False)
    assert shown.thread_ts == message.root_ts
    return words(shown)


def thumb(message: Message, rating: str) -> str:
    """The value of a thumb under a message."""
    [row] = [block for block in message.blocks if block["type"] == "context_actions"]
    buttons = row["elements"][0]
    side = "positive_button" if rating == "good" else "negative_button"
    return str(buttons[side]["value"])


async def streaming(here: Acme) -> tuple[Message, Message]:
    """A question, and the answer to it that is being written."""
    here.openai.script.append(Answer(HELD).hold(after=1))
    root = here.ask(here.ada, "tell me")
    await here.until_said(root, BEGINNING)
    [answer] = here.sim.replies(root)
    return root, answer


@pytest.mark.parametrize("url", ["", ADDRESS], ids=["socket", "http"])
async def test_stop_while_it_streams(server: Valkey, url: str) -> None:
    async with acme(server, slack={"manifest": manifest(url)}) as here:
        root, answer = await streaming(here)
        assert controls(answer) == ["control:stop"]
        assert answer.fallback == BEGINNING
        told = await press(here, answer, here.ben, "stop")
        assert told == "Only whoever asked, or an admin, can do that."
        assert here.openai.open_streams == 1
        assert (await press(here, answer, here.ada, "stop")).startswith("Stopping.")
        await here.until_said(root, f"{BEGINNING}\n\n*(stopped)*")
        await here.openai.until(lambda: here.openai.open_streams == 0)
        await here.settled()
        assert controls(answer) == ["control:continue", *AFTER]
        # Stop went with the edit that wrote the last text, not with one of its own.
        assert len(answer.versions) == 2


async def test_an_admin_of_the_workspace_stops_it(server: Valkey) -> None:
    async with acme(server) as here:
        root, answer = await streaming(here)
        boss = here.sim.add_user("Boss", admin=True)
        here.general.members.append(boss.id)
        assert (await press(here, answer, boss, "stop")).startswith("Stopping.")
        await here.until_said(root, f"{BEGINNING}\n\n*(stopped)*")
        await here.settled()


async def test_stop_in_whichever_process_it_is_heard(server: Valkey) -> None:
    async with acme(server) as here:
        other = await here.replica()
        try:
            root, answer = await streaming(here)
            # Each click goes to one of four sockets of two processes.
            assert (await press(here, answer, here.ada, "stop")).startswith("Stopping.")
            await here.until_said(root, f"{BEGINNING}\n\n*(stopped)*")
            await here.settled()
            here.openai.script.append(Answer("Another answer, wherever it comes from."))
            assert await press(here, answer, here.ada, "regenerate") == "I'm answering this anew."
            await here.until_said(root, "Another answer, wherever it comes from.")
            await here.settled()
            assert len(here.openai.chats) == 2
        finally:
            await other.stop()


async def test_regenerate_in_place_and_after_a_restart(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation()
        [answer] = here.sim.replies(root)
        assert controls(answer) == AFTER
        await here.restart()
        here.openai.script.append(Answer("An answer of another kind & <more>."))
        assert await press(here, answer, here.ada, "regenerate") == "I'm answering this anew."
        await here.until_said(root, "An answer of another kind & <more>.")
        await here.settled()
        assert here.sim.replies(root) == [answer]
        assert answer.fallback == "An answer of another kind &amp; &lt;more&gt;."
        assert "Hello Ada, how are you?" not in await here.stored()
        told = await press(here, answer, here.ben, "regenerate")
        assert told == "Only whoever asked, or an admin, can do that."


async def test_thumbs(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation()
        [answer] = here.sim.replies(root)
        good, bad = thumb(answer, "good"), thumb(answer, "bad")
        assert await press(here, answer, here.ben, "rating", good) == "Thank you, I've noted it."
        assert await press(here, answer, here.ben, "rating", good) == (
            "I had noted that already, thank you."
        )
        assert await press(here, answer, here.ben, "rating", bad) == (
            "Thank you, I've changed what I had noted."
        )
        assert (await here.stored()).count("rated:") == 1
        here.say(root, here.ada, "!forget sure")
        await here.sim.until(lambda: bool(here.whispers(here.ada)))
        assert "rated:" not in await here.stored()
        assert await press(here, answer, here.ben, "rating", good) == (
            "I no longer have that answer, so I can't note anything about it."
        )


async def test_a_cut_answer_goes_on(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.append(Answer(["One two three fo"], finish_reason="length"))
        root = here.ask(here.ada, "count")
        await here.sim.until(lambda: any("cut here" in text for text in here.said(root)))
        await here.settled()
        [answer] = here.sim.replies(root)
        here.openai.script.append(Answer("four five six."))
        assert await press(here, answer, here.ada, "continue") == "I'm going on with it."
        await here.until_said(root, "One two three four five six.")
        await here.settled()
        assert controls(answer) == AFTER
        [stored] = [line for line in (await here.stored()).splitlines() if ":log" in line]
        assert stored.count("One two three") == 1
