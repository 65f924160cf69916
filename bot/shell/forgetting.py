"""`bobbin forget`: a conversation, or what somebody said and had remembered."""

from __future__ import annotations

import sys

from bot.assembly.memory import memory_service
from bot.assembly.store import open_threads
from bot.chat import ThreadKey
from bot.settings import Settings
from bot.shell.command import Typed
from bot.shell.configured import configured
from bot.shell.persons import forget_memories
from bot.storage.departures import forget_everywhere, parse_person
from bot.timing import BRIEF


async def run(typed: Typed) -> int:
    """Erase it."""
    return await forget(configured(typed), typed.arguments.thread, typed.arguments.user)


async def forget(settings: Settings, name: str | None, user: str | None) -> int:
    """Erase a conversation or what is a person's, and print how much it was.

    Args:
        settings: What was configured.
        name: platform:space:channel:thread; None where a person is named.
        user: platform:space:id, with * as space wherever they have written.

    Returns:
        The exit code: 1 where there was nothing, 2 where a name cannot be read.

    Raises StoreError.
    """
    try:
        thread = ThreadKey.parse(name) if name else None
        person = parse_person(user) if user else None
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    async with open_threads(settings, BRIEF) as threads:
        memories = memory_service(settings, threads)
        if thread is not None:
            gone = await memories.forget_thread(thread)
            messages = (await threads.forget(thread)).messages
            where = ""
        else:
            assert person is not None
            gone = await forget_memories(memories, threads.memories().scopes, *person)
            found = await forget_everywhere(threads, *person)
            messages = sum(struck.entries + struck.mail for struck in found)
            where = f" from {len(found)} conversation(s)"
    print(f"{messages} message(s){f' and {gone} memories' if gone else ''} erased{where}")
    return 0 if messages or gone else 1
