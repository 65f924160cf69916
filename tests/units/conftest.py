"""One server for each worker, which tests empty before they begin."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Valkey, valkey_server


@pytest.fixture(scope="session")
def server() -> Iterator[Valkey]:
    """The server, without persistence."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as directory,
        valkey_server(Path(directory)) as running,
    ):
        yield running
