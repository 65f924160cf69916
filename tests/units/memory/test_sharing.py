"""A shared copy stands by itself: it tells nothing of where it came from, and stays."""

from __future__ import annotations

from bot.chat import ThreadKey
from bot.memories import Memory, MemoryText, Scope, Source, Via
from bot.memory.port import NewMemory
from tests.units.memory.parts import ADA, BEN, CHANNEL, Parts, there

DIRECT = ThreadKey("slack", "T1", "D77", "D77")
OWN = Scope.of_person(ADA)


async def shared(parts: Parts) -> tuple[Memory, Memory]:
    """What Ada said in a direct message, and the copy for her channel."""
    source = Source(Via.TOOL, thread=DIRECT, message_ids=("m77",))
    new = NewMemory(MemoryText("we deploy on Thursdays", tags=("ops",)), source, OWN)
    own = (await parts.memories.add(there(), new)).memory
    assert own is not None
    copy = (await parts.memories.share(there(), own.id, CHANNEL)).memory
    assert copy is not None
    return own, copy


async def test_a_copy_says_who_shared_it_and_nothing_of_the_direct_message(parts: Parts) -> None:
    own, copy = await shared(parts)
    seen = await parts.memories.get(there(BEN), copy.id)
    assert seen is not None and seen.source == Source(Via.COMMAND, ADA)
    assert seen.text == own.text and seen.scope == CHANNEL
    named = await parts.leftovers("D77", "m77")
    assert all(copy.id not in each for each in named)


async def test_a_copy_stays_when_the_message_or_the_conversation_goes(parts: Parts) -> None:
    own, copy = await shared(parts)
    assert await parts.memories.forget_messages(DIRECT, ["m77"]) == 1
    assert await parts.memories.get(there(), own.id) is None
    await parts.memories.forget_thread(DIRECT)
    page = await parts.memories.page(there(BEN))
    assert [each.id for each in page.memories] == [copy.id]


async def test_a_copy_goes_with_everything_of_who_shared_it(parts: Parts) -> None:
    await shared(parts)
    await parts.memories.forget_person(ADA)
    assert not await parts.leftovers("Thursdays", "UADA")
