"""What people change afterwards: edits and deletions, in the log and in waiting mail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.chat import Incoming, ThreadKey
from bot.errors import StoreMismatch
from bot.records import Entry
from bot.storage.codec import (
    dump_entry,
    dump_incoming,
    load_entry,
    load_incoming,
    to_bytes,
    to_text,
)
from bot.storage.connect import Argument, Command
from bot.storage.deletions import marks
from bot.storage.keys import BucketKeys, Place, ThreadKeys, of_place
from bot.storage.log import Log
from bot.storage.reading import read_entries
from bot.storage.scripts import SCRIPTS
from bot.storage.types import Amended, Struck
from bot.title import title_of

BATCH = 500

STRUCK_AT_ONCE = 250
"""Entries that one call takes out of a thread, so that it does not hold up others' for long."""

STRANGER_SECONDS = 600

TRIES = 10
"""How often an edit is tried while others change the same message."""

Reword = Callable[[Entry, Incoming], Awaitable[Entry]]
"""Gives an entry the words that its message has by now, and their token count."""


async def nothing() -> None:
    """For whoever has nothing to do before."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a message is kept (the list, or the number of the entry), and as what."""

    place: str | int
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Renewed:
    """What is to be kept there; with `others` its words are not those of before."""

    raw: bytes
    others: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """What one call takes out of a thread.

    Attributes:
        messages: Ids of messages that are deleted.
        events: Their event ids, as far as they are known.
        user: Somebody who is taken out, "" for nobody.
        epoch: The thread's, when that person's entries were looked for.
        entries: Numbers of entries that are theirs, or are answers to them.
        last: They have no others, so that their name goes as well.
    """

    messages: Sequence[str] = ()
    events: Sequence[str] = ()
    user: str = ""
    epoch: bytes = b""
    entries: Sequence[int] = ()
    last: bool = False


class Changes(Log):
    """The part of `Threads` that lets history follow the people."""

    async def amend(
        self,
        event: Incoming,
        reword: Reword,
        before: Callable[[], Awaitable[object]] = nothing,
        *,
        elsewhere: bool = True,
    ) -> Amended:
        """Put a message's new words in the place of the old ones, wherever they are kept.

        Words that are older than those kept are passed over. A summary that was made from the old
        ones is dropped, which makes the whole log the window again. A running turn goes on with the
        old ones, and stores the new ones when it commits; also of messages that are unknown, which
        it may have read from the platform.

        Args:
            event: The message as it reads now.
            reword: See `Reword`.
            before: Done first when the words are others; by a process that dies in the middle as
                well, since it has not amended anything yet.
            elsewhere: A turn may read the message though it is unknown here.

        Raises:
            StoreUnavailable: Unknown whether it was done; call again.
            StoreMismatch: What is stored cannot be read.
        """
        for _ in range(TRIES):
            running, kept = await self._kept(event)
            if kept is None:
                if not (running and elsewhere) or await self._note_edit(event):
                    return Amended.UNKNOWN
                continue
            new = await _renewed(kept, event, reword)
            if new is None:
                return Amended.SAME
            if new.others:
                await before()
            label = title_of(event.topic, event.author.name)
            done, unsummarised = await self._run(
                "amend",
                event.thread,
                (
                    kept.place,
                    kept.raw,
                    new.raw,
                    to_bytes(event.ref.message),
                    to_bytes(label),
                    int(new.others),
                ),
            )
            if done and not new.others:
                return Amended.SAME
            if done:
                self._erased()
                return Amended.UNSUMMARISED if unsummarised else Amended.DONE
        return Amended.SAME

    async def _note_edit(self, event: Incoming) -> bool:
        """Note a message that is not stored for the running turn; False when there is none."""
        arguments = ("turn", "", dump_incoming(event), "", "", 0)
        done, _ = await self._run("amend", event.thread, arguments)
        return bool(done)

    async def strike(
        self,
        thread: ThreadKey,
        messages: Sequence[str],
        events: Sequence[str] = (),
        *,
        at_once: int = STRUCK_AT_ONCE,
    ) -> Struck:
        """Take messages out of a thread, with everything that was made from them; safe to repeat.

        An answer goes whole, whichever of its messages is named. A summary that covers one of them
        is dropped, which makes the rest of the log the window again; one that is being made cannot
        be stored any more. A turn that has one of them in view hears WITHDRAWN.

        Args:
            thread: Where they are.
            messages: The platform's ids.
            events: Their event ids, in the same order; none of them is taken in during the next
                day. Where some are not known they are left out.
            at_once: How many messages go with one call to the store.

        Raises:
            StoreUnavailable: It may be done in part; call again.
        """
        await self._index(thread, messages)
        # An event is known no later than its message is gone, or it could come once more.
        pieces = [
            Piece(messages[first : first + at_once], events[first : first + at_once])
            for first in range(0, max(len(messages), len(events)), at_once)
        ]
        return await self._strike(thread, pieces) or Struck()

    async def lately_deleted(self, thread: ThreadKey, messages: Sequence[str]) -> frozenset[str]:
        """Those of some messages of a conversation that were deleted within ten minutes.

        One round trip, none without messages. Raises StoreUnavailable.
        """
        there = await self._link.batch([("EXISTS", mark) for mark in marks(thread, messages)])
        return frozenset(each for each, gone in zip(messages, there, strict=True) if gone)

    async def holders(
        self, place: Place, messages: Sequence[str], events: Sequence[str]
    ) -> Mapping[ThreadKey, Sequence[str]]:
        """The conversations of a channel that may hold some messages of it, each with those.

        Of messages that are in none the events count as taken for ten minutes, in case they are on
        their way in.

        Args:
            place: The channel that the messages are in.
            messages: Their ids.
            events: Their event ids, in the same order.

        Raises:
            StoreUnavailable: Call again.
        """
        bucket = of_place(place)
        found = await self._link.call("HMGET", bucket.found(place), *map(to_bytes, messages))
        # A thread is named after the message that it was started from.
        started = [ThreadKey(*place, message) for message in messages]
        known = await self._link.batch([("EXISTS", ThreadKeys(each).meta) for each in started])
        holders: dict[ThreadKey, list[str]] = {}
        strangers: list[int] = []
        for number, (loose, own) in enumerate(zip(found, known, strict=True)):
            if own:
                holders.setdefault(started[number], []).append(messages[number])
            if loose is not None and (key := ThreadKey.parse(to_text(loose))) != started[number]:
                holders.setdefault(key, []).append(messages[number])
            if not own and loose is None:
                strangers.append(number)
        for number, kept_off in await self._keep_off(bucket, events, strangers):
            if not kept_off:
                # It has been taken in meanwhile, or is one of a bare command.
                holders.setdefault(started[number], []).append(messages[number])
        return holders

    async def _keep_off(
        self, bucket: BucketKeys, events: Sequence[str], which: Sequence[int]
    ) -> Sequence[tuple[int, bool]]:
        """Let some events count as taken; each with whether nothing had taken it."""
        if not which:
            return ()
        done = await self._link.run(
            SCRIPTS["keep_off"],
            [bucket.event(events[number]) for number in which],
            (to_bytes(self._new_id()), STRANGER_SECONDS),
        )
        return [(number, bool(each)) for number, each in zip(which, done, strict=True)]

    async def newest_messages(self, thread: ThreadKey, most: int) -> Sequence[str]:
        """Ids of the messages that the newest `most` entries hold, oldest first.

        Raises StoreUnavailable or StoreMismatch.
        """
        keys = ThreadKeys(thread)
        last = int(await self._link.call("HGET", keys.meta, "seq") or 0)
        if not last:
            return ()
        first = max(1, last - most + 1)
        raw = await self._link.call("HMGET", keys.log, *range(first, last + 1))
        return [message for entry in read_entries(raw, first) for message in entry.message_ids]

    async def _strike(self, thread: ThreadKey, pieces: Iterable[Piece]) -> Struck | None:
        """Take pieces out of a thread; None when a piece is of another epoch than the thread."""
        bucket = ThreadKeys(thread).bucket
        struck = Struck()
        try:
            for piece in pieces:
                keys = [bucket.event(event) for event in piece.events]
                arguments: list[Argument] = [len(keys), to_bytes(piece.user), piece.epoch]
                arguments += [int(piece.last), len(piece.messages)]
                arguments += [*map(to_bytes, piece.messages), *piece.entries]
                reply = await self._run(
                    "strike", thread, arguments, nonce=self._new_id(), keys=keys
                )
                entries, mail, unsummarised, withdrawn = map(int, reply)
                if entries < 0:
                    return None
                struck += Struck(entries, mail, bool(unsummarised), bool(withdrawn))
        finally:
            if struck.entries or struck.mail:
                self._erased()
        return struck

    async def _kept(self, event: Incoming) -> tuple[bool, _Kept | None]:
        """Whether a turn ran just before, and where a message is kept; None when it is not."""
        await self._index(event.thread, (event.ref.message,))
        keys = ThreadKeys(event.thread)
        field = to_bytes(f"entry:{event.ref.message}")
        commands: list[Command] = [("HEXISTS", keys.meta, "turn"), ("HGET", keys.meta, field)]
        commands += [("LRANGE", name, 0, -1) for name in (keys.queue, keys.mail)]
        running, seq, *lists = await self._link.batch(commands)
        for place, waiting in zip(("queue", "mail"), lists, strict=True):
            for raw in waiting:
                if load_incoming(raw).ref.message == event.ref.message:
                    return bool(running), _Kept(place, raw)
        if seq is None:
            return bool(running), None
        raw = await self._link.call("HGET", keys.log, seq)
        return bool(running), None if raw is None else _Kept(int(seq), raw)

    async def _index(self, thread: ThreadKey, messages: Sequence[str]) -> None:
        """Note which entries hold which messages, as far as they were stored without that.

        Imported ones are, and those of an older process that serves beside this one.
        """
        keys = ThreadKeys(thread)
        fields = [to_bytes(f"entry:{message}") for message in messages]
        seq, done, epoch, *found = await self._link.call(
            "HMGET", keys.meta, "seq", "indexed", "epoch", *fields
        )
        last, begin = int(seq or 0), int(done or 0) + 1
        if begin > last or (found and all(found)):
            return
        for first in range(begin, last + 1, BATCH):
            to = min(first + BATCH - 1, last)
            raw = await self._link.call("HMGET", keys.log, *range(first, to + 1))
            pairs = [
                part
                for entry in read_entries(raw, first)
                for message in entry.message_ids
                for part in (to_bytes(message), entry.seq)
            ]
            arguments = (epoch or b"", to, *pairs)
            if not await self._run("index", thread, arguments):
                return


async def _renewed(kept: _Kept, event: Incoming, reword: Reword) -> _Renewed | None:
    """What is to be kept in its place; None when that is as new, or newer."""
    if isinstance(kept.place, str):
        mail = load_incoming(kept.raw)
        if mail.edited >= event.edited:
            return None
        now = mail.reworded(event)
        return _Renewed(dump_incoming(now), not now.says_the_same(mail))
    entry = load_entry(kept.raw, kept.place)
    if event.ref.message not in entry.message_ids:
        raise StoreMismatch(f"log entry {kept.place} is not the one that was looked for")
    if entry.role == "assistant" or entry.edited >= event.edited:
        return None
    changed = await reword(entry, event)
    return _Renewed(dump_entry(changed), changed.text != entry.text)
