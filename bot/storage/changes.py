"""What people change afterwards: edits and deletions, in the log and in waiting mail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from bot.storage.keys import Place, ThreadKeys, of_place
from bot.storage.log import Log
from bot.storage.reading import read_entries
from bot.storage.types import Amended, Struck
from bot.title import title_of

BATCH = 500
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


class Changes(Log):
    """The part of `Threads` that lets history follow the people."""

    async def amend(
        self, event: Incoming, reword: Reword, before: Callable[[], Awaitable[object]] = nothing
    ) -> Amended:
        """Put a message's new words in the place of the old ones, wherever they are kept.

        Words that are older than those kept are passed over. A summary that was made from the old
        ones is dropped, which makes the whole log the window again. A running turn goes on with the
        old ones, and stores the new ones when it commits.

        Args:
            event: The message as it reads now.
            reword: See `Reword`.
            before: Done first when the words are others; by a process that dies in the middle as
                well, since it has not amended anything yet.

        Raises:
            StoreUnavailable: Unknown whether it was done; call again.
            StoreMismatch: What is stored cannot be read.
        """
        for _ in range(TRIES):
            kept = await self._kept(event)
            if kept is None:
                return Amended.UNKNOWN
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

    async def strike(
        self,
        thread: ThreadKey,
        messages: Sequence[str],
        events: Sequence[str] = (),
        *,
        person: str = "",
        entries: Sequence[int] = (),
    ) -> Struck:
        """Take messages out of a thread, with everything that was made from them; safe to repeat.

        An answer goes whole, whichever of its messages is named. A summary that covers one of them
        is dropped, which makes the rest of the log the window again; one that is being made cannot
        be stored any more. A turn that has one of them in view hears WITHDRAWN.

        Args:
            thread: Where they are.
            messages: The platform's ids.
            events: Their event ids; none of them is taken in during the next day.
            person: Somebody whose waiting messages and name go as well.
            entries: Numbers of that person's entries.

        Raises:
            StoreUnavailable: Unknown whether it was done; call again.
        """
        await self._index(thread, messages)
        bucket = ThreadKeys(thread).bucket
        keys = [bucket.event(event) for event in events]
        arguments: list[Argument] = [len(keys), to_bytes(person), len(messages)]
        arguments += [*map(to_bytes, messages), *entries]
        reply = await self._run("strike", thread, arguments, nonce=self._new_id(), keys=keys)
        struck = Struck(int(reply[0]), int(reply[1]), bool(reply[2]), bool(reply[3]))
        if struck.entries or struck.mail:
            self._erased()
        return struck

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
        nonce = to_bytes(self._new_id())
        kept_off = await self._link.batch(
            [
                ("SET", bucket.event(events[number]), nonce, "NX", "EX", STRANGER_SECONDS)
                for number in strangers
            ]
        )
        for number, done in zip(strangers, kept_off, strict=True):
            if not done:
                # It has been taken in meanwhile, or is one of a bare command.
                holders.setdefault(started[number], []).append(messages[number])
        return holders

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

    async def _kept(self, event: Incoming) -> _Kept | None:
        """Where a message is kept; None when it is not."""
        await self._index(event.thread, (event.ref.message,))
        keys = ThreadKeys(event.thread)
        field = to_bytes(f"entry:{event.ref.message}")
        commands: list[Command] = [("HGET", keys.meta, field)]
        commands += [("LRANGE", name, 0, -1) for name in (keys.queue, keys.mail)]
        seq, *lists = await self._link.batch(commands)
        for place, waiting in zip(("queue", "mail"), lists, strict=True):
            for raw in waiting:
                if load_incoming(raw).ref.message == event.ref.message:
                    return _Kept(place, raw)
        if seq is None:
            return None
        raw = await self._link.call("HGET", keys.log, seq)
        return None if raw is None else _Kept(int(seq), raw)

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
