"""`/memories` and `/recall` with words: what is searched for."""

from __future__ import annotations

from bot.audience import Grant
from bot.chat import Author, CommandCall
from bot.commands.memories import Browsing
from bot.commands.recalling import Recalling
from bot.memories import MemoryText, Source, Via
from bot.memory.port import NewMemory
from bot.memory.searching import MOST_HITS
from tests.units.memory.parts import ADA, CHANNEL, THREAD, Parts, there


class Given:
    """What somebody may do, whoever calls."""

    async def of(self, call: CommandCall) -> Grant:
        return there(ADA)

    async def of_all_said(self, call: CommandCall) -> Grant:
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


async def test_many_memories_hide_nothing_that_was_said(parts: Parts) -> None:
    new = [
        NewMemory(MemoryText(f"the release {number}"), Source(Via.COMMAND), CHANNEL)
        for number in range(MOST_HITS)
    ]
    await parts.memories.add_all(there(), new)
    await parts.say("who was it that wanted to postpone the release?", THREAD, "UADA")
    recalling = Recalling(parts.memories, parts.threads, Given(), {})  # type: ignore[arg-type]
    [entry] = (await recalling.recall(asked("release"))).entries
    assert "who was it that wanted" in entry.text
