"""In which conversations somebody has written, over all channels of a server or workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import cast

from bot.chat import ThreadChoice, ThreadKey
from bot.storage.codec import to_bytes, to_text
from bot.storage.directory import Directory
from bot.storage.keys import BUCKETS, BucketKeys, Place, ThreadKeys, place_of

LATEST_OF_BUCKET = 100
LATEST_OF_SPACE = 5_000
MOST = 25
AT_A_TIME = 500


class Persons(Directory):
    """The part of `Threads` that goes by people."""

    async def latest_of(self, platform: str, space: str, user: str) -> Sequence[ThreadChoice]:
        """Threads in which `user` has written, the latest first, at most 25; no imported ones.

        The hundred latest threads of every bucket are looked through, five hundred of those in the
        space at a time, until there are enough. Raises StoreUnavailable.
        """
        threads = await self._latest(platform, space)
        mine: list[ThreadKey] = []
        for start in range(0, len(threads), AT_A_TIME):
            mine += await self._wrote(threads[start : start + AT_A_TIME], user)
            if len(mine) >= MOST:
                break
        fields = await self._link.batch(
            [("HMGET", ThreadKeys(thread).meta, "label", "last") for thread in mine[:MOST]]
        )
        return [
            ThreadChoice(thread, to_text(label or b""), int(last) / 1000)
            for thread, (label, last) in zip(mine, fields, strict=False)
            if last is not None
        ]

    async def _latest(self, platform: str, space: str) -> Sequence[ThreadKey]:
        """The latest threads of a space, among the hundred latest of every bucket."""
        last = LATEST_OF_BUCKET - 1
        found = await self._link.batch(
            [
                ("ZREVRANGE", bucket.threads, 0, last, "WITHSCORES")
                for bucket in map(BucketKeys, range(BUCKETS))
            ]
        )
        # Names are read only of threads in the space; most are of others.
        begins = to_bytes(f"{ThreadKey(platform, space, '-', '-')}"[: -len("-:-")])
        here = [
            (float(score), name)
            for flat in cast("list[list[bytes]]", found)
            for name, score in zip(flat[::2], flat[1::2], strict=True)
            if name.startswith(begins)
        ]
        here.sort(reverse=True)
        return [ThreadKey.parse(to_text(name)) for _, name in here[:LATEST_OF_SPACE]]

    async def directs_of(
        self, platform: str, space: str, begins: str, user: str
    ) -> Sequence[Place]:
        """Channels in which `user` has written and whose ids begin so, the latest first.

        The hundred latest threads of every bucket are looked through. Raises StoreUnavailable.
        """
        wanted = [
            thread
            for thread in await self._latest(platform, space)
            if thread.channel.startswith(begins)
        ]
        mine: list[ThreadKey] = []
        for start in range(0, len(wanted), AT_A_TIME):
            mine += await self._wrote(wanted[start : start + AT_A_TIME], user)
        return tuple(dict.fromkeys(place_of(thread) for thread in mine))

    async def all_of(self, platform: str, space: str, user: str) -> AsyncIterator[ThreadKey]:
        """Every thread of the space in which `user` has written, in no order.

        Goes through all threads that are kept, which takes a while. Raises StoreUnavailable.
        """
        waiting: list[ThreadKey] = []
        async for thread in self.all_threads():
            if (thread.platform, thread.space) != (platform, space):
                continue
            waiting.append(thread)
            if len(waiting) == AT_A_TIME:
                for mine in await self._wrote(waiting, user):
                    yield mine
                waiting.clear()
        for mine in await self._wrote(waiting, user):
            yield mine

    async def _wrote(self, threads: Sequence[ThreadKey], user: str) -> Sequence[ThreadKey]:
        """Those of `threads` in which `user` has written."""
        name = to_bytes(user)
        wrote = await self._link.batch(
            [("SISMEMBER", ThreadKeys(thread).authors, name) for thread in threads]
        )
        return [thread for thread, member in zip(threads, wrote, strict=True) if member]
