"""`MemoryStore`: everything durable about long-term memory."""

from __future__ import annotations

from bot.storage.memories_erasure import MemoryErasure


class MemoryStore(MemoryErasure):
    """The store of memories, shared by any number of processes on one Redis.

    Each scope is by itself: nothing can be asked for without naming scopes. Every write is one
    script in one slot, raises the scope's version, and can be sent twice.

    What was remembered outlives the conversation that it came from when that is past its
    retention, unless it has a time of its own to expire at. What somebody has deleted is another
    thing: the methods that forget take what came from there along, wherever it lies.

    Args:
        link: Sends commands.
        clock: Seconds since the epoch; what expires goes by it.
        new_id: Makes nonces, never the same one twice.
        most: Memories that one scope may hold, of every status; 0 for any number.
        erased: Called after something was erased, which the server's files may still hold.
    """
