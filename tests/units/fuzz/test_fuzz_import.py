"""Any export, whatever was done to it: read whole, or refused whole with the line of its fault."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ImportRefused
from bot.transfer import ThreadRecord, export_json, export_markdown, read_export
from tests.examples import examples
from tests.payloads.mutations import ODD, mutated

LARGEST = 2**48 - 1

HEADER: dict[str, Any] = {"format": "bobbin.threads", "version": 1}
HEAD: dict[str, Any] = {
    "kind": "thread",
    "thread": "slack:T0WEAVERS1:C0GENERAL1:1732700000.000100",
    "summary": "Ada asked for shafts.",
    "summary_upto": 2,
    "summary_by": "model",
    "names": {"U0ADALOOM1": "Ada"},
    "turns": 1,
    "prompt": 2000,
    "cached": 1024,
    "completion": 50,
    "cost_micros": 1200,
    "unpriced": 0,
    "estimated": 0,
}
SAID: dict[str, Any] = {
    "kind": "entry",
    "seq": 1,
    "role": "user",
    "text": "how many shafts?\nand why?",
    "at": 1732700000.0001,
    "author_id": "U0ADALOOM1",
    "author": "Ada",
    "message_ids": ["1732700000.000100"],
    "tokens": 7,
    "interrupted": False,
    "turn": "",
}
ANSWERED = {**SAID, "seq": 2, "role": "assistant", "author": "", "author_id": "", "turn": "abc"}
OTHER = {**HEAD, "thread": "discord:1:2:3", "summary": "", "summary_upto": 0, "summary_by": ""}
FILES: Sequence[Any] = (
    {"elements": [HEADER, HEAD, SAID, ANSWERED]},
    {"elements": [HEADER, HEAD, SAID, ANSWERED, OTHER, {**SAID, "seq": 9}]},
    {"elements": [HEADER]},
)


def written(elements: Sequence[Any], layout: int) -> str:
    """A file with these elements: as we write it, in one line, or as an editor would lay it out."""
    match layout:
        case 0:
            return "[\n" + ",\n".join(json.dumps(element) for element in elements) + "\n]\n"
        case 1:
            return json.dumps(elements)
        case _:
            return json.dumps(elements, indent=2)


def taken(text: str) -> list[ThreadRecord] | None:
    """What is read of a file; None when it is refused, with a line that it has."""
    try:
        return read_export(text)
    except ImportRefused as error:
        assert error.line is not None
        assert 1 <= error.line <= text.count("\n") + 1
        assert str(error).encode().startswith(f"line {error.line}: ".encode())
        return None


def is_sound(record: ThreadRecord) -> bool:
    """No number in it that the store's scripts could not count with."""
    figures = record.tally
    numbers = (
        *(entry.seq for entry in record.entries),
        *(entry.tokens for entry in record.entries),
        record.summary.upto,
        figures.turns,
        figures.prompt,
        figures.cached,
        figures.completion,
        figures.cost_micros,
    )
    return all(0 <= number <= LARGEST for number in numbers)


@given(mutated(FILES, others=("assistant", "context", LARGEST, LARGEST + 1)), st.integers(0, 2))
@examples(80)
def test_any_export_is_read_whole_or_refused_with_its_line(file: Any, layout: int) -> None:
    elements = file.get("elements") if isinstance(file, dict) else file
    if not isinstance(elements, list):
        elements = [elements]
    records = taken(written(elements, layout))
    if records is None:
        return
    threads = [each for each in elements if isinstance(each, dict) and each.get("kind") == "thread"]
    entries = [each for each in elements if isinstance(each, dict) and each.get("kind") == "entry"]
    assert len(records) == len(threads)
    assert (
        sum(len(record.entries) for record in records)
        == len(entries)
        == (len(elements) - 1 - len(threads))
    )
    assert len({record.thread for record in records}) == len(records)
    for record in records:
        assert is_sound(record)
        assert read_export(export_json(record)) == [record]
        assert export_markdown(record).startswith("# Conversation ")


@given(
    st.sampled_from(FILES),
    st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 12), st.binary(max_size=4)), max_size=4
    ),
)
@examples(60)
def test_any_bytes_are_read_or_refused_with_their_line(
    file: Any, changes: list[tuple[int, int, bytes]]
) -> None:
    data = written(file["elements"], 0).encode()
    for at, cut, put in changes:
        at %= len(data) + 1
        data = data[:at] + put + data[at + cut :]
    taken(data.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("seq", LARGEST + 1),
        ("seq", 10**40),
        ("tokens", LARGEST + 1),
        ("at", 1e300),
        ("at", 253402300800.0),
    ],
)
def test_an_entry_that_nothing_could_hold_is_refused(place: str, value: object) -> None:
    text = written([HEADER, OTHER, {**SAID, place: value}], 0)
    with pytest.raises(ImportRefused) as caught:
        read_export(text)
    assert caught.value.line == 4
    assert place in str(caught.value)


@pytest.mark.parametrize("place", ["turns", "prompt", "cost_micros"])
def test_figures_that_nothing_could_count_are_refused(place: str) -> None:
    with pytest.raises(ImportRefused, match=place):
        read_export(written([HEADER, {**OTHER, place: 2**63}], 0))


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_a_field_of_any_name_and_value_is_refused(odd: object) -> None:
    text = written([HEADER, {**HEAD, str(odd)[:100]: odd}, SAID, ANSWERED], 0)
    if str(odd)[:100] not in HEAD:
        assert taken(text) is None
