"""What controls need of the store: who asked, a turn that nobody wrote for, what people think."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import cast

from bot.chat import Incoming, ThreadKey
from bot.records import Entry
from bot.storage.codec import (
    dump_askers,
    dump_draft,
    dump_incoming,
    load_incoming,
    to_bytes,
    to_text,
)
from bot.storage.directory import Directory
from bot.storage.keys import ThreadKeys
from bot.storage.reading import askers_of, read_entries, read_turn
from bot.storage.types import (
    Again,
    Asked,
    Conversation,
    Draft,
    NotAgain,
    Noted,
    Rated,
    Rating,
    Turn,
)

RATED = "rated:"
PAGE = 500
LOOKED_AT = 2000


class Presses(Directory):
    """The part of `Threads` that deals with the controls under answers."""

    async def asked(self, thread: ThreadKey) -> Asked:
        """The turn that runs and who asked for it. Raises StoreUnavailable or StoreMismatch."""
        turn, askers, mail = await self._run("asked", thread)
        events = map(load_incoming, cast(list[bytes], mail))
        return Asked(to_text(turn), askers_of(events, askers)) if turn else Asked()

    async def begin_again(
        self,
        event_id: str,
        seen: Conversation,
        again: Again,
        mail: Sequence[Incoming],
        draft: Draft,
        askers: frozenset[str],
        *,
        nonce: str | None = None,
    ) -> Turn | NotAgain:
        """Begin a turn that somebody asked for with a control.

        Regenerating and continuing replace the last entry of `seen.window`, which has to be an
        answer; a retry asks what is left of what `seen.failed` had been asked.

        Args:
            event_id: Of the click; remembered for a day, as that of a message is.
            seen: The thread as the caller saw it, which it has to be still.
            again: What for.
            mail: See `Turn.again`; one message at least.
            draft: Where the old answer stands, which the new one is written over.
            askers: Who had asked before.
            nonce: Repeat it when trying again after StoreUnavailable.

        Returns:
            A turn that the caller now has to run, or why there is none.

        Raises:
            StoreUnavailable: Unknown whether it was begun; if it was, the lease runs out.
        """
        thread = mail[0].thread
        reply = await self._run(
            "again",
            thread,
            (
                self._new_id(),
                self._worker,
                seen.epoch,
                seen.newest,
                str(again),
                seen.failed if again is Again.RETRY else "",
                dump_draft(draft),
                self._now_ms(),
                dump_askers(askers),
                seen.window[-1].seq if seen.window else 0,
                *map(dump_incoming, mail),
            ),
            nonce=nonce or self._new_id(),
            keys=(ThreadKeys(thread).bucket.event(event_id),),
        )
        answer = to_text(reply[0])
        return read_turn(thread, reply) if answer == "run" else NotAgain(answer)

    async def answer_of(self, thread: ThreadKey, turn: str) -> Entry | None:
        """The answer that a turn gave, if it is among the thread's newest 2,000 entries.

        Raises StoreUnavailable or StoreMismatch.
        """
        keys = ThreadKeys(thread)
        newest = int(await self._link.call("HGET", keys.meta, "seq") or 0)
        for last in range(newest, max(0, newest - LOOKED_AT), -PAGE):
            first = max(1, last - PAGE + 1)
            raw = await self._link.call("HMGET", keys.log, *range(first, last + 1))
            for entry in reversed(read_entries(cast(list[bytes | None], raw), first)):
                if entry.role == "assistant" and entry.turn == turn:
                    return entry
        return None

    async def rate(self, rated: Rated, *, nonce: str | None = None) -> Noted:
        """Keep what somebody thinks of an answer, for as long as its thread is kept.

        Raises StoreUnavailable; call again with the same `nonce`.
        """
        token = nonce or self._new_id()
        reply = await self._run(
            "rate",
            rated.thread,
            (
                rated.turn,
                to_bytes(rated.user),
                str(rated.rating),
                round(rated.at * 1000),
                to_bytes(rated.model),
            ),
            nonce=token,
            keys=(ThreadKeys(rated.thread).bucket.answer(token),),
        )
        return Noted(to_text(reply))

    async def ratings(self, thread: ThreadKey) -> AsyncIterator[Rated]:
        """What people think of the answers in a thread, in no order. Raises StoreUnavailable."""
        met: set[bytes] = set()
        cursor = 0
        while True:
            cursor, pairs = await self._link.call(
                "HSCAN", ThreadKeys(thread).meta, cursor, "MATCH", f"{RATED}*", "COUNT", PAGE
            )
            for field, value in cast(dict[bytes, bytes], pairs).items():
                if field not in met:
                    met.add(field)
                    yield _rated(thread, to_text(field), to_text(value))
            if not int(cursor):
                break


def _rated(thread: ThreadKey, field: str, value: str) -> Rated:
    turn, _, user = field.removeprefix(RATED).partition("|")
    rating, at, model = value.split("|", 2)
    return Rated(thread, turn, user, Rating(rating), int(at) / 1000, model)
