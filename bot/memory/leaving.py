"""Forgetting somebody of whom only the id is known, as an operator does."""

from __future__ import annotations

from bot.memories import EVERY_SPACE, Person
from bot.storage.departures import EVERY_SPACE as ANY_SPACE
from bot.storage.threads import Threads


async def forget_memories_of(threads: Threads, platform: str, space: str, user: str) -> int:
    """Remove the memories of a user in one space, or with "*" in every one; safe to repeat.

    Where the id is of the space alone, and with "*" anyway, links to other accounts and tokens end,
    too.

    Returns:
        How many memories. Raises StoreUnavailable or StoreMismatch.
    """
    store = threads.memories()
    if space == ANY_SPACE:
        spaces = {each.space async for each in store.scopes() if each.platform == platform}
        whole = [Person(platform, each, user) for each in sorted({EVERY_SPACE, *spaces})]
        gone = 0
    else:
        whole = [Person(platform, space, user)]
        gone = await store.forget_person(Person(platform, EVERY_SPACE, user), space)
    for person in whole:
        gone += await store.forget_person(person)
        await threads.links.unlink(person)
        await threads.tokens.revoke_all(person)
    return gone
