"""Stored forms: what goes in comes out, and what cannot be read is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.attached import AttachedAs, Attachment
from bot.chat import Author, Incoming, MessageRef, Spot, ThreadKey
from bot.errors import StoreMismatch
from bot.records import Entry, Summary, Tally
from bot.storage import codec
from bot.storage.reading import read_tally, tally_figures
from bot.storage.scripts import SCRIPTS
from bot.storage.types import Draft, Leftover

anything = st.text(st.characters(exclude_categories=()), max_size=30)
ids = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=10)
refs = st.builds(MessageRef, anything, anything)
times = st.floats(0, 4e9)
attachments = st.builds(
    Attachment,
    name=anything,
    media_type=anything,
    size=st.integers(0, 2**40),
    url=anything,
    id=anything,
    space=anything,
    channel=anything,
    message=anything,
    kind=st.sampled_from(AttachedAs),
    origin=anything,
)
incoming = st.builds(
    Incoming,
    event_id=anything,
    thread=st.builds(ThreadKey, ids, ids, ids, ids),
    ref=refs,
    author=st.builds(Author, anything, anything, st.booleans()),
    text=anything,
    at=times,
    position=st.integers(0, 2**63),
    addressed=st.booleans(),
    mentioned=st.booleans(),
    direct=st.booleans(),
    joins=st.booleans(),
    loose=st.booleans(),
    attachments=st.lists(attachments, max_size=2).map(tuple),
)
entries = st.builds(
    Entry,
    role=st.sampled_from(codec.ROLES),
    text=anything,
    at=times,
    author_id=anything,
    author=anything,
    message_ids=st.lists(anything, max_size=3).map(tuple),
    tokens=st.integers(0, 10**6),
    interrupted=st.booleans(),
    turn=anything,
    seq=st.integers(1, 10**9),
    enclosed=st.lists(anything, max_size=2).map(tuple),
)
drafts = st.builds(
    Draft,
    spot=st.none() | st.builds(Spot, anything, st.none() | anything),
    refs=st.lists(refs, max_size=3).map(tuple),
    note=anything,
    posting=st.booleans(),
)
summaries = st.builds(
    Summary,
    text=anything,
    upto=st.integers(0, 10**9),
    version=st.integers(0, 10**9),
    made_by=st.sampled_from(("model", "extract")),
)


@given(incoming)
def test_messages_come_back(event: Incoming) -> None:
    assert codec.load_incoming(codec.dump_incoming(event)) == event


@given(entries)
def test_entries_come_back(entry: Entry) -> None:
    assert codec.load_entry(codec.dump_entry(entry), entry.seq) == entry


@given(drafts)
def test_drafts_come_back(draft: Draft) -> None:
    assert codec.load_draft(codec.dump_draft(draft)) == draft


@given(summaries)
def test_summaries_come_back(summary: Summary) -> None:
    again = codec.load_summary(codec.dump_summary(summary), summary.upto, summary.version)
    expected = summary if summary.text else Summary("", summary.upto, summary.version)
    assert again == expected


@given(st.lists(st.integers(-(2**60), 2**60), min_size=7, max_size=7))
def test_tallies_come_back(figures: list[int]) -> None:
    tally = Tally(*figures)
    assert read_tally([str(figure).encode() for figure in tally_figures(tally)]) == tally


def test_scripts_count_as_many_figures_as_a_tally_has() -> None:
    assert f"local FIGURES = {len(codec.TALLY_FIELDS)}\n" in SCRIPTS["commit"].text


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"{}", b'{"event":1}', b'{"role":"god"}', b"\xff\xfe"]
)
def test_unreadable_data_is_told(raw: bytes) -> None:
    with pytest.raises(StoreMismatch):
        codec.load_incoming(raw)
    with pytest.raises(StoreMismatch):
        codec.load_entry(raw, 1)


@pytest.mark.parametrize("raw", [b"{", b'{"spot":[1,2,3,4]}', b'{"refs":[1]}', b'{"refs":1}'])
def test_unreadable_drafts_are_told(raw: bytes) -> None:
    with pytest.raises(StoreMismatch):
        codec.load_draft(raw)


def test_where_a_draft_is_comes_back_and_an_older_one_is_read() -> None:
    spot = Spot("C1", "1.2", space="T1", asked="1.25")
    ref = MessageRef("C1", "1.3", space="T1")
    again = codec.load_draft(codec.dump_draft(Draft(spot, (ref,))))
    assert again.spot is not None
    assert (again.spot.space, again.refs[0].space) == ("T1", "T1")
    assert again.spot.asked == "1.25"
    older = codec.load_draft(b'{"spot":["C1","1.2"],"refs":[["C1","1.3"]]}')
    # Which workspace it is in is not what a message is known by.
    assert older == again
    assert older.spot is not None and older.spot.asked == ""
    assert older.refs[0].space == ""
    left = Leftover(ThreadKey("slack", "T1", "C1", "1.2"), ref)
    assert codec.load_leftover(codec.dump_leftover(left)).ref.space == "T1"


def test_unknown_fields_are_passed_over() -> None:
    raw = b'{"role":"user","text":"hi","later":{"x":1}}'
    assert codec.load_entry(raw, 5) == Entry("user", "hi", 0, seq=5)
