"""Erasing what one person said in a server or workspace, such as one that he has left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import unquote

from bot.audience import imports_of
from bot.chat import ThreadKey
from bot.memories import Person
from bot.storage.answered import said_by
from bot.storage.changes import STRUCK_AT_ONCE, Changes, Piece
from bot.storage.codec import to_bytes
from bot.storage.erasure import Erasure
from bot.storage.keys import (
    BUCKETS,
    BucketKeys,
    Place,
    ThreadKeys,
    of_place,
    place_of,
    usage_field,
)
from bot.storage.persons import Persons
from bot.storage.types import Struck

EVERY_SPACE = "*"


class Departures(Erasure, Changes, Persons):
    """The part of `Threads` that forgets people."""

    async def forget_person(
        self, platform: str, space: str, user: str
    ) -> Sequence[tuple[ThreadKey, Struck]]:
        """Remove what a person said in a space, with what was made from it; safe to repeat.

        Entries, answers to what nobody else asked, waiting messages, name, which controls were
        used and what for, figures of usage. What
        budgets count stays for the day or two that it is kept, or leaving would be a way around
        them. It goes thread by thread.

        What he has imported into the space goes whole, whoever said it.

        Returns:
            What was taken out of each thread. Raises StoreUnavailable or StoreMismatch.
        """
        found = await self._forget_imports(imports_of(Person(platform, space, user)))
        async for each in self.all_of(platform, space, user):
            found.append((each.thread, await self.forget_in(each.thread, user)))
        await self._forget_usage_of(ThreadKey(platform, space, "-", "-"), user)
        return found

    async def forget_in(
        self, thread: ThreadKey, user: str, *, at_once: int = STRUCK_AT_ONCE
    ) -> Struck:
        """Remove what a person said in one conversation, and the answers to it alone; repeatable.

        It goes piece by piece, `at_once` entries with each call to the store, from the newest back:
        an answer is known by its question, which therefore stays until the answer is gone.

        Raises:
            StoreUnavailable: It may be done in part.
            StoreMismatch: What is kept is of another version.
        """
        # Once the thread is forgotten or replaced, numbers of entries stand for other ones.
        while True:
            pieces = await self._pieces_of(thread, user, at_once)
            most = await self._strike(thread, pieces[:-1])
            if most is not None:
                await self._unrate(thread, user)
                rest = await self._strike(thread, pieces[-1:])
                if rest is not None:
                    return most + rest

    async def _pieces_of(self, thread: ThreadKey, user: str, at_once: int) -> Sequence[Piece]:
        """What is to be taken out of a thread for a person; at least one piece."""
        epoch = await self._link.call("HGET", ThreadKeys(thread).meta, "epoch") or b""
        log = [entry async for entry in self.entries(thread)]
        his = [entry.seq for entry in await asyncio.to_thread(said_by, user, log)][::-1]
        return [
            Piece(
                user=user,
                epoch=epoch,
                entries=his[first : first + at_once],
                last=first + at_once >= len(his),
            )
            for first in range(0, max(1, len(his)), at_once)
        ]

    async def _unrate(self, thread: ThreadKey, user: str) -> None:
        """Remove what a person thinks of a conversation's answers."""
        meta, name = ThreadKeys(thread).meta, to_bytes(user)
        cursor = 0
        while True:
            cursor, fields = await self._link.call(
                "HSCAN", meta, cursor, "MATCH", "rated:*", "COUNT", 1000
            )
            given = [field for field in fields if field.partition(b"|")[2] == name]
            if given:
                await self._link.call("HDEL", meta, *given)
            if not int(cursor):
                break

    async def _forget_imports(self, place: Place) -> list[tuple[ThreadKey, Struck]]:
        found: list[tuple[ThreadKey, Struck]] = []
        async for thread in self._listed(of_place(place).imports):
            if place_of(thread) == place:
                erased = await self.drop(thread)
                found.append((thread, Struck(entries=erased.messages)))
        return found

    async def _forget_usage_of(self, space: ThreadKey, user: str) -> None:
        """Remove a person's figures of every day that is kept."""
        for day in self._days():
            keys = [BucketKeys(bucket).usage(day) for bucket in range(BUCKETS)]
            there = await self._link.each(keys, "EXISTS")
            for key in (key for key, exists in zip(keys, there, strict=True) if exists):
                await self._forget_fields(key, (f"{usage_field(space, user)}|*",))


def parse_person(text: str) -> tuple[str, str, str]:
    """Platform, space and user id out of a name as `ThreadKey` writes its parts.

    Raises:
        ValueError: It is not three non-empty parts.
    """
    parts = [unquote(part, errors="surrogatepass") for part in text.split(":")]
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"not a person: {text!r}; write platform:space:id")
    return parts[0], parts[1], parts[2]


async def forget_everywhere(
    threads: Departures, platform: str, space: str, user: str
) -> Sequence[Struck]:
    """`forget_person` in one space, or with "*" in every space that has conversations.

    Returns:
        What was taken out of each thread. Raises as that does.
    """
    spaces = {space}
    if space == EVERY_SPACE:
        spaces = {
            thread.space async for thread in threads.all_threads() if thread.platform == platform
        }
    found = [await threads.forget_person(platform, each, user) for each in sorted(spaces)]
    return [struck for each in found for _, struck in each]
