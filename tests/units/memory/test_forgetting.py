"""After something was forgotten no key and no value in Redis holds a word of it."""

from __future__ import annotations

from bot.chat import ThreadKey
from bot.credentials import Credential
from bot.memories import Person, Scope, Wrote
from bot.memory import sentences
from bot.memory.port import Change
from tests.units.memory.parts import ADA, BEN, CHANNEL, THREAD, WORKSPACE, Parts, there

OWN = Scope.of_person(ADA)
OTHER = ThreadKey("slack", "T1", "C2", "2.0")
NEAR = ThreadKey("slack", "T1", "C1", "3.0")


async def everywhere(parts: Parts, word: str, thread: ThreadKey, *messages: str) -> None:
    """Have something remembered in every scope of the place; corrected, shared, with vectors."""
    for number, scope in enumerate(there().writable):
        content = f"{word} number {number}"
        written = await parts.add(content, scope=scope, thread=thread, messages=messages)
        assert written.memory is not None
        change = Change(content=f"{content} corrected")
        again = await parts.memories.update(there(), written.memory.id, change, key=f"k{scope}")
        assert again.memory is not None
        await parts.store.put_vectors(scope, "model", {again.memory.id: word.encode()})
        await parts.store.count_use({scope: [again.memory.id]})
    assert await parts.leftovers(word)


async def test_of_a_conversation_nothing_is_left_wherever_it_was_remembered(parts: Parts) -> None:
    await everywhere(parts, "zebra", THREAD)
    kept = await parts.add("a giraffe stays", thread=OTHER)
    assert await parts.memories.forget_thread(THREAD) == 2 * len(there().writable)
    assert await parts.leftovers("zebra", str(THREAD), str(Scope.of_thread(THREAD))) == []
    assert kept.memory is not None
    assert await parts.memories.get(there(), kept.memory.id) == kept.memory
    assert await parts.memories.forget_thread(THREAD) == 0


async def test_of_a_message_nothing_is_left_that_rests_on_it_alone(parts: Parts) -> None:
    await everywhere(parts, "zebra", THREAD, "m17")
    both = (await parts.add("giraffe", thread=THREAD, messages=("m17", "m18"))).memory
    assert both is not None
    assert await parts.memories.forget_messages(THREAD, ["m17"]) == 2 * len(there().writable)
    assert await parts.leftovers("zebra", "m17") == []
    left = await parts.memories.get(there(), both.id)
    assert left is not None and left.source.message_ids == ("m18",)
    assert await parts.memories.forget_messages(THREAD, ["m18"]) == 1
    assert await parts.leftovers("giraffe", "m18") == []


async def test_nothing_is_remembered_any_more_of_a_message_that_is_deleted_meanwhile(
    parts: Parts,
) -> None:
    await parts.memories.forget_messages(THREAD, ["m17"])
    late = await parts.add("zebra", thread=THREAD, messages=("m17",))
    assert (late.result, late.why) == (Wrote.REFUSED, sentences.DELETED)
    assert await parts.leftovers("zebra", "m17") == []
    both = (await parts.add("giraffe", thread=THREAD, messages=("m17", "m18"))).memory
    assert both is not None
    left = await parts.memories.get(there(), both.id)
    assert left is not None and left.source.message_ids == ("m18",)


async def test_of_a_message_that_was_edited_one_may_remember_something(parts: Parts) -> None:
    await parts.memories.forget_messages(THREAD, ["m17"], unasked=True)
    written = await parts.add("zebra", thread=THREAD, messages=("m17",))
    assert written.result is Wrote.CREATED


async def test_of_a_person_nothing_is_left(parts: Parts) -> None:
    await everywhere(parts, "zebra", THREAD)
    other = Person("discord", "@", "9")
    await parts.threads.links.issue(ADA, "code")
    await parts.threads.links.redeem(other, "code")
    await parts.threads.links.issue(ADA, "next")
    await parts.threads.tokens.add(Credential("tok_1", "digest", ADA, "laptop", (OWN,)))
    bens = (await parts.add("Ben's giraffe", there(BEN))).memory
    assert bens is not None
    await parts.memories.update(there(ADA, admin=True), bens.id, Change(pinned=True))
    assert await parts.memories.forget_person(ADA) == 2 * len(there().writable)
    assert await parts.leftovers("zebra", ADA.user, "laptop") == []
    assert await parts.memories.get(there(BEN), bens.id) is not None
    assert await parts.threads.links.of(other) == []


async def test_who_leaves_one_server_keeps_what_is_their_own(parts: Parts) -> None:
    ada = Person("discord", "@", "77")
    gone, stays = Scope.of_channel("discord", "G1", "C"), Scope.of_channel("discord", "G2", "C")
    own = Scope.of_person(ada)
    from_all = there()
    for scope in (gone, stays, own):
        grant = type(from_all)(ada, (scope,), (scope,))
        await parts.add(f"zebra of {scope.kind} {scope.space}", grant, scope)
    assert await parts.memories.forget_person(ada, "G1") == 1
    assert await parts.leftovers("zebra of channel G1") == []
    assert await parts.leftovers("zebra of channel G2") != []
    assert await parts.leftovers("zebra of user") != []


async def test_of_a_channel_nothing_is_left(parts: Parts) -> None:
    await everywhere(parts, "zebra", THREAD)
    assert await parts.add("a giraffe stays", scope=WORKSPACE)
    await parts.memories.forget_place("slack", "T1", "C1")
    assert await parts.leftovers("zebra", ":C1:", '"C1"') == []
    assert await parts.leftovers("giraffe") != []


async def test_of_a_workspace_nothing_is_left_not_even_tokens_and_links(parts: Parts) -> None:
    await everywhere(parts, "zebra", THREAD)
    await parts.threads.links.issue(ADA, "code")
    await parts.threads.links.redeem(Person("discord", "@", "9"), "code")
    places = (("slack", "T1", "C1"),)
    token = Credential("tok_1", "digest", ADA, "laptop", (CHANNEL,), channels=places)
    await parts.threads.tokens.add(token)
    await parts.memories.forget_place("slack", "T1")
    assert await parts.leftovers("zebra", ":T1:", '"T1"', ADA.user, "laptop") == []


async def test_a_deleted_memory_is_in_no_key(parts: Parts) -> None:
    written = await parts.add("zebra", thread=THREAD, key="key")
    assert written.memory is not None
    await parts.memories.delete(there(), [written.memory.id], key="other")
    assert await parts.leftovers("zebra", str(THREAD)) == []


async def test_a_conversation_past_its_retention_leaves_what_was_remembered(parts: Parts) -> None:
    await parts.say("zebra crossing", THREAD, "UADA")
    await parts.add("the zebra is remembered", thread=THREAD)
    parts.clock.now += 91 * 86_400
    await parts.threads.sweep()
    await parts.store.sweep()
    assert [each.text.content for each in (await parts.memories.page(there())).memories] == [
        "the zebra is remembered"
    ]


async def test_a_trail_that_leads_nowhere_is_swept(parts: Parts) -> None:
    written = await parts.add("zebra", thread=THREAD)
    assert written.memory is not None
    name = f"{CHANNEL}/mem_{'0' * 26}"
    origin = Scope.of_thread(THREAD)
    for key in await parts.dump():
        if key.endswith(f"{origin}:trail"):
            await parts.client.sadd(key, name)
    await parts.store.sweep()
    assert await parts.leftovers("0" * 26) != [], "it may be on its way in"
    parts.clock.now += 3_601
    await parts.store.sweep()
    assert await parts.leftovers("0" * 26) == []
    assert await parts.leftovers(written.memory.id) != []


async def held_of_zebras(parts: Parts) -> tuple[int, str, str]:
    """Have zebras remembered and spoken of, and look for them.

    Returns how much the process held before, the id of a memory, and that of a message.
    """
    await parts.add("a giraffe stays", thread=NEAR)
    await parts.say("giraffes are tall", NEAR, "UBEN")
    await parts.searching.search(there(), "giraffe zebra")
    before = parts.searching.bytes
    message = await parts.say("the zebra is striped", THREAD, "UADA")
    written = await parts.add("zebras are striped", thread=THREAD, messages=(message,))
    found = await parts.searching.search(there(), "giraffe zebra")
    assert written.memory is not None and len(found) == 4
    assert parts.searching.bytes > before
    return before, written.memory.id, message


async def test_a_process_holds_nothing_of_a_conversation_that_is_forgotten(parts: Parts) -> None:
    before, _, _ = await held_of_zebras(parts)
    await parts.threads.forget(THREAD)
    await parts.memories.forget_thread(THREAD)
    assert parts.searching.bytes == before


async def test_a_process_holds_nothing_of_a_person_who_is_forgotten(parts: Parts) -> None:
    before, _, _ = await held_of_zebras(parts)
    await parts.threads.forget(THREAD)
    await parts.memories.forget_person(ADA)
    assert parts.searching.bytes < before, "she has had the giraffe remembered, too"


async def test_a_process_holds_nothing_of_a_channel_that_is_forgotten(parts: Parts) -> None:
    await held_of_zebras(parts)
    await parts.threads.forget_channel(("slack", "T1", "C1"))
    await parts.memories.forget_place("slack", "T1")
    assert parts.searching.bytes == 0


async def test_a_process_holds_nothing_of_a_message_that_is_deleted(parts: Parts) -> None:
    before, _, message = await held_of_zebras(parts)
    await parts.memories.forget_messages(THREAD, [message])
    await parts.threads.strike(THREAD, [message])
    await parts.memories.let_go(THREAD)
    # The conversation itself is there still, without a word in it.
    assert parts.searching.bytes == before + 500


async def test_a_process_holds_nothing_of_a_memory_that_is_deleted_or_undone(parts: Parts) -> None:
    _, id, _ = await held_of_zebras(parts)
    held = parts.searching.bytes
    await parts.memories.delete(there(), [id])
    gone = parts.searching.bytes
    assert gone < held
    again = await parts.add("zebras are striped", thread=THREAD)
    await parts.searching.search(there(), "zebra")
    assert again.memory is not None and parts.searching.bytes > gone
    await parts.memories.undo(there(), again.memory.id)
    assert parts.searching.bytes == gone
