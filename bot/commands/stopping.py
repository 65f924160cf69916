"""Ending the answer that is being written, by a command or a control, in whichever process."""

from __future__ import annotations

from enum import StrEnum

from bot.chat import Author, ThreadKey
from bot.engine.running import Ending, Running
from bot.errors import StoreUnavailable
from bot.storage.threads import Threads


class Stopped(StrEnum):
    """What came of a wish to stop."""

    STOPPING = "stopping"
    NOT_RUNNING = "not running"
    NOT_ASKED = "not asked"
    """It runs, but this person neither asked for it nor is an admin."""


async def stop(
    threads: Threads, running: Running, thread: ThreadKey, author: Author, turn: str = ""
) -> Stopped:
    """End a turn if `author` may: whoever asked for it, or an admin.

    At once if it runs in this process, also when the store is away; elsewhere the next renewal of
    its lease carries the word.

    Args:
        threads: The store.
        running: Turns of this process.
        thread: Where it runs.
        author: Who wants it to end.
        turn: Its id; empty for whichever runs.

    Raises:
        StoreUnavailable: It does not run here, and nobody else could be told.
    """
    here = running.asked(thread)
    mine = bool(here.turn) and turn in ("", here.turn)
    asked = here if mine else await threads.asked(thread)
    if not asked.turn or turn not in ("", asked.turn):
        return Stopped.NOT_RUNNING
    if author.id not in asked.askers and not author.is_admin:
        return Stopped.NOT_ASKED
    running.end(thread, Ending.STOPPED, asked.turn)
    try:
        await threads.ask_stop(thread, asked.turn)
    except StoreUnavailable:
        if not mine:
            raise
    return Stopped.STOPPING
