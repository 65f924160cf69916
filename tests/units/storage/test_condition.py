"""What doctor says of a Redis that is not as it should be."""

from __future__ import annotations

import pytest

from bot.storage.condition import _dangers


@pytest.mark.parametrize(
    ("version", "old"), [("6.2.14", True), ("7.0.0", False), ("8.10.1", False)]
)
def test_a_server_that_knows_too_little_is_told(version: str, old: bool) -> None:
    said = [what for what, _ in _dangers({"redis_version": version})]
    assert any(version in what for what in said) is old
