"""`StoredLinks`: which accounts belong to one person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from bot.links import CODE_SECONDS, MOST_LINKED, MOST_TRIES, Linked, Linking, Used
from bot.memories import Person
from bot.storage import keys
from bot.storage.codec import to_bytes, to_text
from bot.storage.connect import Link
from bot.storage.scripts import SCRIPTS

ANSWER_SECONDS = 60
"""How long the answer to whoever redeems a code is kept, in case it was lost on its way."""


USE_CHARS = 16


class StoredLinks:
    """Implements `bot.links.Links`; of codes only digests are kept.

    Args:
        link: Sends commands.
        new_id: Makes nonces.
    """

    def __init__(self, link: Link, new_id: Callable[[], str]) -> None:
        self._link = link
        self._new_id = new_id

    async def issue(self, person: Person, code: str) -> None:
        """See `bot.links.Links`."""
        digest = _digest(code)
        await self._link.run(
            SCRIPTS["issue_code"],
            (keys.link_code(digest), keys.LINK_CODES),
            (str(person), digest, CODE_SECONDS, keys.link_code("")),
        )

    async def redeem(self, person: Person, code: str) -> Linked:
        """See `bot.links.Links`."""
        nonce = self._new_id()
        names = (
            keys.link_code(_digest(code)),
            keys.LINK_GROUPS,
            keys.LINK_CODES,
            keys.link_done(str(person)),
            keys.link_tries(_digest(str(person))),
            keys.LINK_NEWS,
        )
        arguments = (
            *(str(person), MOST_LINKED, ANSWER_SECONDS, nonce),
            *(MOST_TRIES, CODE_SECONDS),
        )
        result, other = await self._link.run(SCRIPTS["link_accounts"], names, arguments)
        return Linked(Linking(to_text(result)), Person.parse(to_text(other)) if other else None)

    async def of(self, person: Person) -> Sequence[Person]:
        """See `bot.links.Links`."""
        group = to_text(await self._link.call("HGET", keys.LINK_GROUPS, str(person)) or b"")
        return [each for each in map(Person.parse, group.split()) if each != person]

    async def used(self, person: Person) -> Used | None:
        """See `bot.links.Links`."""
        news = await self._link.call("HGET", keys.LINK_NEWS, str(person))
        if not news:
            return None
        platform, _, use = to_text(news).partition(" ")
        # What an earlier version has noted is the platform alone.
        return Used(platform, use or _digest(f"{person} {platform}")[:USE_CHARS])

    async def untold(self) -> Sequence[Person]:
        """See `bot.links.Links`."""
        names = await self._link.call("HGETALL", keys.LINK_NEWS)
        return [Person.parse(to_text(name)) for name in names]

    async def told(self, person: Person) -> None:
        """See `bot.links.Links`."""
        await self._link.call("HDEL", keys.LINK_NEWS, str(person))

    async def unlink(self, person: Person) -> bool:
        """See `bot.links.Links`."""
        names = (keys.LINK_GROUPS, keys.LINK_CODES, keys.LINK_NEWS)
        arguments = (str(person), keys.link_code(""), keys.link_done(""))
        return bool(await self._link.run(SCRIPTS["unlink_account"], names, arguments))

    async def forget(self, platform: str, space: str) -> None:
        """Unlink everybody whose account is one of this space. Safe to repeat.

        Raises StoreUnavailable.
        """
        for index in (keys.LINK_GROUPS, keys.LINK_CODES, keys.LINK_NEWS):
            for name in await self._link.call("HGETALL", index):
                person = Person.parse(to_text(name))
                if (person.platform, person.space) == (platform, space):
                    await self.unlink(person)


def _digest(code: str) -> str:
    return hashlib.sha256(to_bytes(code.strip().lower())).hexdigest()
