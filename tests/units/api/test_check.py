"""What doctor says about the port."""

from __future__ import annotations

import socket

import pytest

from bot.api.check import check_api
from tests.servers import free_port
from tests.units.api.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_doctor_looks_at_the_port(site: Site) -> None:
    assert "off" in (await check_api("127.0.0.1", None, None)).detail
    free = await check_api("127.0.0.1", free_port(), None)
    assert free.ok and free.detail.endswith("which is free")
    running = await check_api("127.0.0.1", int(site.url.rpartition(":")[2]), None)
    assert running.ok and "a bot answers at http:" in running.detail
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken = await check_api("127.0.0.1", other.getsockname()[1], None)
    assert not taken.ok and "BOBBIN_API_PORT" in taken.fix


async def test_doctor_warns_of_tokens_that_travel_unprotected() -> None:
    wide = await check_api("0.0.0.0", 0, None)
    assert wide.ok and "TLS" in wide.detail
    proxied = await check_api("0.0.0.0", 0, "https://bobbin.example.com")
    assert "TLS" not in proxied.detail
