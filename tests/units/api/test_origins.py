"""Where a memory came from is told to those who read the place, and to nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat import ThreadKey
from bot.memories import Memory, MemoryText, Person, Scope, ScopeKind, Source, Via
from bot.memory.port import NewMemory
from bot.memory.rights import without_origin
from tests.units.api.site import Site, grant_in, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")

DIRECT = ThreadKey("discord", "@me", "direct-message", "direct-message")


async def test_what_is_for_all_names_no_direct_message(site: Site) -> None:
    """Somebody has remembered it for the whole server, and said so in a direct message."""
    place = somebody("origins")
    ben = replace(place, alone=Person("discord", "@", "ben"))
    workspace = Scope.of_workspace("discord", "origins")
    source = Source(Via.COMMAND, thread=DIRECT, message_ids=("message-said",))
    new = NewMemory(MemoryText("the loom is crimson"), source, workspace)
    memory = (await site.memories.add(grant_in(place), new)).memory
    assert memory is not None
    async with site.http((await site.token(ben)).token) as http:
        one = await http.get(f"/v1/memory/{memory.id}")
        found = await http.post("/v1/memory/search", json={"query": "loom"})
        told = [one, found, await http.get("/v1/memory"), await http.get("/v1/memory/export")]
    for answer in told:
        assert "crimson" in answer.text
        assert "direct-message" not in answer.text and "message-said" not in answer.text
    assert one.json()["source"]["author"] == str(place.alone)
    # It is known to the store: what is erased with the conversation is erased.
    assert await site.memories.forget_thread(DIRECT) == 1


async def test_what_is_told_of_where_it_was_said_is_known_to_its_readers() -> None:
    thread = ThreadKey("slack", "T1", "C1", "1.0")
    source = Source(Via.TOOL, Person("slack", "T1", "U1"), thread, ("m1",))
    inside = (
        Scope.of_thread(thread),
        Scope.of_channel("slack", "T1", "C1"),
        Scope.of_person(Person("slack", "T1", "U1")),
        Scope.of_direct("slack", "T1", "U1"),
    )
    outside = (
        Scope.of_workspace("slack", "T1"),
        Scope.of_channel("slack", "T1", "C2"),
        Scope.of_thread(replace(thread, thread="2.0")),
    )
    for scope in (*inside, *outside):
        for confined in (False, True):
            said = replace(source, confined=confined)
            memory = Memory("mem_1", MemoryText("x"), scope, said)
            shown = without_origin(memory)
            if scope in inside and not (confined and scope.kind is ScopeKind.CHANNEL):
                assert shown == memory
            else:
                assert shown == replace(memory, source=Source(Via.TOOL, source.author))
