"""One store for a test process, one API server for a module."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.servers import Valkey, valkey_server
from tests.units.api.site import Site, running


@pytest.fixture(scope="session")
def server() -> Iterator[Valkey]:
    """The store."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as directory,
        valkey_server(Path(directory)) as server,
    ):
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(server: Valkey) -> AsyncIterator[Site]:
    """The API in front of it; tests tell each other apart by fresh people."""
    async with running(server.url) as site:
        yield site
