"""Erasing what one person said in a server or workspace, such as one that he has left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from urllib.parse import unquote

from bot.audience import imports_of
from bot.chat import ThreadKey
from bot.memories import Person
from bot.storage.answered import said_by
from bot.storage.changes import Changes
from bot.storage.erasure import Erasure
from bot.storage.keys import BUCKETS, BucketKeys, Place, of_place, place_of, usage_field
from bot.storage.persons import Persons
from bot.storage.types import Struck

EVERY_SPACE = "*"


class Departures(Erasure, Changes, Persons):
    """The part of `Threads` that forgets people."""

    async def forget_person(
        self, platform: str, space: str, user: str
    ) -> Sequence[tuple[ThreadKey, Struck]]:
        """Remove what a person said in a space, with what was made from it; safe to repeat.

        Entries, answers to what nobody else asked, waiting messages, name, figures of usage. What
        budgets count stays for the day or two that it is kept, or leaving would be a way around
        them. It goes thread by thread.

        What he has imported into the space goes whole, whoever said it.

        Returns:
            What was taken out of each thread. Raises StoreUnavailable or StoreMismatch.
        """
        found = await self._forget_imports(imports_of(Person(platform, space, user)))
        async for thread in self.all_of(platform, space, user):
            log = [entry async for entry in self.entries(thread)]
            his = said_by(user, log)
            messages = list(chain.from_iterable(entry.message_ids for entry in his))
            numbers = [entry.seq for entry in his]
            struck = await self.strike(thread, messages, person=user, entries=numbers)
            found.append((thread, struck))
        await self._forget_usage_of(ThreadKey(platform, space, "-", "-"), user)
        return found

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
            there = await self._link.batch([("EXISTS", key) for key in keys])
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
