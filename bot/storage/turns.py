"""Turns: who may answer in a thread, what they answer, and how it ends."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bot.budgets import day_of
from bot.chat import Incoming, MessageRef, ThreadKey
from bot.records import Entry, Tally
from bot.storage.base import Base
from bot.storage.codec import (
    dump_draft,
    dump_entry,
    dump_incoming,
    dump_leftover,
    load_incoming,
    to_bytes,
    to_text,
)
from bot.storage.connect import Argument
from bot.storage.deletions import marks
from bot.storage.keys import (
    BUCKETS,
    BucketKeys,
    ThreadKeys,
    place_fields,
    place_of,
    usage_field,
)
from bot.storage.leftovers import OWN_MS
from bot.storage.reading import read_mail, read_turn, tally_figures
from bot.storage.types import Begun, Done, Draft, Lease, Leftover, Revised, Signal, Turn
from bot.title import title_of

logger = logging.getLogger(__name__)

PAGE = 100


class Turns(Base):
    """The part of `Threads` that only the engine's turn loop calls."""

    async def begin(self, event: Incoming, *, nonce: str | None = None) -> Turn | Begun:
        """Take a message: drop it, queue it, or start a turn with it.

        An event id is remembered for a day. A message that is not addressed counts only where the
        bot takes part or is just answering; one of another bot only until so many of them have
        come in a row, in the thread or in its channel, that two bots seem to talk. After a silence,
        and where a channel's rules say so, only what is addressed counts. What was written before
        its place was gone counts as taken, for ten minutes. While a turn runs only so
        many wait for the next; what was written a minute ago or longer is taken all the same. A
        caller that tries again after StoreUnavailable passes the same `nonce` again, or it will be
        told DUPLICATE.

        Returns:
            A turn that the caller now has to run, or why there is none.

        Raises:
            StoreUnavailable: Unknown whether it was stored; if it was, the lease runs out.
        """
        thread = event.thread
        loose = event.loose and event.ref.channel == thread.channel
        bucket = ThreadKeys(thread).bucket
        reply = await self._run(
            "begin",
            thread,
            (
                self._new_id(),
                self._worker,
                dump_incoming(event),
                int(event.addressed or event.direct),
                to_bytes(event.author.id),
                to_bytes(title_of(event.topic, event.author.name)),
                event.ref.message if loose else "",
                event.position,
                self._bot_messages if event.author.is_bot else 0,
                to_bytes(event.ref.message),
                round(event.at * 1000),
                self._silence_ms,
                int(event.aside),
                int(event.confined),
                self._most_waiting,
            ),
            nonce=nonce or self._new_id(),
            keys=(
                bucket.event(event.event_id),
                bucket.bots(place_of(thread)),
                bucket.gone(thread.platform, thread.space),
                bucket.gone(*place_of(thread)),
                bucket.gone(*place_of(thread), thread.thread),
            ),
        )
        return _turn_or(Begun, thread, reply)

    async def is_waiting(self, event: Incoming) -> bool:
        """Whether a message waits for a turn that has not begun. Raises StoreUnavailable."""
        queue = ThreadKeys(event.thread).queue
        waiting = await self._link.call("LRANGE", queue, 0, -1)
        return any(load_incoming(raw).event_id == event.event_id for raw in waiting)

    async def is_asked(self, lease: Lease, messages: Collection[str]) -> bool:
        """Whether one of these of a turn's mail stands: it was neither deleted nor forgotten.

        True as well when somebody else has ended the turn meanwhile. Raises StoreUnavailable or
        StoreMismatch.
        """
        keys = ThreadKeys(lease.thread)
        (turn, part), mail = await self._link.batch(
            [("HMGET", keys.meta, "turn", "part"), ("LRANGE", keys.mail, 0, -1)]
        )
        if turn is None or to_text(turn) != lease.turn:
            return part is not None
        return any(load_incoming(raw).ref.message in messages for raw in mail)

    async def renew(self, lease: Lease, draft: Draft | None = None) -> Signal:
        """Keep the lease; `draft`, when given, replaces the one stored.

        Messages of a loose conversation's draft are found by `thread_of` from then on. A holder
        that asks after its lease ran out shows that it is alive: that loss does not count, up to
        fifteen times a turn.

        Raises:
            StoreUnavailable: Unknown whether the lease was kept.
        """
        ids = () if draft is None else _ids_in(lease.thread, draft.refs)
        stored = b"" if draft is None else dump_draft(draft)
        reply = await self._run(
            "renew", lease.thread, (lease.turn, lease.fence, stored, *ids), nonce=self._new_id()
        )
        return Signal(to_text(reply))

    async def commit(
        self,
        lease: Lease,
        entries: Sequence[Entry],
        tally: Tally,
        names: Mapping[str, str],
        *,
        leftovers: Sequence[MessageRef] = (),
        earlier: Sequence[str] = (),
        keep: bool = False,
        revised: int = 0,
        nonce: str | None = None,
    ) -> Turn | Done | Revised:
        """End a turn well.

        The turn's mail gives way to `entries`, which get the next numbers of the log; `tally` is
        added to the thread's and to today's figures of the user whose message was the last of
        them; `names` are added to the known ones. From now on the bot takes part. `leftovers` are
        messages of the reply that the caller deletes now; what it does not get done is found by
        `due_leftovers` a little later. `earlier` are ids of messages that `entries` hold and that
        are none of the mail's: of these the platform was asked. With `keep` the mail stays for a
        day, or until the next turn, so that `begin_again` can ask it once more. `revised` is how
        often what was read had been changed when `entries` were made from it, as `Turn` or
        `Revised` told.

        In a turn with an `answer` that gives way the first of `entries` takes its place; without
        entries that answer stays.

        Returns:
            The next turn when mail waits (the caller has its lease), else IDLE. Nothing was
            changed after LOST, after WITHDRAWN, and after `Revised`, which wants other entries.

        Raises:
            StoreUnavailable: Unknown whether it was stored; call again with the same `nonce`.
        """
        thread = lease.thread
        token = nonce or self._new_id()
        bucket = ThreadKeys(thread).bucket
        user = next((entry.author_id for entry in reversed(entries) if entry.role == "user"), "")
        ids = [to_bytes(message) for entry in entries for message in entry.message_ids]
        named = _flat(names)
        authors = sorted({entry.author_id for entry in entries if entry.author_id})
        left = [Leftover(thread, ref) for ref in leftovers]
        reply = await self._run(
            "commit",
            thread,
            (
                *self._ending(lease),
                usage_field(thread, user),
                *place_fields(thread),
                *tally_figures(tally),
                len(entries),
                len(named),
                len(ids),
                len(authors),
                OWN_MS,
                int(keep),
                revised,
                *map(dump_entry, entries),
                *named,
                *ids,
                *map(to_bytes, authors),
                *map(dump_leftover, left),
            ),
            nonce=token,
            keys=(
                bucket.answer(token),
                bucket.usage(day_of(self._clock())),
                bucket.leftovers,
                *marks(thread, earlier),
            ),
        )
        if reply[0] == b"revised":
            return Revised(read_mail(reply[2]), int(reply[1]))
        return _turn_or(Done, thread, reply)

    async def rollback(self, lease: Lease, *, nonce: str | None = None) -> Turn | Done:
        """End a turn that failed for good: its mail is dropped, the log stays as it was.

        Returns and raises as `commit` does.
        """
        token = nonce or self._new_id()
        reply = await self._run(
            "rollback",
            lease.thread,
            self._ending(lease),
            nonce=token,
            keys=(ThreadKeys(lease.thread).bucket.answer(token),),
        )
        return _turn_or(Done, lease.thread, reply)

    async def park(self, lease: Lease) -> None:
        """Give a lease back at once, mail and draft kept, so that any process can reclaim it.

        The lease is void afterwards. Does nothing when it was lost before. Raises
        StoreUnavailable.
        """
        await self._run("park", lease.thread, (lease.turn, lease.fence), nonce=self._new_id())

    async def unanswered(self, lease: Lease) -> int:
        """How many messages the running turn still has to answer.

        Raises StoreUnavailable or StoreMismatch.
        """
        mail = await self._link.call("LRANGE", ThreadKeys(lease.thread).mail, 0, -1)
        return sum(not load_incoming(raw).aside for raw in mail)

    async def reclaim(self, thread: ThreadKey, *, nonce: str | None = None) -> Turn | None:
        """Take over a turn whose lease has ended.

        It comes with the same mail, its draft, and `attempt` one higher. When its lease has run
        out `max_attempts` times its mail is given up and the next turn, if any, is returned.

        Returns:
            A turn that the caller now has to run, or None: nothing to do, or it is held.

        Raises:
            StoreUnavailable: Unknown whether the lease was taken.
        """
        given_up, reply = await self._run(
            "reclaim",
            thread,
            (self._new_id(), self._worker, self._max_attempts),
            nonce=nonce or self._new_id(),
        )
        if given_up:
            logger.warning(
                "gave up %d message(s) in %s after %d attempts",
                given_up,
                thread,
                self._max_attempts,
            )
        return read_turn(thread, reply) if reply[0] == b"run" else None

    async def stranded(self) -> Sequence[ThreadKey]:
        """Threads whose lease has ended with work left, the longest waiting first in each bucket.

        All of them, since nobody may be hidden behind those that this process cannot answer. Raises
        StoreUnavailable.
        """
        now = await self._link.server_ms()
        threads: list[ThreadKey] = []
        full, start = list(range(BUCKETS)), 0
        while full:
            leases = [BucketKeys(each).leases for each in full]
            found = await self._link.each(leases, "ZRANGEBYSCORE", 0, now, "LIMIT", start, PAGE)
            for bucket, names in zip(full, found, strict=True):
                threads += await self._keys_in(BucketKeys(bucket).leases, names)
            full = [each for each, names in zip(full, found, strict=True) if len(names) == PAGE]
            start += PAGE
        return list(dict.fromkeys(threads))

    async def next_end(self) -> float:
        """Seconds until the lease ends that ends next of those that hold; infinite without any.

        Raises StoreUnavailable.
        """
        now = await self._link.server_ms()
        ends = await self._link.each(
            [BucketKeys(bucket).leases for bucket in range(BUCKETS)],
            *("ZRANGEBYSCORE", f"({now}", "+inf", "WITHSCORES", "LIMIT", 0, 1),
        )
        return min((float(found[1]) - now for found in ends if found), default=math.inf) / 1000

    async def ask_stop(self, thread: ThreadKey, turn: str = "") -> bool:
        """Ask the running turn to stop; its next `renew` says so, also after a take-over.

        Args:
            thread: Where it runs.
            turn: Its id, so that none that came after it is stopped; whichever runs without.

        Returns:
            True if it runs. Raises StoreUnavailable.
        """
        return bool(await self._run("stop", thread, (turn,)))

    def _ending(self, lease: Lease) -> tuple[Argument, ...]:
        return lease.turn, lease.fence, self._new_id(), self._worker


def _turn_or(kind: type[Begun] | type[Done], thread: ThreadKey, reply: Sequence[Any]) -> Any:
    answer = to_text(reply[0])
    return read_turn(thread, reply) if answer == "run" else kind(answer)


def _ids_in(thread: ThreadKey, refs: Sequence[MessageRef]) -> tuple[bytes, ...]:
    """Ids of the messages that are in the thread's parent channel itself."""
    return tuple(to_bytes(ref.message) for ref in refs if ref.channel == thread.channel)


def _flat(names: Mapping[str, str]) -> list[bytes]:
    return [to_bytes(part) for pair in names.items() for part in pair]
