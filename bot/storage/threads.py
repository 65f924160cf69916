"""`Threads`: everything durable about conversations."""

from __future__ import annotations

from bot.storage.departures import Departures
from bot.storage.leftovers import Leftovers
from bot.storage.links import StoredLinks
from bot.storage.memories import MemoryStore
from bot.storage.presses import Presses
from bot.storage.spoken import Spoken
from bot.storage.tokens import StoredCredentials
from bot.storage.turns import Turns


class Threads(Turns, Leftovers, Departures, Presses, Spoken):
    """The store of conversations, shared by any number of processes on one Redis.

    One lease per thread decides who answers. It is measured by the server's own clock, so the
    clocks of the bot's processes need not agree; `clock` serves for what people see and for
    retention, where seconds do not matter.

    Every write is one script and carries a nonce, so that sending it twice does what sending it
    once does and gives the same answer. All keys of a script lie in one slot.

    Args:
        client: From `open_redis`; stays the caller's to close.
        worker: This process, for people looking into the store.
        clock: Seconds since the epoch.
        new_id: Makes ids of turns and nonces, at most 25 characters of [a-z0-9], never the same
            one twice over all processes.
        lease_seconds: A holder that stays silent so long has lost its turn.
        retention_days: A thread is deleted so long after its last write.
        import_retention_days: One that a person brought from elsewhere so long after it came; 0 for
            never.
        silence_hours: After so long a silence a thread is heard only when it addresses the bot; 0
            for never. What is set for a channel counts more.
        max_attempts: A turn is given up when its lease has run out so often.
        bot_messages: So many messages of other bots in a row are taken in one thread, and in all of
            one channel within an hour of each other.
        most_waiting: So many messages wait for the next turn of a thread at most.
        erased: Called after something was erased, which the server's files may still hold.
        waits: How patient to be with Redis.
        observe: Told of every operation; see `bot.storage.connect.Observe`.
    """

    def memories(self, most: int = 0) -> MemoryStore:
        """The store of memories on the same Redis; see `MemoryStore` for `most`."""
        return MemoryStore(
            self._link, clock=self._clock, new_id=self._new_id, most=most, erased=self._erased
        )

    @property
    def links(self) -> StoredLinks:
        """Which accounts belong to one person."""
        return StoredLinks(self._link, self._new_id)

    @property
    def tokens(self) -> StoredCredentials:
        """Tokens by which other programs use memories."""
        return StoredCredentials(self._link, self._clock)
