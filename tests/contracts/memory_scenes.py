"""For every script of memories, links and tokens a scene in which there is trouble with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.credentials import MOST_TOKENS, Credential
from bot.memories import Memory, MemoryText, Person, Scope, Source, Via
from bot.storage.memories import MemoryStore
from bot.storage.memories_writing import Actor, Outcome, Step, next_version
from bot.storage.threads import Threads
from tests.units.storage.samples import THREAD, talk

Trouble = Callable[[], Awaitable[None]]

ADA = Person("discord", "@", "u1")
BEN = Person("slack", "T", "u2")
CEM = Person("slack", "U", "u3")
CHANNEL = Scope.of_channel("discord", "g1", "c1")
OWN = Scope.of_person(ADA)
BY_ADA = Actor(str(ADA), Via.COMMAND)


def _memory(number: int, scope: Scope = CHANNEL, source: Source | None = None) -> Memory:
    text = MemoryText(f"fact {number}", expires_at=2e9)
    return Memory(f"mem_{number}", text, scope, source or Source(Via.COMMAND, ADA))


async def _put(store: MemoryStore, *new: Memory) -> list[Outcome]:
    steps = [Step("add", each, each.text.content.replace(" ", "-"), "add") for each in new]
    return list(await store.write(new[0].scope, steps, BY_ADA))


async def _held(store: MemoryStore, scope: Scope) -> object:
    changes = await store.changes(scope)
    return changes.changed, changes.gone, changes.whole


async def _memorise(threads: Threads, trouble: Trouble) -> object:
    store = threads.memories(2)
    answers: list[object] = []
    await trouble()
    answers.append(await _put(store, _memory(1), _memory(2), _memory(3)))
    changed = next_version(_memory(1), text=MemoryText("another"))
    steps = [
        Step("set", changed, "another", "update", version=1),
        Step("remove", _memory(2), word="delete"),
    ]
    for together in (True, False):
        await trouble()
        answers.append(await store.write(CHANNEL, steps, BY_ADA, together=together))
    again = [replace(steps[1], memory=changed, version=2)]
    for _ in range(2):
        await trouble()
        answers.append(await store.write(CHANNEL, again, BY_ADA, key="k"))
    return answers, await _held(store, CHANNEL)


async def _unmemorise(threads: Threads, trouble: Trouble) -> object:
    store = threads.memories()
    said = Source(Via.COMMAND, ADA, THREAD, ("m1", "m2"))
    await _put(store, _memory(1), _memory(2, source=said), _memory(3))
    gone: list[int] = []
    for messages in (["m1"], ["m2"]):
        await trouble()
        gone.append(await store.forget_messages(THREAD, messages))
    return gone, await _held(store, CHANNEL)


async def _read_changes(threads: Threads, trouble: Trouble) -> object:
    store = threads.memories()
    await _put(store, _memory(1), _memory(2))
    await trouble()
    return await _held(store, CHANNEL)


async def _use_memories(threads: Threads, trouble: Trouble) -> object:
    store = threads.memories()
    await _put(store, _memory(1), _memory(2))
    for ids in (["mem_1", "mem_2", "mem_9"], ["mem_1"]):
        await trouble()
        await store.count_use({CHANNEL: ids})
    return [found and found.uses for found in await store.find([CHANNEL], ["mem_1", "mem_2"])]


async def _vectors(threads: Threads, trouble: Trouble) -> object:
    store = threads.memories()
    await _put(store, _memory(1))
    await trouble()
    kept = await store.put_vectors(CHANNEL, "mini", {"mem_1": b"one", "mem_9": b"none"})
    return kept, await store.vectors(CHANNEL, "mini")


async def _vectorise(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    mark = (await threads.marks([THREAD]))[THREAD]
    await trouble()
    kept = await threads.put_turn_vectors(THREAD, mark, "mini", {1: b"one", 9: b"none"})
    return kept, await threads.turn_vectors("mini", {THREAD: [1, 9]})


async def _trail(threads: Threads, trouble: Trouble) -> object:
    store = threads.memories()
    await trouble()
    return await _put(store, _memory(1, OWN, Source(Via.COMMAND, ADA, THREAD, ("m1",))))


async def _erase_scope(threads: Threads, trouble: Trouble) -> object:
    store = threads.memories()
    await _put(store, _memory(1), _memory(2))
    await trouble()
    # How many there were is not told again; that they are gone is what matters.
    await store.forget_place("discord", "g1")
    return await _held(store, CHANNEL)


async def _issue_code(threads: Threads, trouble: Trouble) -> object:
    for code in ("old", "new"):
        await trouble()
        await threads.links.issue(ADA, code)
    return await threads.links.redeem(BEN, "old"), await threads.links.redeem(BEN, "new")


async def _link_accounts(threads: Threads, trouble: Trouble) -> object:
    answers: list[object] = []
    for person, code in ((BEN, "one"), (CEM, "two"), (ADA, "three")):
        await threads.links.issue(ADA, code)
        await trouble()
        answers.append(await threads.links.redeem(person, code))
    await trouble()
    answers.append(await threads.links.redeem(BEN, "no such code"))
    return answers, await threads.links.of(CEM)


async def _unlink_account(threads: Threads, trouble: Trouble) -> object:
    for person, code in ((BEN, "one"), (CEM, "two")):
        await threads.links.issue(ADA, code)
        await threads.links.redeem(person, code)
    await threads.links.issue(ADA, "three")
    await trouble()
    # Whether he was linked is not told again; that he is not is what matters.
    await threads.links.unlink(ADA)
    return [await threads.links.of(person) for person in (ADA, BEN, CEM)]


def _token(number: int) -> Credential:
    return Credential(f"tok_{number}", f"digest{number}", ADA, "laptop", (CHANNEL, OWN))


async def _add_token(threads: Threads, trouble: Trouble) -> object:
    answers: list[object] = []
    for number in range(MOST_TOKENS + 1):
        if number in (0, MOST_TOKENS - 1, MOST_TOKENS):
            await trouble()
        answers.append(await threads.tokens.add(_token(number)))
    return answers, len(await threads.tokens.of(ADA)), await threads.tokens.find("digest1")


async def _narrow_token(threads: Threads, trouble: Trouble) -> object:
    await threads.tokens.add(_token(1))
    await trouble()
    changed = await threads.tokens.shut_out(ADA, ("discord", "g1", "c1"))
    found = await threads.tokens.find("digest1")
    assert found is not None and found.readable == (OWN,)
    return changed, found


async def _use_token(threads: Threads, trouble: Trouble) -> object:
    await threads.tokens.add(_token(1))
    await trouble()
    await threads.tokens.used(_token(1))
    return await threads.tokens.find("digest1")


async def _end_token(threads: Threads, trouble: Trouble) -> object:
    await threads.tokens.add(_token(1))
    await threads.tokens.used(_token(1))
    await trouble()
    await threads.tokens.revoke("tok_1")
    return await threads.tokens.of(ADA)


MEMORY_SCENES: Mapping[str, Callable[[Threads, Trouble], Awaitable[object]]] = {
    "add_token": _add_token,
    "end_token": _end_token,
    "erase_scope": _erase_scope,
    "issue_code": _issue_code,
    "link_accounts": _link_accounts,
    "memorise": _memorise,
    "narrow_token": _narrow_token,
    "read_changes": _read_changes,
    "trail": _trail,
    "unlink_account": _unlink_account,
    "unmemorise": _unmemorise,
    "use_memories": _use_memories,
    "use_token": _use_token,
    "vectorise": _vectorise,
    "vectors": _vectors,
}
