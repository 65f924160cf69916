"""kill -9 between a fold and what is remembered of it: the next answer remembers it, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.flows.process import open_town
from tests.flows.program import PATIENCE
from tests.flows.test_captured import KEPT, SAID, SMALL, folds, proposing
from tests.flows.weavers import panel
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

ROW = "one more row: " + "weft over warp " * 90


@asynccontextmanager
async def _silent() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A service that never answers: its address, and when somebody has asked it."""
    asked = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}/v1", asked
    finally:
        server.close()


async def test_what_a_fold_has_proposed_outlives_its_process(
    server: Valkey, tmp_path: Path
) -> None:
    async with _silent() as (url, searching), open_town(server, tmp_path, extra=SMALL) as town:
        sim, openai = town.sim, town.stage.openai
        openai.behaviour = lambda request: Answer(f"To: {request.last_user_text[:60]}")
        openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        # What is alike is looked for before anything is remembered, and that takes seconds here.
        await town.bot(BOBBIN_EMBEDDINGS="openai", OPENAI_EMBEDDING_BASE_URL=url)
        boss = sim.world.users[sim.world.guilds[town.general.guild.id].owner_id]
        call = await sim.slash(town.general, boss, "settings", memory="on")
        assert "remember by myself" in (await call.answered()).content
        thread = await town.thread(await town.ask(SAID))
        for number in range(1, 5):
            await sim.until(lambda number=number: len(town.said(thread)) == number, PATIENCE)
            if any(map(folds, openai.chats)):
                break
            await sim.say(thread, town.ada, ROW)
        await asyncio.wait_for(searching.wait(), PATIENCE)
        await town.bots[-1].kill()

        def told() -> list[str]:
            shown = [panel(each) for each in sim.messages(thread, by=sim.bot)]
            return [text for text in shown if KEPT in text]

        assert told() == []
        await town.stage.start()
        await sim.say(thread, town.ada, "and the colour?")
        await sim.until(told, PATIENCE)
        assert "🧠" in told()[0]
