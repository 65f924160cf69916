"""Messages of one thread that overtake each other on their way."""

from __future__ import annotations

import pytest

from tests.flows.acme import Acme, acme
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."


def kept(here: Acme, message: Message) -> bool:
    """Whether its event was acknowledged, which is to say stored."""
    return any(
        each.ack is not None
        for each in here.sim.envelopes
        if each.payload["event"].get("ts") == message.ts
    )


async def test_they_are_answered_in_the_order_in_which_they_were_written(server: Valkey) -> None:
    """Slack's first try to deliver Ben's message fails, so that Ada's later one is kept first."""
    async with acme(server) as here:
        held = Answer([BEGINNING, " and this is the end."]).hold(after=1)
        here.openai.script.extend([held, Answer("To all of you.")])
        root = here.ask(here.ada, "tell me")
        await here.until_said(root, BEGINNING)
        first = here.say(root, here.ben, "one", deliver=False)
        last = here.say(root, here.ada, "two")
        await here.sim.until(lambda: kept(here, last))
        here.sim.redeliver(first)
        await here.sim.until(lambda: kept(here, first))
        held.release_all()
        await here.until_said(root, WHOLE, "To all of you.")
        people = here.openai.chats[1].texts("user")
        assert [line.split("\n")[0] for line in people] == ["Ada: tell me", "Ben: one", "Ada: two"]


@pytest.mark.parametrize("again", [1, 2, 3])
async def test_a_first_message_that_comes_last_is_not_lost(server: Valkey, again: int) -> None:
    """What is older than what was answered already is answered all the same, once."""
    async with acme(server) as here:
        root = await here.conversation("hello", "Hello.")
        first = here.say(root, here.ben, "one", deliver=False)
        here.openai.script.extend([Answer("To two."), Answer("To one.")])
        last = here.say(root, here.ada, "two")
        await here.until_said(root, "Hello.", "To two.")
        here.sim.redeliver(first)
        await here.until_said(root, "Hello.", "To two.", "To one.")
        for message in (last, first):
            here.sim.redeliver(message, again)
        await here.sim.settled()
        await here.settled()
        assert here.said(root) == ["Hello.", "To two.", "To one."]
        assert len(here.openai.chats) == 3
        asked = [chat.last_user_text.split("\n")[0] for chat in here.openai.chats]
        assert asked == ["Ada: hello", "Ada: two", "Ben: one"]
