"""How many tables a message may hold, and how large they may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.simulators.slack_sim.errors import ApiError

MOST_ROWS = 100
MOST_COLUMNS = 20

_DASHES = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")


def check_tables(markdown: Iterable[str], blocks: Iterable[Any] = ()) -> None:
    """Refuse a message with more than one table, or with one that is too large.

    Raises:
        ApiError: ``invalid_blocks``.
    """
    found = [size for text in markdown for size in _in_markdown(text)]
    found += [_size(block) for block in blocks if _is_table(block)]
    if len(found) > 1:
        raise _refuse("only one table is allowed in a message", "only_one_table_allowed")
    for rows, columns in found:
        if rows > MOST_ROWS:
            raise _refuse(f"a table of {rows} rows, {MOST_ROWS} are allowed")
        if columns > MOST_COLUMNS:
            raise _refuse(f"a table of {columns} columns, {MOST_COLUMNS} are allowed")


def _is_table(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "table"


def _size(block: dict[str, Any]) -> tuple[int, int]:
    rows = block.get("rows")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        raise _refuse("a table without rows")
    return len(rows), max(map(len, rows))


def _in_markdown(text: str) -> Iterator[tuple[int, int]]:
    """Rows and columns of each table in standard Markdown, code left out."""
    lines = re.sub(r"(?ms)^[ >]*(```+|~~~+).*?(^[ >]*\1|\Z)", "", text).split("\n")
    at = 1
    while at < len(lines):
        if "|" in lines[at - 1] and "|" in lines[at] and _DASHES.match(lines[at]):
            first, columns = at, len(re.findall(r"-+", lines[at]))
            while at + 1 < len(lines) and "|" in lines[at + 1]:
                at += 1
            yield at - first + 1, columns
        at += 1


def _refuse(sentence: str, code: str = "invalid_blocks") -> ApiError:
    return ApiError("invalid_blocks", messages=(f"[ERROR] {code}",), violation=sentence)
