"""`/memories` with words: what is searched for."""

from __future__ import annotations

from bot.audience import Grant
from bot.chat import Author, CommandCall
from bot.commands.memories import Browsing
from tests.units.memory.parts import ADA, THREAD, Parts, there


class Given:
    """What somebody may do, whoever calls."""

    async def of(self, call: CommandCall) -> Grant:
        return there(ADA)


def asked(query: str) -> CommandCall:
    author = Author("UADA", "Ada")
    return CommandCall(
        "e1", "slack", "T1", "C1", author, "memories", options={"query": query}, thread=THREAD
    )


async def test_a_long_question_is_searched_whole_and_with_its_tag(parts: Parts) -> None:
    await parts.add("payment gateway belongs to Ada", tags=("ops",))
    await parts.add("the payment gateway of the end is Ben", tags=("hr",))
    browsing = Browsing(parts.memories, Given())  # type: ignore[arg-type]
    query = "what did we decide in the end about the payment gateway #ops"
    reply = await browsing.memories(asked(query))
    [entry] = reply.entries
    assert "belongs to Ada" in entry.text
