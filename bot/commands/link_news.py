"""Whoever made a code for linking accounts is told that it was used, in case it was not by them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.adapter import Adapter
from bot.chat import CommandCall, CommandReply
from bot.commands.memory_places import Grants
from bot.errors import PlatformError, StoreError
from bot.ids import pseudonym
from bot.links import Links
from bot.memories import Person
from bot.services import Claims

logger = logging.getLogger(__name__)

USED = (
    "🔗 Your link code was used: an account on {platform} is linked with yours. Was it not you? "
    "`{off}` ends it."
)
OFF = "link off"

NEWS_SECONDS = 0.3
"""How long a reply waits for news at most."""

TELL_SECONDS = 3.0
"""How long a direct message may take; whoever has used the code waits for it."""

TRY_SECONDS = 60.0
"""How long a try is somebody's; after that others try, should the store have failed meanwhile."""

AGAIN_SECONDS = 86_400.0
"""Whoever could not be told in a direct message is not sent another one for so long."""


class LinkNews:
    """Tells it at once in a direct message, else with the reply to their next command.

    Args:
        links: Where it is kept which accounts belong together.
        grants: Tells who calls.
        adapters: The platforms; people of others are left to the processes that have them.
        claims: Keeps processes from telling the same.
        new_id: Names a try.
    """

    def __init__(
        self,
        links: Links,
        grants: Grants,
        adapters: Mapping[str, Adapter],
        claims: Claims,
        new_id: Callable[[], str],
    ) -> None:
        self._links = links
        self._grants = grants
        self._adapters = adapters
        self._claims = claims
        self._new_id = new_id

    async def round(self) -> None:
        """Tell everybody who is known here and does not know yet. Raises StoreError."""
        for person in await self._links.untold():
            await self.tell(person)

    async def tell(self, person: Person) -> None:
        """Send somebody a direct message, if there is news for them. Raises StoreError."""
        adapter = self._adapters.get(person.platform)
        name, this = f"link news:{pseudonym('link', str(person))}", self._new_id()
        if adapter is None or await self._claims.claim(name, TRY_SECONDS, this):
            return
        try:
            used = await self._links.used(person)
            if used is not None:
                async with asyncio.timeout(TELL_SECONDS):
                    text = self._news(person.platform, used.platform)
                    reached = await adapter.tell(person.space, person.user, text, key=used.id)
                if not reached:
                    await self._claims.claim(name, AGAIN_SECONDS, this)
                    return
                await self._links.told(person)
        except (PlatformError, TimeoutError) as error:
            logger.info("somebody is told later that their link code was used: %s", error)
        await self._claims.release(name, this)

    async def with_news(self, call: CommandCall, reply: CommandReply) -> CommandReply:
        """The reply, with the news before it where it is a new one for the caller alone.

        A store that is away holds no reply up.
        """
        if call.act or call.reacted or reply.window is not None or not reply.private:
            return reply
        person = self._grants.person(call)
        try:
            async with asyncio.timeout(NEWS_SECONDS):
                used = await self._links.used(person)
                if used is None:
                    return reply
                await self._links.told(person)
        except (StoreError, TimeoutError):
            return reply
        return replace(
            reply, text=f"{self._news(call.platform, used.platform)}\n\n{reply.text}".rstrip()
        )

    def _news(self, here: str, platform: str) -> str:
        off = typed(OFF, self._adapters[here])
        return USED.format(platform=platform.title(), off=off)


def typed(command: str, adapter: Adapter) -> str:
    """A command as people type it to the bot on a platform."""
    return f"{'/' if adapter.capabilities.slash_in_threads else '!'}{command}"
