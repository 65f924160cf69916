"""In which conversations of a server or workspace somebody has written, or used a control."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from typing import cast

from bot.chat import ThreadChoice, ThreadKey
from bot.storage.codec import to_bytes, to_text
from bot.storage.connect import Command
from bot.storage.directory import Directory
from bot.storage.keys import BUCKETS, BucketKeys, Place, ThreadKeys, place_of
from bot.storage.types import Involved

PAGE = 100
MOST_OF_SPACE = 20_000
MOST_OF_STORE = 100_000
MOST = 25
USED = "used:"
AT_A_TIME = 500
SCANNED_AT_A_TIME = 1_000
"""Threads of a bucket that the server looks at in one go, about a millisecond's work."""


class Persons(Directory):
    """The part of `Threads` that goes by people."""

    async def latest_of(self, platform: str, space: str, user: str) -> Sequence[ThreadChoice]:
        """Threads in which `user` has written, the latest first, at most 25; no imported ones.

        The space's threads are looked through from the latest back until there are enough: at most
        twenty thousand of them, and a hundred thousand of the whole store. Raises StoreUnavailable.
        """
        mine: list[ThreadKey] = []
        looked_at = 0
        async for threads in self._latest(platform, space):
            mine += await self._wrote(threads, user)
            looked_at += len(threads)
            if len(mine) >= MOST or looked_at >= MOST_OF_SPACE:
                break
        fields = await self._link.batch(
            [("HMGET", ThreadKeys(thread).meta, "label", "last") for thread in mine[:MOST]]
        )
        return [
            ThreadChoice(thread, to_text(label or b""), int(last) / 1000)
            for thread, (label, last) in zip(mine, fields, strict=False)
            if last is not None
        ]

    async def _latest(self, platform: str, space: str) -> AsyncIterator[Sequence[ThreadKey]]:
        """The threads of a space, the latest first, five hundred at a time."""
        # Names are read only of threads in the space; most may be of others.
        begins = to_bytes(f"{ThreadKey(platform, space, '-', '-')}"[: -len("-:-")])
        starts = {BucketKeys(bucket).threads: 0 for bucket in range(BUCKETS)}
        met: set[bytes] = set()
        waiting: list[tuple[float, bytes]] = []
        read = 0
        while starts and read < MOST_OF_STORE:
            pages = await self._link.batch(
                [
                    ("ZREVRANGE", index, start, start + PAGE - 1, "WITHSCORES")
                    for index, start in starts.items()
                ]
            )
            # Whatever is still to be read of any bucket is no later than this.
            horizon = -math.inf
            for index, flat in zip(tuple(starts), cast("list[list[bytes]]", pages), strict=True):
                names, scores = flat[::2], flat[1::2]
                read += len(names)
                for name, score in zip(names, scores, strict=True):
                    # What is written to meanwhile moves the others down, into the next page.
                    if name.startswith(begins) and name not in met:
                        met.add(name)
                        waiting.append((float(score), name))
                if len(names) < PAGE:
                    del starts[index]
                else:
                    starts[index] += PAGE
                    horizon = max(horizon, float(scores[-1]))
            waiting.sort(reverse=True)
            settled = sum(score >= horizon for score, _ in waiting)
            # Read as they are asked for: thousands of names take tens of milliseconds.
            for start in range(0, settled, AT_A_TIME):
                part = waiting[start : min(settled, start + AT_A_TIME)]
                yield [ThreadKey.parse(to_text(name)) for _, name in part]
            del waiting[:settled]

    async def directs_of(
        self, platform: str, space: str, begins: str, user: str
    ) -> Sequence[Place]:
        """Channels of one person each whose ids begin so and in which `user` has written.

        The latest first. The server goes through all threads that are kept, however old, and only
        tells of those with such a name. Raises StoreUnavailable.
        """
        waiting = await self._by_channel(platform, space, begins)
        mine: list[Place] = []
        while waiting:
            looked_at = [threads.pop() for threads in waiting.values()]
            authors = await self._authors_of(looked_at)
            for thread, wrote in zip(looked_at, authors, strict=True):
                place = place_of(thread)
                if user in wrote:
                    mine.append(place)
                # One thread tells whose a channel is, unless nothing was taken in it.
                if wrote or not waiting[place]:
                    del waiting[place]
        return tuple(mine)

    async def _by_channel(
        self, platform: str, space: str, begins: str
    ) -> dict[Place, list[ThreadKey]]:
        """Threads of channels whose ids begin so, by channel, the latest of each at the end.

        Of the channels the latest is the first.
        """
        named = to_bytes(f"{ThreadKey(platform, space, begins or '-', '-')}"[: -len(":-")])
        if not begins:
            named = named[: -len("-")]
        found: dict[bytes, float] = {}
        cursors = {BucketKeys(bucket).threads: 0 for bucket in range(BUCKETS)}
        while cursors:
            commands: list[Command] = [
                ("ZSCAN", index, cursor, "MATCH", named + b"*", "COUNT", SCANNED_AT_A_TIME)
                for index, cursor in cursors.items()
            ]
            pages = await self._link.batch(commands)
            for index, (cursor, page) in zip(tuple(cursors), pages, strict=True):
                found.update(cast("list[tuple[bytes, float]]", page))
                cursors[index] = int(cursor)
            cursors = {index: cursor for index, cursor in cursors.items() if cursor}
        by_channel: dict[Place, list[ThreadKey]] = {}
        for name in sorted(found, key=lambda name: (found[name], name), reverse=True):
            thread = ThreadKey.parse(to_text(name))
            by_channel.setdefault(place_of(thread), []).append(thread)
        return {place: threads[::-1] for place, threads in by_channel.items()}

    async def _authors_of(self, threads: Sequence[ThreadKey]) -> Sequence[frozenset[str]]:
        """Who has written in each of some threads."""
        found: list[frozenset[str]] = []
        for start in range(0, len(threads), AT_A_TIME):
            part = threads[start : start + AT_A_TIME]
            commands: list[Command] = [("SMEMBERS", ThreadKeys(each).authors) for each in part]
            replies = cast("list[set[bytes]]", await self._link.batch(commands))
            found += [frozenset(map(to_text, members)) for members in replies]
        return found

    async def all_of(self, platform: str, space: str, user: str) -> AsyncIterator[Involved]:
        """Every thread of the space in which `user` has written or used a control, in no order.

        Goes through all threads that are kept, which takes a while. Raises StoreUnavailable.
        """
        waiting: list[ThreadKey] = []
        async for thread in self.all_threads():
            if (thread.platform, thread.space) != (platform, space):
                continue
            waiting.append(thread)
            if len(waiting) == AT_A_TIME:
                for mine in await self._involved(waiting, user):
                    yield mine
                waiting.clear()
        for mine in await self._involved(waiting, user):
            yield mine

    async def _involved(self, threads: Sequence[ThreadKey], user: str) -> Sequence[Involved]:
        """Those of `threads` that hold something of `user`."""
        wrote = set(await self._wrote(threads, user))
        used = await self._link.batch(
            [("HEXISTS", ThreadKeys(thread).meta, to_bytes(f"{USED}{user}")) for thread in threads]
        )
        return [
            Involved(thread, thread in wrote)
            for thread, there in zip(threads, used, strict=True)
            if there or thread in wrote
        ]

    async def _wrote(self, threads: Sequence[ThreadKey], user: str) -> Sequence[ThreadKey]:
        """Those of `threads` in which `user` has written."""
        name = to_bytes(user)
        wrote = await self._link.batch(
            [("SISMEMBER", ThreadKeys(thread).authors, name) for thread in threads]
        )
        return [thread for thread, member in zip(threads, wrote, strict=True) if member]
