"""Erasing what is past its retention, and everything of a place that the bot has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.budgets import day_of
from bot.chat import ThreadKey
from bot.storage.base import DAY_SECONDS
from bot.storage.channels import Channels
from bot.storage.codec import to_bytes
from bot.storage.directory import Directory
from bot.storage.keys import BUCKETS, BucketKeys, Place, of_place, place_fields, place_of
from bot.storage.log import USE_DAYS
from bot.storage.scripts import SCRIPTS
from bot.storage.types import Erased

SWEEP_BATCH = 100

GONE_SECONDS = 600
"""For so long it is known that a place was gone."""


class Erasure(Directory, Channels):
    """The part of `Threads` that erases many threads."""

    async def sweep(self) -> int:
        """Remove what is left of threads past their retention; call it now and then.

        Their content has expired by itself; this takes them out of the indexes. Retention goes by
        the injected clock.

        Returns:
            How many were removed. Raises StoreUnavailable.
        """
        now = self._now_ms()
        cutoff = now - self._retention_seconds * 1000
        buckets = list(map(BucketKeys, range(BUCKETS)))
        removed = 0
        await self._link.each(
            [bucket.forgotten for bucket in buckets], "ZREMRANGEBYSCORE", "-inf", cutoff
        )
        for indexes, before in (
            ([bucket.threads for bucket in buckets], cutoff),
            ([bucket.imports for bucket in buckets], now - self._import_seconds * 1000),
        ):
            found = await self._link.each(
                indexes, "ZRANGEBYSCORE", "-inf", before, "LIMIT", 0, SWEEP_BATCH
            )
            for index, names in zip(indexes, found, strict=True):
                for thread in await self._keys_in(index, names):
                    figures = await self._wipe(thread, before, self._new_id())
                    removed += figures[0] >= 0
                    await self._unfind(thread)
        if removed:
            self._erased()
        return removed

    async def forget_channel(self, place: Place) -> int:
        """Remove all that is kept of a channel that is gone; safe to repeat, as `forget_space`.

        Its threads with what belongs to them, and what was set for it.

        Returns:
            How many threads there were. Raises StoreUnavailable.
        """
        gone = 0
        bucket = of_place(place)
        # First: what comes in later was written later, and what came before is listed below.
        await self._mark(bucket.gone(*place))
        for index in (*bucket.all_threads, bucket.forgotten):
            async for thread in self._listed(index):
                if place_of(thread) == place:
                    await self.drop(thread)
                    gone += index != bucket.forgotten
        await self._link.call("UNLINK", *bucket.of_channel(place))
        await self.forget_rules(place)
        if gone:
            self._erased()
        return gone

    async def drop(self, thread: ThreadKey) -> Erased:
        """Remove a thread that is gone on its platform, so that nothing comes from there any more.

        As `forget`, but in ten minutes nothing at all is left of it. Raises StoreUnavailable.
        """
        place = place_of(thread)
        await self._mark(of_place(place).gone(*place, thread.thread))
        messages, summary, part, ran, names = await self._wipe(thread, "gone", self._new_id())
        if messages:
            self._erased()
        return Erased(messages, bool(summary), bool(part), bool(ran), names)

    async def forget_space(self, platform: str, space: str) -> int:
        """Remove all that is kept of a server or workspace; safe to repeat.

        Threads with their mail, drafts and indexes (running turns are fenced off), what was kept of
        forgotten ones, figures of usage, what budgets counted, what was set for channels. It goes
        step by step, so that a large store serves others meanwhile. For ten minutes some counters
        stay that keep off late writers, with when the space went, and for a day digests of event
        ids, which name nothing.

        Returns:
            How many threads there were. Raises StoreUnavailable.
        """
        gone = 0
        for bucket in map(BucketKeys, range(BUCKETS)):
            await self._mark(bucket.gone(platform, space))
            for index in (*bucket.all_threads, bucket.forgotten):
                async for thread in self._listed(index):
                    if (thread.platform, thread.space) != (platform, space):
                        continue
                    await self._wipe(thread, "gone", self._new_id())
                    place = place_of(thread)
                    await self._link.call("UNLINK", *bucket.of_channel(place))
                    gone += index != bucket.forgotten
        await self._forget_usage(platform, space)
        await self.spending.forget(platform, space)
        await self.forget_channels(platform, space)
        self._erased()
        return gone

    async def _mark(self, place: str) -> None:
        """Note that a place is gone, for what was said there and is on its way in."""
        await self._link.run(SCRIPTS["gone"], [place], (self._now_ms(), GONE_SECONDS))

    async def _forget_usage(self, platform: str, space: str) -> None:
        """Remove a space's figures of every day that is kept."""
        _, name = place_fields(ThreadKey(platform, space, "-", "-"))
        for day in self._days():
            days = [BucketKeys(bucket).usage(day) for bucket in range(BUCKETS)]
            there = await self._link.each(days, "EXISTS")
            for key in (key for key, exists in zip(days, there, strict=True) if exists):
                await self._forget_fields(key, (f"{name}|*", f"{name}:*"))

    def _days(self) -> Sequence[str]:
        """Those of which figures of usage may be kept."""
        today = datetime.fromtimestamp(self._clock(), UTC)
        most = min(self._retention_seconds // DAY_SECONDS, USE_DAYS) + 2
        return [day_of((today - timedelta(days=ago)).timestamp()) for ago in range(-1, most)]

    async def _forget_fields(self, key: str, patterns: Sequence[str]) -> None:
        for pattern in patterns:
            cursor = 0
            while True:
                cursor, pairs = await self._link.call(
                    "HSCAN", key, cursor, "MATCH", pattern, "COUNT", 500
                )
                if fields := [field for field, _ in _pairs(pairs)]:
                    await self._link.call("HDEL", key, *fields)
                if not int(cursor):
                    break

    async def _unfind(self, thread: ThreadKey) -> None:
        """Take a swept thread's messages out of its channel's index.

        That was done already, unless nobody swept for so long that the list of them has expired.
        """
        place = place_of(thread)
        found, name = of_place(place).found(place), to_bytes(str(thread))
        cursor = 0
        while True:
            cursor, pairs = await self._link.call("HSCAN", found, cursor, "COUNT", 500)
            left = [message for message, named in _pairs(pairs) if named == name]
            if left:
                await self._link.call("HDEL", found, *left)
            if not int(cursor):
                break


def _pairs(found: Mapping[bytes, bytes]) -> Sequence[tuple[bytes, bytes]]:
    return list(found.items())
