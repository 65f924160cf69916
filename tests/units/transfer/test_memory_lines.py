"""Memories as NDJSON: nothing is lost, and a line that is none is told apart with its number."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.memories import Memory
from bot.memory.formats.items import Broken, Kept
from bot.memory.formats.lines import header_line, memory_line
from bot.memory.formats.native import read_lines
from tests.examples import examples
from tests.payloads.mutations import ODD, mutated
from tests.units.transfer.samples import MEMORIES

ELEMENT: dict[str, Any] = {
    "id": "mem_01KBZ3V8Q4M7N2P5R6S9T1W0XY",
    "content": "Looms are oiled on Mondays.",
    "kind": "decision",
    "tags": ["looms", "oil"],
    "subject": "looms",
    "pinned": True,
    "event_at": 1764547200.0,
    "expires_at": 0.0,
    "scope": "channel:slack:T0WEAVERS1:C0GENERAL1::",
    "source": {
        "via": "command",
        "author": "slack:T0WEAVERS1:U0ADALOOM1",
        "thread": "slack:T0WEAVERS1:C0GENERAL1:1732700000.000100",
        "message_ids": ["1732700000.000100"],
        "link": "",
        "former": ["slack:T0WEAVERS1:U0BEN"],
        "also": ["slack:T0WEAVERS1:U0CARA"],
        "confined": True,
    },
    "status": "active",
    "confirmed": True,
    "supersedes": ["mem_01KBZ3V8Q4M7N2P5R6S9T1W0XX"],
    "superseded_by": "",
    "was_archived": False,
    "created_at": 1764547200.5,
    "updated_at": 1764547200.5,
    "used_at": 0.0,
    "uses": 3,
    "version": 2,
}


def written(*elements: object) -> list[tuple[int, str]]:
    """The numbered lines of a file with these elements after its header."""
    lines = [header_line(), *(json.dumps(each) for each in elements)]
    return list(enumerate(lines, start=1))


@given(st.lists(MEMORIES, max_size=4))
@examples(40)
def test_what_is_written_is_read_back_and_written_the_same(memories: list[Memory]) -> None:
    lines = [header_line(), *map(memory_line, memories)]
    text = "".join(lines)
    assert text.isascii() and text.splitlines(keepends=True) == lines
    read = list(read_lines(enumerate(lines, start=1)))
    assert read == [Kept(f"line {n}", each) for n, each in enumerate(memories, start=2)]
    again = [memory_line(each.memory) for each in read if isinstance(each, Kept)]
    assert again == lines[1:]


def test_every_part_of_a_line_is_read() -> None:
    [kept] = read_lines(written(ELEMENT))
    assert isinstance(kept, Kept)
    assert json.loads(memory_line(kept.memory)) == ELEMENT


@given(mutated((ELEMENT,), others=("superseded", "user:slack:T0WEAVERS1:::U1", "mem_1")))
@examples(100)
def test_any_line_is_read_whole_or_named(element: Any) -> None:
    [item] = read_lines(written(element))
    if isinstance(item, Broken):
        assert item.where == "line 2" and item.why
        return
    line = memory_line(item.memory)
    again = list(read_lines(enumerate([header_line(), line], start=1)))
    assert again == [item]
    assert all(json.loads(line)[name] == element[name] for name in element if name != "source")


@given(st.binary(max_size=200))
def test_any_bytes_after_the_header_are_named(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for item in read_lines(written("x")[:1] + list(enumerate(text.split("\n"), start=2))):
        assert isinstance(item, Broken) and item.where.startswith("line ")


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_a_part_that_no_memory_has_is_refused(odd: object) -> None:
    [item] = read_lines(written({**ELEMENT, "more": odd}))
    assert isinstance(item, Broken) and "more" in item.why


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ('{"format": "bobbin.memory", "version": 2}', "later version"),
        ('{"format": "bobbin.threads", "version": 1}', "does not begin with"),
        (json.dumps(ELEMENT), "does not begin with"),
        ("[", "not valid JSON"),
    ],
    ids=["later", "threads", "none", "json"],
)
def test_a_wrong_first_line_is_told_once(first: str, why: str) -> None:
    [item] = read_lines([(1, ""), (2, first), (3, "more"), (4, "and more")])
    assert isinstance(item, Broken) and item.where == "line 2" and why in item.why


def test_every_bad_line_is_told_and_the_good_ones_are_read() -> None:
    items = list(read_lines(written(ELEMENT, 5, ELEMENT, {**ELEMENT, "uses": -1})))
    told = [each.where for each in items if isinstance(each, Broken)]
    assert told == ["line 3", "line 5"] and len(items) == 4


def test_an_empty_file_is_no_export() -> None:
    assert list(read_lines([])) == [Broken("line 1", "the file is empty")]
