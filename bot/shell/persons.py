"""Forgetting what is remembered of somebody who is named as conversations name them."""

from __future__ import annotations

from bot.memories import EVERY_SPACE, Person
from bot.memory.port import Memories
from bot.shell.opened import Scopes

ANY_SPACE = "*"


async def forget_memories(
    memories: Memories, scopes: Scopes, platform: str, space: str, user: str
) -> int:
    """Remove somebody's memories of one space, or with "*" all of them; imports go along.

    Whether an id is the platform's or the space's is not known here; both are looked for.

    Returns:
        How many memories there were. Raises StoreError.
    """
    if space != ANY_SPACE:
        gone = await memories.forget_person(Person(platform, space, user))
        return gone + await memories.forget_person(Person(platform, EVERY_SPACE, user), space)
    spaces = {scope.space async for scope in scopes() if scope.platform == platform}
    persons = [Person(platform, each, user) for each in sorted({*spaces, EVERY_SPACE})]
    return sum([await memories.forget_person(each) for each in persons])
