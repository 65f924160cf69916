"""In which conversations somebody has written, over all channels of a server or workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import cast

from bot.chat import ThreadChoice, ThreadKey
from bot.storage.codec import to_bytes, to_text
from bot.storage.connect import Command
from bot.storage.directory import Directory
from bot.storage.keys import BUCKETS, BucketKeys, ThreadKeys

LATEST_OF_BUCKET = 100
LATEST_OF_SPACE = 500
MOST = 25
AT_A_TIME = 200


class Persons(Directory):
    """The part of `Threads` that goes by people."""

    async def latest_of(self, platform: str, space: str, user: str) -> Sequence[ThreadChoice]:
        """Threads in which `user` has written, the latest first, at most 25.

        Two round trips: the hundred latest threads of every bucket are looked through, and of
        those in the space the five hundred latest. Raises StoreUnavailable.
        """
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
        threads = [ThreadKey.parse(to_text(name)) for _, name in here[:LATEST_OF_SPACE]]
        wrote = await self._wrote(threads, user)
        return [
            ThreadChoice(thread, to_text(label or b""), int(at) / 1000)
            for thread, label, at in wrote[:MOST]
        ]

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
                for mine, _, _ in await self._wrote(waiting, user):
                    yield mine
                waiting.clear()
        for mine, _, _ in await self._wrote(waiting, user):
            yield mine

    async def _wrote(
        self, threads: Sequence[ThreadKey], user: str
    ) -> Sequence[tuple[ThreadKey, bytes | None, bytes]]:
        """Those of `threads` in which `user` has written, each with its label and last write."""
        commands: list[Command] = []
        for thread in threads:
            keys = ThreadKeys(thread)
            commands.append(("HMGET", keys.meta, "label", "last"))
            commands.append(("SISMEMBER", keys.authors, to_bytes(user)))
        replies = await self._link.batch(commands)
        return [
            (thread, label, last)
            for thread, (label, last), wrote in zip(
                threads, replies[::2], replies[1::2], strict=True
            )
            if wrote and last is not None
        ]
