"""Every operation of long-term memory's store, for tests of what it runs on."""

from __future__ import annotations

from bot.chat import ThreadKey
from bot.credentials import Credential
from bot.links import Linked, Linking
from bot.memories import Memory, MemoryText, Person, Scope, Source, Via
from bot.storage.links import StoredLinks
from bot.storage.memories import MemoryStore
from bot.storage.memories_writing import Actor, Answer, Outcome, Step
from bot.storage.tokens import StoredCredentials

ADA = Person("slack", "T", "u1")
THREAD = ThreadKey("slack", "T", "C", "1.1")
CHANNEL = Scope.of_channel("slack", "T", "C")
SCOPES = (Scope.of_thread(THREAD), CHANNEL, Scope.of_person(ADA))
BY_ADA = Actor(str(ADA), Via.COMMAND)


def _memory(scope: Scope, number: int) -> Memory:
    source = Source(Via.COMMAND, ADA, THREAD, ("m1",))
    return Memory(f"mem_{number}", MemoryText(f"fact {number}", expires_at=2e9), scope, source)


async def every_memory_operation(store: MemoryStore) -> None:
    """Each operation once, on three scopes."""
    for number, scope in enumerate(SCOPES):
        kept = _memory(scope, number)
        step = Step("add", kept, f"digest{number}", "add")
        for _ in range(2):
            assert await store.write(scope, [step], BY_ADA, key="k") == [
                Outcome(Answer.DONE, kept.id)
            ]
        assert (await store.changes(scope)).changed == (kept,)
        await store.count_use({scope: [kept.id]})
        assert await store.put_vectors(scope, "mini", {kept.id: b"v"}) == 1
        assert await store.vectors(scope, "mini") == {kept.id: b"v"}
        [line] = await store.audit(scope)
        assert line["what"] == "add"
    assert all(await store.versions(SCOPES))
    assert await store.counts(SCOPES) == [1, 1, 1]
    assert len((await store.after(SCOPES))[0]) == 3
    assert len((await store.after(SCOPES, oldest=True))[0]) == 3
    assert {scope async for scope in store.scopes()} == set(SCOPES)
    assert await store.sweep() == 0
    assert await store.forget_messages(THREAD, ["m1"]) == 3
    assert await store.forget_thread(THREAD) == 0
    assert await store.forget_person(ADA) == 0
    assert await store.forget_place("slack", "T") == 0
    assert [scope async for scope in store.scopes()] == []


async def linking_and_tokens(links: StoredLinks, tokens: StoredCredentials) -> None:
    """Each operation of both once."""
    other = Person("discord", "@", "u2")
    for code in ("old", "new"):
        await links.issue(ADA, code)
    assert await links.redeem(other, "no such code") == Linked(Linking.UNKNOWN)
    assert await links.redeem(other, "new") == Linked(Linking.LINKED, ADA)
    assert await links.of(other) == [ADA]
    await links.forget("slack", "T")
    assert not await links.unlink(other)
    token = Credential("tok_1", "digest", ADA, "laptop", SCOPES)
    assert await tokens.add(token)
    await tokens.used(token)
    assert await tokens.find("digest") is not None
    assert len(await tokens.of(ADA)) == len(await tokens.everyone()) == 1
    assert await tokens.forget("slack", "T", "C") == 0
    assert await tokens.revoke("tok_1") is not None
    assert await tokens.revoke_all(ADA) == 0
    await tokens.sweep()
