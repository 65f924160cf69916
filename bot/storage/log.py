"""The log of a thread and its summary: reading, folding, import, forgetting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from bot.audience import is_import
from bot.budgets import day_of
from bot.chat import ThreadKey
from bot.records import Entry, Summary, Tally
from bot.storage.base import DAY_SECONDS, Base
from bot.storage.codec import dump_entry, dump_summary, to_bytes, to_text
from bot.storage.connect import Command
from bot.storage.keys import BUCKETS, BucketKeys, ThreadKeys, place_fields, usage_field
from bot.storage.reading import read_conversation, read_entries, tally_figures
from bot.storage.scripts import SCRIPTS
from bot.storage.types import Conversation, Erased, Restored
from bot.title import title_of

STAGE_BATCH = 500
ANSWER_SECONDS = 600
USE_DAYS = 90
"""Figures of usage are kept so many days at most; see USE_SECONDS in prelude.lua."""

OWN_MS = 60_000
"""Who has folded is left alone with what is proposed for so long."""

AGAIN_MS = 150_000
"""Who has found something that was left is alone with it for so long."""

MOST_DUE = 20
"""Threads of one bucket at a time."""

MOST_READ = 200
"""Threads of one bucket that are looked at, of all platforms."""


class Log(Base):
    """The part of `Threads` that deals with what was said."""

    async def take_window(self, thread: ThreadKey) -> Conversation:
        """The thread as it stands, in one round trip; an unknown one is empty.

        Raises StoreUnavailable or StoreMismatch.
        """
        return read_conversation(await self._run("read", thread))

    async def count(self, thread: ThreadKey) -> int:
        """How many entries the log holds, summarised ones included. Raises StoreUnavailable."""
        return int(await self._link.call("HLEN", ThreadKeys(thread).log))

    async def entries_after(self, thread: ThreadKey, seq: int, most: int) -> Sequence[Entry]:
        """Up to `most` entries after number `seq`, in order and in one round trip.

        Raises StoreUnavailable or StoreMismatch.
        """
        if most <= 0:
            return ()
        fields = range(max(0, seq) + 1, max(0, seq) + most + 1)
        raw = await self._link.call("HMGET", ThreadKeys(thread).log, *fields)
        return read_entries(cast(Sequence[bytes | None], raw), fields.start)

    async def confined(self, threads: Sequence[ThreadKey]) -> frozenset[ThreadKey]:
        """Those that fewer people may read than their channel, in one round trip.

        One of which that is not known is among them. Raises StoreUnavailable.
        """
        marks = await self._link.batch(
            [("HGET", ThreadKeys(thread).meta, "confined") for thread in threads]
        )
        return frozenset(t for t, mark in zip(threads, marks, strict=True) if mark != b"0")

    async def entries(self, thread: ThreadKey, *, batch: int = 500) -> AsyncIterator[Entry]:
        """The whole log in order, `batch` entries per round trip.

        Ends with the entry that is the newest when the iteration begins, or early when the thread
        is forgotten or replaced meanwhile. Raises StoreUnavailable or StoreMismatch.
        """
        keys = ThreadKeys(thread)
        epoch: bytes | None
        epoch, newest = await self._link.call("HMGET", keys.meta, "epoch", "seq")
        last = int(newest or 0)
        for first in range(1, last + 1, batch):
            fields = range(first, min(first + batch - 1, last) + 1)
            raw, now = await self._link.batch(
                [("HMGET", keys.log, *fields), ("HGET", keys.meta, "epoch")]
            )
            if now != epoch:
                return
            for entry in read_entries(cast(Sequence[bytes | None], raw), first):
                yield entry

    async def fold(
        self,
        thread: ThreadKey,
        expected: Summary,
        new: Summary,
        *,
        proposed: str = "",
        nonce: str | None = None,
    ) -> bool:
        """Replace the summary, if it is still `expected` (compared by version and cursor).

        Forgetting a thread counts as a new version, so that a summary of what was forgotten is
        never stored. The log stays as it is.

        With the summary goes what is `proposed` to be remembered of the same entries, one line. It
        stays until it is taken up, or the summary is dropped.

        Returns:
            Whether it was replaced; False when somebody else was first.

        Raises:
            ValueError: `new` does not follow on `expected`.
            StoreUnavailable: Unknown whether it was stored; call again with the same `nonce`.
        """
        if new.version != expected.version + 1 or new.upto < expected.upto or not new.text:
            raise ValueError("a new summary has text, the next version and no earlier cursor")
        token = nonce or self._new_id()
        reply = await self._run(
            "fold",
            thread,
            (
                expected.version,
                expected.upto,
                new.upto,
                dump_summary(new),
                to_bytes(proposed),
                OWN_MS,
            ),
            nonce=token,
            keys=(ThreadKeys(thread).bucket.answer(token),),
        )
        return bool(reply)

    async def take_up(self, thread: ThreadKey, proposed: str, *, nonce: str | None = None) -> bool:
        """Note that what a fold proposed to remember has been dealt with.

        With "" the thread is only not among `due_proposals` any more if there is nothing.

        Returns:
            Whether it was there; False when somebody else was first, or it was dropped. Raises
            StoreUnavailable; call again with the same `nonce`.
        """
        token = nonce or self._new_id()
        keys = (ThreadKeys(thread).bucket.answer(token),)
        arguments = (to_bytes(proposed),)
        return bool(await self._run("take_up", thread, arguments, nonce=token, keys=keys))

    async def due_proposals(self, platforms: Collection[str]) -> Sequence[ThreadKey]:
        """Where somebody should have dealt with what a fold proposed; others are told later.

        Those of other platforms are left to the processes that have these. Two processes that ask
        at the same time may both be told: it is remembered once. Raises StoreUnavailable.
        """
        now = await self._link.server_ms()
        indexes = [BucketKeys(bucket).proposed for bucket in range(BUCKETS)]
        found = await self._link.each(indexes, "ZRANGEBYSCORE", 0, now, "LIMIT", 0, MOST_READ)
        due: list[ThreadKey] = []
        told: list[Command] = []
        for index, names in zip(indexes, found, strict=True):
            threads = await self._keys_in(index, names)
            ours = [each for each in threads if each.platform in platforms][:MOST_DUE]
            told += [("ZADD", index, "XX", now + AGAIN_MS, str(each)) for each in ours]
            due += ours
        await self._link.batch(told)
        return due

    async def account(self, thread: ThreadKey, tally: Tally, *, nonce: str | None = None) -> bool:
        """Add what was spent outside a turn to a thread's figures, and to its place's of today.

        Returns:
            False when nothing is kept of the thread. Raises StoreUnavailable.
        """
        token = nonce or self._new_id()
        bucket = ThreadKeys(thread).bucket
        arguments = (*tally_figures(tally), *place_fields(thread))
        keys = (bucket.answer(token), bucket.usage(day_of(self._clock())))
        return bool(await self._run("account", thread, arguments, nonce=token, keys=keys))

    async def count_use(
        self, where: ThreadKey, user: str, tally: Tally, *, nonce: str | None = None
    ) -> None:
        """Add what a person used outside any conversation to the figures of today.

        They are the person's, the channel's and the space's; of `where` its channel counts.
        Raises StoreUnavailable; call again with the same `nonce`.
        """
        bucket = ThreadKeys(where).bucket
        keys = (bucket.answer(nonce or self._new_id()), bucket.usage(day_of(self._clock())))
        whom = (usage_field(where, user), *place_fields(where))
        lives = min(self._retention_seconds, USE_DAYS * DAY_SECONDS) + DAY_SECONDS
        figures = tally_figures(tally)
        await self._link.run(SCRIPTS["count"], keys, (ANSWER_SECONDS, lives, *figures, *whom))

    async def forget(self, thread: ThreadKey, *, nonce: str | None = None) -> Erased:
        """Remove everything of a thread: log, summary, names, waiting mail, draft, indexes.

        A running turn is fenced off: its `renew` and `commit` answer LOST. For a day the digests
        of its messages' event ids stay, without any link to thread, author or text, so that a
        message the platform delivers again is not answered as if it were new. The time of
        forgetting stays with the thread's key, so that what the platform still shows from before
        is not read in again. Figures of usage per user and day stay too; they say nothing about
        the thread. One that was brought from elsewhere is on no platform, and nothing of it stays.

        Raises:
            StoreUnavailable: Unknown whether it was done; call again with the same `nonce`.
        """
        why = "gone" if is_import(thread) else ""
        found = await self._wipe(thread, why, nonce or self._new_id())
        messages, summary, part, ran, names = found
        self._erased()
        return Erased(messages, bool(summary), bool(part), bool(ran), names)

    async def restore(
        self,
        thread: ThreadKey,
        entries: Sequence[Entry],
        summary: Summary,
        tally: Tally,
        names: Mapping[str, str],
        *,
        replacing: bool = False,
        confined: bool | None = None,
        nonce: str | None = None,
    ) -> Restored:
        """Store an imported thread, in place of what is there when `replacing`.

        Entries keep their numbers; when none has one they are numbered from 1. The version of
        `summary` is replaced by the next one of this thread. The bot takes part from then on.
        `confined` as in `Incoming`, None for as it was; where nobody knows, searches of the channel
        leave the thread out until somebody writes there. One that a person brought from elsewhere
        is in a channel of theirs alone.

        Returns:
            DONE, or why nothing was changed.

        Raises:
            ValueError: The numbers do not rise, or the summary's cursor is beyond them.
            StoreUnavailable: Unknown whether it was done; call again with the same `nonce`.
        """
        numbered = _numbered(entries, summary.upto)
        if is_import(thread):
            confined = False
        token = nonce or self._new_id()
        keys = ThreadKeys(thread)
        stage = keys.stage(token)
        for start in range(0, len(numbered), STAGE_BATCH):
            pairs: list[bytes | int] = []
            for entry in numbered[start : start + STAGE_BATCH]:
                pairs += (entry.seq, dump_entry(entry))
            commands: list[Command] = [("HSET", stage, *pairs), ("EXPIRE", stage, DAY_SECONDS)]
            await self._link.batch(commands)
        flat = [to_bytes(part) for pair in names.items() for part in pair]
        people = [entry for entry in numbered if entry.role == "user"]
        authors = {to_bytes(entry.author_id) for entry in numbered if entry.author_id}
        label = title_of(people[0].text, people[0].author) if people else ""
        reply = await self._run(
            "restore",
            thread,
            (
                numbered[-1].seq if numbered else 0,
                summary.upto,
                dump_summary(summary),
                to_bytes(label),
                *tally_figures(tally),
                int(replacing),
                len(flat),
                "" if confined is None else int(confined),
                *flat,
                *sorted(authors),
            ),
            nonce=token,
            keys=(keys.bucket.answer(token), stage),
        )
        if replacing:
            self._erased()
        return Restored(to_text(reply))

    async def _wipe(self, thread: ThreadKey, why: int | str, nonce: str) -> Any:
        bucket = ThreadKeys(thread).bucket
        keys = (bucket.answer(nonce), bucket.forgotten)
        return await self._run("forget", thread, (why,), nonce=nonce, keys=keys)


def _numbered(entries: Sequence[Entry], upto: int) -> Sequence[Entry]:
    """Entries with rising numbers. Raises ValueError."""
    if not any(entry.seq for entry in entries):
        numbered = [replace(entry, seq=seq) for seq, entry in enumerate(entries, start=1)]
    else:
        numbered = list(entries)
    numbers = [entry.seq for entry in numbered]
    if any(number <= before for before, number in zip([0, *numbers], numbers, strict=False)):
        raise ValueError("the numbers of the entries do not rise")
    if upto < 0 or upto > (numbers[-1] if numbers else 0):
        raise ValueError("the summary covers entries that are not there")
    return numbered
