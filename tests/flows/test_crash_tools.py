"""kill -9 while a tool is called: a successor makes the call again, under the same name."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.flows.dice import RESPONSES, throw
from tests.flows.process import LEASE_SECONDS, open_town
from tests.flows.program import PATIENCE, environment
from tests.flows.tooled import ToolProcess
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEFORE = "Let me throw one of my own dice for you, Ada."


async def test_killed_during_a_tool(server: Valkey, tmp_path: Path) -> None:
    keys: asyncio.Queue[str] = asyncio.Queue()
    gate = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        keys.put_nowait((await reader.readline()).decode())
        await gate.wait()
        writer.write(b"shows 3\n")
        writer.close()

    async with (
        await asyncio.start_server(serve, "127.0.0.1", 0) as listener,
        open_town(server, tmp_path, extra=RESPONSES) as town,
    ):
        port = listener.sockets[0].getsockname()[1]
        lease = {"BOBBIN_LEASE_SECONDS": LEASE_SECONDS}
        env = environment(tmp_path, town.stage.environment(), lease)

        async def start() -> ToolProcess:
            sessions = len(town.sim.identifies)
            process = await ToolProcess.fork(tmp_path, str(port), env=env)
            town.bots.append(process)
            await town.sim.until(lambda: len(town.sim.identifies) > sessions, PATIENCE)
            return process

        process = await start()
        town.stage.openai.script.extend([Answer([BEFORE, throw(6)])] * 2 + [Answer("A three.")])
        thread = await town.thread(await town.ask("throw a die"))
        first = await asyncio.wait_for(keys.get(), PATIENCE)
        await town.until_said(thread, BEFORE)
        await process.kill()
        gate.set()
        await start()
        assert await asyncio.wait_for(keys.get(), PATIENCE) == first
        await town.until_said(thread, f"{BEFORE}\n\nA three.")
        await town.settled(thread)
        assert keys.empty()
