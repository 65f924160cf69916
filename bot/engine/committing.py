"""Ending a turn in the store: with what was asked and answered, or as if it had not been."""

from __future__ import annotations

from collections.abc import Mapping

from bot.engine.desk import Desk
from bot.engine.revising import Withdrawn, as_they_read_now
from bot.records import Entry, Tally
from bot.reply.progressive import ProgressiveReply
from bot.storage.patience import patiently
from bot.storage.types import Done, Revised, Turn


class Committing:
    """Commits one turn, or rolls it back; patient with a store that is away.

    Args:
        desk: What every turn uses.
        turn: The turn.
        names: Those who take part, by id, as far as they are known when it is committed.
        reply: What was written; it is disowned when somebody else has the turn.
    """

    def __init__(
        self, desk: Desk, turn: Turn, names: Mapping[str, str], reply: ProgressiveReply
    ) -> None:
        self._desk = desk
        self._lease = turn.lease
        self._revised = turn.revised
        self._mail = frozenset(event.ref.message for event in turn.mail)
        self._known = turn.names
        self._names = names
        self._reply = reply

    async def commit(
        self, entries: tuple[Entry, ...], tally: Tally, *, keep: bool = False
    ) -> Turn | Done:
        """Append to the log and count; the next turn, or why there is none.

        Messages that were edited meanwhile are committed as they read now. With `keep` the bot
        takes part from now on, whether or not anything was appended.

        Raises:
            StoreUnavailable: The store stayed away.
            Withdrawn: A message that the answer is made from is gone.
        """
        figures = Tally(turns=int(bool(entries))) + tally
        nonce = self._desk.new_id()
        left = self._reply.leftovers
        earlier = [
            message
            for entry in entries
            if entry.role == "context"
            for message in entry.message_ids
            if message not in self._mail
        ]
        # Who is known already may have been forgotten since.
        names = {id: name for id, name in self._names.items() if self._known.get(id) != name}
        with self._desk.tracer.span("commit", {"entries": len(entries)}):
            after = await patiently(
                lambda: self._desk.threads.commit(
                    self._lease,
                    entries,
                    figures,
                    names,
                    leftovers=left,
                    earlier=earlier,
                    keep=keep,
                    revised=self._revised,
                    nonce=nonce,
                ),
                self._desk.store_patience_seconds,
            )
        if isinstance(after, Revised):
            self._revised = after.revised
            renewed = await as_they_read_now(entries, after.mail, self._desk.tokenizer)
            return await self.commit(renewed, tally, keep=keep)
        if after is Done.WITHDRAWN:
            raise Withdrawn
        if after is Done.LOST:
            self._reply.disown()
        return after

    async def rollback(self) -> Turn | Done:
        """Leave the history as it was before the turn; the next one, or why there is none.

        Raises StoreUnavailable.
        """
        nonce = self._desk.new_id()
        return await patiently(
            lambda: self._desk.threads.rollback(self._lease, nonce=nonce),
            self._desk.store_patience_seconds,
        )
