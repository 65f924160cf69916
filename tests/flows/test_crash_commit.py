"""kill -9 when an answer stands and is about to be committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.storage.connect import open_redis
from tests.flows.look import stored
from tests.flows.process import open_slack_town, open_town
from tests.flows.program import PATIENCE
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."
OTHER = f"{BEGINNING} and this is another end."


LEASE = {"BOBBIN_LEASE_SECONDS": "8"}
"""Long enough for the last edit: without word of the store only a part of it is written in."""


def cut_short() -> Answer:
    """An answer that waits after its beginning."""
    return Answer([BEGINNING, " and this is the end."]).hold(after=1)


class Writes:
    """A store that takes no writes for a while: what is sent waits there, and is dropped when its
    sender dies.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    async def pause(self) -> None:
        """From now on."""
        await self._client.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")

    async def until(self, waiting: bool) -> None:
        """Until somebody waits to have something written, or nobody does any more."""
        async with asyncio.timeout(PATIENCE):
            while any("b" in each["flags"] for each in await self._clients()) is not waiting:
                pass

    async def resume(self) -> None:
        """As before."""
        await self._client.execute_command("CLIENT", "UNPAUSE")

    async def _clients(self) -> list[dict[str, str]]:
        return await self._client.client_list()


@asynccontextmanager
async def writes(server: Valkey) -> AsyncIterator[Writes]:
    """The switch for a server's writes; on again at the end."""
    client: Any = open_redis(server.url)
    found = Writes(client)
    try:
        yield found
    finally:
        await found.resume()
        await client.aclose()


async def until_noted(server: Valkey, message: str) -> None:
    """Until the store knows of a message; before, nothing more would be written without it."""
    async with asyncio.timeout(PATIENCE):
        while message not in await stored(server):
            pass


async def test_killed_before_the_commit_on_discord(server: Valkey, tmp_path: Path) -> None:
    async with open_town(server, tmp_path) as town, writes(server) as store:
        working = await town.bot(**LEASE)
        openai = town.stage.openai
        held = cut_short()
        openai.script.extend([held, Answer(OTHER)])
        thread = await town.thread(await town.ask("say it all"))
        await town.until_said(thread, BEGINNING)
        [half] = town.sim.messages(thread, by=town.sim.bot)
        await until_noted(server, str(half.id))
        await store.pause()
        held.release_all()
        await town.until_said(thread, WHOLE)
        await town.sim.until(lambda: all(r.status for r in town.sim.requests if r.route == EDIT))
        await store.until(waiting=True)
        await working.kill()
        await store.until(waiting=False)
        await store.resume()
        await town.bot()
        await town.until_said(thread, OTHER)
        await town.settled(thread)
        assert town.sim.messages(thread, by=town.sim.bot)[0] is half
        assert len(town.said(thread)) == 2
        assert openai.chats[-1].texts("assistant") == [OTHER]


async def test_killed_before_the_commit_on_slack(server: Valkey, tmp_path: Path) -> None:
    async with open_slack_town(server, tmp_path) as town, writes(server) as store:
        working = await town.bot(**LEASE)
        here = town.here
        held = cut_short()
        here.openai.script.extend([held, Answer(OTHER)])
        root = here.ask(here.ada, "say it all")
        await town.until_said(root, BEGINNING)
        [half] = here.sim.replies(root)
        await here.sim.settled()
        await until_noted(server, half.ts)
        await store.pause()
        held.release_all()
        await town.until_said(root, WHOLE)
        await here.sim.until(lambda: all(call.status for call in here.sim.calls("chat.update")))
        await store.until(waiting=True)
        await town.kill(working)
        await store.until(waiting=False)
        await store.resume()
        await town.bot()
        await town.until_said(root, OTHER)
        await town.settled(root)
        assert here.sim.replies(root)[0] is half
        assert len(here.said(root)) == 2
        assert here.openai.chats[-1].texts("assistant") == [OTHER]
