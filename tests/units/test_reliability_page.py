"""docs/reliability.md names tests that exist, at least one for every fault."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def defined_in(path: str) -> frozenset[str]:
    """The names of a file's tests."""
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, functions) and node.name.startswith("test_")
    )


def rows(page: str) -> Iterator[list[str]]:
    """The cells of each row of the tables."""
    for line in page.splitlines():
        if line.startswith("| ") and not line.startswith(("| ---", "| fault |", "| input |")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_tests_that_are_named_exist() -> None:
    assert [f"{path}::{name}" for path, name in NAMED if name not in defined_in(path)] == []


def test_every_fault_has_a_test() -> None:
    faults, _, _ = PAGE.partition("## The proof")
    found = [cells for cells in rows(faults) if len(cells) >= 3]
    assert len(found) > 30
    for cells in found:
        assert all(cells), cells
        assert "tests/" in cells[-1], cells


def test_nothing_is_named_that_is_not_checked() -> None:
    assert PAGE.count("::") == len(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))
