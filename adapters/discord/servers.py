"""Which servers the bot is in, so that what was said in one is erased when it is removed.

Being removed while nobody listens is told to nobody. So the ids of a shard's servers are noted,
and compared when a session begins: Discord names all servers of the shard then, also those that
have an outage. Since erasing cannot be taken back, a server that is missing is asked for by its
id, and only a clear "you are not in it" counts.

With another number of shards each hears other servers. So a shard looks in all notes for those
that it hears now, and takes them over.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from adapters.discord.calls import Calls, Timing
from adapters.discord.client import Listening
from adapters.discord.faults import NoAccess, UnknownServer
from adapters.discord.shards import Shard
from adapters.discord.values import PLATFORM
from bot.errors import PlatformError, StoreError
from bot.inbox import Inbox
from bot.tasks import end

log = logging.getLogger(__name__)

NOTE = "servers:"
"""How the names of the notes begin; the shard follows."""

MOST_TRIES = 50
"""How often a note of others is read again because somebody else has written it meanwhile."""


class Servers:
    """Keeps the note of one shard, and has erased what it says is gone.

    Args:
        inbox: Keeps the notes, and erases.
        calls: Makes the calls.
        timing: Waits and time-outs.
        shard: Whose servers.
    """

    def __init__(self, inbox: Inbox, calls: Calls, timing: Timing, shard: Shard) -> None:
        self._inbox = inbox
        self._calls = calls
        self._timing = timing
        self._shard = shard
        self._work: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._doubtful: set[str] = set()

    def ready(self, client: Listening) -> None:
        """A session has begun, and its servers are known."""
        self._spawn(self._compare(client))

    def joined(self, client: Listening) -> None:
        """The bot was added to a server."""
        self._spawn(self._note(client))

    def left(self, client: Listening, server: int) -> None:
        """The bot was removed from a server."""
        self._spawn(self._erase_one(client, str(server)))

    def stop(self) -> None:
        """Begin nothing new; what is left is found when the next session begins."""
        for task in self._work:
            task.cancel()

    async def close(self) -> None:
        """Return once that has ended."""
        await end(*self._work)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="servers")
        self._work.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Servers were not compared: %s", type(error).__name__, exc_info=error)

    @property
    def _name(self) -> str:
        return f"{NOTE}{self._shard}"

    async def _compare(self, client: Listening) -> None:
        async with self._turn:
            noted = await self._noted()
            known = {server for text in noted.values() for server in self._ours(text)}
            for server in sorted(known - _present(client)):
                if await self._is_gone(client, server):
                    await self._erase(server)
                else:
                    self._doubtful.add(server)
            await self._write(client)
            await self._take_over(noted)

    async def _erase_one(self, client: Listening, server: str) -> None:
        async with self._turn:
            await self._erase(server)
            await self._write(client)

    async def _note(self, client: Listening) -> None:
        async with self._turn:
            await self._write(client)

    def _ours(self, text: str) -> frozenset[str]:
        return frozenset(filter(self._shard.covers, _read(text)))

    async def _noted(self) -> Mapping[str, str]:
        """All notes of servers, also of shards that are no more."""
        notes = self._inbox.notes
        while True:
            try:
                names = await notes.names(NOTE)
                return {name: await notes.read(name) or "" for name in names}
            except StoreError as error:
                log.info("Which servers the bot was in is not known yet: %s", error)
                await asyncio.sleep(self._timing.look_again)

    async def _write(self, client: Listening) -> None:
        while not client.is_closed():
            try:
                noted = sorted(_present(client) | self._doubtful)
                await self._inbox.notes.write(self._name, json.dumps(noted))
                return
            except StoreError as error:
                log.info("Which servers the bot is in could not be noted yet: %s", error)
                await asyncio.sleep(self._timing.look_again)

    async def _take_over(self, noted: Mapping[str, str]) -> None:
        """Strike from the notes of others what ours says now.

        What cannot be struck is looked at again when the next session begins. An empty note stays:
        its shard may be there yet, and write it.
        """
        for name, text in noted.items():
            ours = self._ours(text)
            if name == self._name or not ours:
                continue
            try:
                await self._strike(name, text, ours)
            except StoreError as error:
                log.info("What another note says of servers stays there: %s", error)

    async def _strike(self, name: str, text: str, ours: frozenset[str]) -> None:
        notes = self._inbox.notes
        for _ in range(MOST_TRIES):
            if await notes.replace(name, text, json.dumps(sorted(_read(text) - ours))):
                return
            # Other shards strike theirs from the same note.
            text = await notes.read(name) or ""

    async def _erase(self, server: str) -> None:
        while True:
            try:
                await self._inbox.left(PLATFORM, server)
                return
            except StoreError as error:
                log.warning("What was said in a server is not erased yet: %s", error)
                await asyncio.sleep(self._timing.look_again)

    async def _is_gone(self, client: Listening, server: str) -> bool:
        """Whether Discord says that we are not in a server; anything else is a no."""
        try:
            await self._calls.answer(
                lambda: client.http.get_guild(int(server), with_counts=False), patient=True
            )
        except (NoAccess, UnknownServer):
            return True
        except PlatformError as error:
            log.info("Whether the bot is in a server is not known: %s", error)
        return False


def _present(client: Listening) -> frozenset[str]:
    return frozenset(str(guild.id) for guild in client.guilds)


def _read(written: str | None) -> frozenset[str]:
    try:
        found: object = json.loads(written or "[]")
    except ValueError:
        return frozenset()
    if not isinstance(found, list):
        return frozenset()
    return frozenset(str(each) for each in found if str(each).isdigit())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
