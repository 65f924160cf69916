"""Memories of every kind, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.chat import ThreadKey
from bot.memories import Kind, Memory, MemoryText, Person, Scope, Source, Status, Via

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
"""Any Unicode: control characters, line separators, astral ones and combining ones among it."""

TIMES = st.floats(min_value=0, max_value=4e9, allow_subnormal=False).map(abs)
IDS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26).map("mem_{}".format)
PERSONS = st.builds(Person, WORDS, WORDS, WORDS)
THREADS = st.builds(ThreadKey, WORDS, WORDS, WORDS, WORDS)
SCOPES = st.one_of(
    PERSONS.map(Scope.of_person),
    st.builds(Scope.of_direct, WORDS, WORDS, WORDS),
    THREADS.map(Scope.of_thread),
    st.builds(Scope.of_channel, WORDS, WORDS, WORDS),
    st.builds(Scope.of_workspace, WORDS, WORDS),
)
MEMORIES = st.builds(
    Memory,
    id=IDS,
    text=st.builds(
        MemoryText,
        content=WORDS,
        kind=st.sampled_from(Kind),
        tags=st.lists(WORDS, max_size=8).map(tuple),
        subject=st.one_of(st.just(""), WORDS),
        pinned=st.booleans(),
        event_at=st.one_of(TIMES, st.floats(-6e10, -1.0)),
        expires_at=TIMES,
    ),
    scope=SCOPES,
    source=st.builds(
        Source,
        via=st.sampled_from(Via),
        author=st.one_of(st.none(), PERSONS),
        thread=st.one_of(st.none(), THREADS),
        message_ids=st.lists(WORDS, max_size=3).map(tuple),
        link=st.one_of(st.just(""), WORDS),
        former=st.lists(PERSONS, max_size=2).map(tuple),
    ),
    status=st.sampled_from(Status),
    confirmed=st.booleans(),
    supersedes=st.lists(IDS, max_size=2).map(tuple),
    superseded_by=st.one_of(st.just(""), IDS),
    was_archived=st.booleans(),
    created_at=TIMES,
    updated_at=TIMES,
    used_at=TIMES,
    uses=st.integers(0, 2**48 - 1),
    version=st.integers(1, 2**48 - 1),
)
