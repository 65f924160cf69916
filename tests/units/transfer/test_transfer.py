"""Conversations as files: nothing is lost, and what is broken is refused with its line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import ThreadKey
from bot.errors import ImportRefused
from bot.records import Entry, Summary, Tally
from bot.transfer import ThreadRecord, export_json, export_lines, export_markdown, read_export

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
COUNTS = st.integers(min_value=0, max_value=10**12)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)

ENTRIES = st.builds(
    Entry,
    role=st.sampled_from(["user", "assistant", "context"]),
    text=TEXTS,
    at=st.floats(min_value=0, max_value=4e9),
    author_id=TEXTS,
    author=TEXTS,
    message_ids=st.lists(IDS, max_size=3).map(tuple),
    tokens=COUNTS,
    interrupted=st.booleans(),
    turn=TEXTS,
)


@st.composite
def records(draw: st.DrawFn) -> ThreadRecord:
    """Any thread that the store could hold."""
    entries = draw(st.lists(ENTRIES, max_size=5))
    numbers = sorted(
        draw(st.sets(st.integers(1, 50), min_size=len(entries), max_size=len(entries)))
    )
    kept = tuple(replace(entry, seq=seq) for entry, seq in zip(entries, numbers, strict=True))
    text = draw(TEXTS)
    upto = draw(st.integers(0, numbers[-1] if numbers else 0))
    return ThreadRecord(
        ThreadKey(*(draw(IDS) for _ in range(4))),
        Summary(text, upto, 1 if text else 0, draw(st.sampled_from(["", "model", "extract"]))),
        draw(st.dictionaries(IDS, TEXTS, max_size=3)),
        Tally(*(draw(COUNTS) for _ in range(7))),
        kept,
    )


async def _streamed(all_records: list[ThreadRecord]) -> str:
    async def entries(record: ThreadRecord) -> AsyncIterator[Entry]:
        for entry in record.entries:
            yield entry

    async def threads() -> AsyncIterator[tuple[ThreadRecord, AsyncIterator[Entry]]]:
        for record in all_records:
            yield replace(record, entries=()), entries(record)

    return "".join([line async for line in export_lines(threads())])


@given(st.lists(records(), max_size=3, unique_by=lambda record: record.thread))
def test_what_is_written_is_read_back(all_records: list[ThreadRecord]) -> None:
    text = asyncio.run(_streamed(all_records))
    assert read_export(text) == all_records
    assert text.isascii()
    for number, line in enumerate(text.splitlines()[1:-1], start=2):
        json.loads(line.removesuffix(",")), number


@given(records())
def test_one_thread_in_memory_is_the_same_file(record: ThreadRecord) -> None:
    assert read_export(export_json(record)) == [record]
    assert export_markdown(record).startswith("# Conversation ")


@given(records(), st.data())
def test_a_mutated_file_is_read_or_refused(record: ThreadRecord, data: st.DataObject) -> None:
    text = export_json(record)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 6))
        put = data.draw(
            st.sampled_from(["", "0", '"', "[", "]", "{", "}", ",", "\n", "-1", "null"])
        )
        text = text[:at] + put + text[at + cut :]
    try:
        read_export(text)
    except ImportRefused as error:
        assert error.line is not None
        assert 1 <= error.line <= text.count("\n") + 1


@given(st.text(max_size=60))
def test_any_text_is_refused_or_empty(text: str) -> None:
    try:
        assert read_export(text) == []
    except ImportRefused as error:
        assert str(error).startswith(f"line {error.line}: ")


HEAD = '[\n{"format": "bobbin.threads", "version": 1},\n'
THREAD = '{"kind": "thread", "thread": "a:b:c:d"}'
ENTRY = '{"kind": "entry", "seq": 1, "role": "user", "text": "x", "at": 1.0}'


@pytest.mark.parametrize(
    ("rest", "line", "complaint"),
    [
        (f"{ENTRY}\n]", 3, "an entry comes before any thread"),
        (f"{THREAD},\n{ENTRY},\n{ENTRY}\n]", 5, "the entries' seq does not rise"),
        (f"{THREAD},\n{THREAD}\n]", 4, "the same thread comes twice"),
        (THREAD.replace("a:b:c:d", "a:b") + "\n]", 3, "not a thread key"),
        (THREAD.replace("}", ', "summary_upto": 1}') + "\n]", 3, "summary_upto is past"),
        (THREAD.replace("}", ', "sum": 1}') + "\n]", 3, "sum: Extra inputs"),
        (f"{THREAD},\n{ENTRY.replace('1.0', 'NaN')}\n]", 4, "at: "),
        (f"{THREAD},\n{ENTRY.replace('user', 'system')}\n]", 4, "role: "),
        (f"{THREAD}\n] []", 4, "something follows"),
        (f"{THREAD}", 3, "the file ends in the middle"),
        ("[" * 100_000, 3, "nested too deeply"),
        ('{\n}\n,\n{\n"kind": thread\n}\n]', 3, "Unable to extract tag"),
        (f'{THREAD},\n{{\n"kind": entry\n}}\n]', 5, "not valid JSON"),
        ("9" * 5000 + "\n]", 3, "a number is too long"),
    ],
)
def test_faults_are_named_with_their_line(rest: str, line: int, complaint: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        read_export(HEAD + rest)
    assert caught.value.line == line
    assert complaint in str(caught.value)
