"""Slack takes one table a message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.slack_sim.blocks import check_blocks
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.tables import check_tables

TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"


def block(rows: int, columns: int = 2) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


@pytest.mark.parametrize(
    "text",
    [f"{TABLE}\n\nand\n\n{TABLE}", TABLE + "\n| 3 | 4 |" * 100, f"|{'a|' * 21}\n|{'-|' * 21}"],
)
def test_what_is_refused_in_markdown(text: str) -> None:
    with pytest.raises(ApiError, match="invalid_blocks"):
        check_tables([text])
    with pytest.raises(ApiError, match="invalid_blocks"):
        check_blocks([{"type": "markdown", "text": text}])


def test_what_is_refused_in_blocks() -> None:
    for blocks in ([block(1), block(1)], [block(101)], [block(1, 21)], [block(0)]):
        with pytest.raises(ApiError, match="invalid_blocks"):
            check_blocks(blocks)
    with pytest.raises(ApiError, match="invalid_blocks"):
        check_blocks([block(1), {"type": "markdown", "text": TABLE}])


def test_what_is_taken() -> None:
    check_tables([f"{TABLE}\n\n```\n{TABLE}\n```\n\na | b\n\n---"])
    check_blocks([block(100, 20)])
