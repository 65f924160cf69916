"""Health and metrics over HTTP: what is answered, to whom, and within which bounds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from bot.connections import Bounds
from bot.errors import SettingsError
from bot.ops.check import check_http
from bot.ops.health import Health
from bot.ops.metrics import Metrics
from bot.ops.probes import BOUNDS, listening
from tests.servers import free_port


@dataclass(slots=True)
class Served:
    """What is served, and where."""

    health: Health
    metrics: Metrics
    host: str
    port: int
    session: aiohttp.ClientSession

    async def ask(self, path: str, method: str = "GET", **extra: object) -> tuple[int, str]:
        """Status and body."""
        url = f"http://{self.host}:{self.port}{path}"
        async with self.session.request(method, url, **extra) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.text()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    health, metrics = Health(time.monotonic), Metrics("1.2.3")
    async with (
        listening("127.0.0.1", 0, health, metrics) as (host, port),
        aiohttp.ClientSession() as session,
    ):
        yield Served(health, metrics, host, port, session)


async def store_answers() -> None:
    """It does."""


async def test_alive_and_ready(served: Served) -> None:
    assert await served.ask("/healthz") == (200, '{"alive": true, "faults": {}}\n')
    status, body = await served.ask("/readyz")
    assert status == 503
    assert json.loads(body) == {
        "ready": False,
        "waiting_for": {"store": "not reached yet", "model": "not reached yet"},
    }
    served.health.stored_in(store_answers)
    served.health.model_answered()
    assert await served.ask("/readyz") == (200, '{"ready": true, "waiting_for": {}}\n')
    served.health.draining = True
    assert (await served.ask("/readyz"))[0] == 503
    assert (await served.ask("/healthz"))[0] == 200


async def test_dead_when_a_chore_has_ended(served: Served) -> None:
    over = asyncio.create_task(store_answers())
    await over
    served.health.chores({"sweep": over})
    status, body = await served.ask("/healthz")
    assert (status, json.loads(body)["faults"]) == (503, {"sweep": "has ended"})


async def test_metrics_in_both_formats(served: Served) -> None:
    status, text = await served.ask("/metrics")
    assert status == 200
    assert 'bobbin_info{version="1.2.3"} 1.0' in text
    assert 'bobbin_ready{part="store"} 0.0' in text
    assert "_created" not in text
    wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
    status, text = await served.ask("/metrics", headers=wanted)
    assert status == 200 and text.endswith("# EOF\n")


async def test_only_reading_is_possible(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert (await served.ask("/metrics", method))[0] == 405
    assert await served.ask("/metrics", "HEAD") == (200, "")
    assert (await served.ask("/"))[0] == 404
    assert (await served.ask("/healthz/../metrics/x"))[0] == 404
    status, _ = await served.ask("/healthz", headers={"X": "x" * 10_000})
    assert status == 400


async def test_connections_are_bounded(served: Served) -> None:
    """The one that has been silent longest makes room, and each serves one request."""
    idle = [await asyncio.open_connection(served.host, served.port) for _ in range(BOUNDS.most)]
    late = await asyncio.open_connection(served.host, served.port)
    assert await idle[0][0].read() == b""
    for reader, writer in (idle[1], late):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
    for _, other in [*idle, late]:
        other.close()
        await other.wait_closed()


async def test_a_silent_connection_is_cut() -> None:
    quick = Bounds(most=2, head=0.05, idle=0.05)
    health, metrics = Health(time.monotonic), Metrics()
    async with listening("127.0.0.1", 0, health, metrics, quick) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_a_port_in_use_is_told_with_the_variable_to_change(served: Served) -> None:
    with pytest.raises(SettingsError) as told:
        async with listening(served.host, served.port, served.health, served.metrics):
            raise AssertionError("it must not start")
    [problem] = told.value.problems
    assert problem.variable == "BOBBIN_HTTP_PORT"
    assert f"{served.host}:{served.port} cannot be listened on (" in problem.wrong
    assert "Choose a free port" in problem.fix


async def test_an_address_that_is_not_of_this_machine() -> None:
    with pytest.raises(SettingsError, match="BOBBIN_HTTP_PORT"):
        async with listening("192.0.2.1", 9400, Health(time.monotonic), Metrics()):
            raise AssertionError("it must not start")


async def test_doctor_looks_at_the_port(served: Served) -> None:
    assert (await check_http("127.0.0.1", None)).ok
    free = await check_http("127.0.0.1", free_port())
    assert free.ok and free.detail.endswith("which is free")
    wide = await check_http("0.0.0.0", 0)
    assert "open to the network" in wide.detail
    running = await check_http(served.host, served.port)
    assert running.ok and "a bot answers" in running.detail
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        other.settimeout(50)
        port: int = other.getsockname()[1]
        looking = asyncio.create_task(check_http("127.0.0.1", port))
        taken, _ = await asyncio.to_thread(other.accept)
        taken.close()
        other.close()
        found = await looking
    assert not found.ok and "BOBBIN_HTTP_PORT" in found.fix
    beyond = await check_http("127.0.0.1", 70_000)
    assert not beyond.ok and "cannot be listened on" in beyond.detail
