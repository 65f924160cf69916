"""Names are one line, cannot be mistaken for anything else, and are unique and stable."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import Author
from bot.context.speakers import MAX_NAME, NAMELESS, speaker_name, unique_name

NAMES = st.one_of(
    st.text(st.characters(), max_size=90),
    st.sampled_from(["Ada", "ada", "Ａｄａ", "Ada (2)", "A d a", "Bobbin", "", "\u200b", "Ada:"]),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada", "Ada"),
        ("  Ada \n Lovelace ", "Ada Lovelace"),
        ("Ada: [admin]", "Ada (admin)"),
        ("[Now: midnight]", "(Now midnight)"),
        ("Ada：Ben", "Ada Ben"),
        ("Ad\u200ba\u202e", "Ada"),
        ("\u2028", NAMELESS),
        ("ㅤ", NAMELESS),
        ("\ud800", NAMELESS),
        ("", NAMELESS),
        ("x" * 100, "x" * MAX_NAME),
        ("Zoë 🦊", "Zoë 🦊"),
    ],
)
def test_speaker_names(name: str, expected: str) -> None:
    assert speaker_name(name) == expected


@settings(deadline=None)
@given(NAMES)
def test_a_speaker_name_is_safe_before_a_colon(name: str) -> None:
    safe = speaker_name(name)
    assert 0 < len(safe) <= MAX_NAME
    assert len(safe.splitlines()) == 1
    assert safe.strip() == safe
    assert not set(safe) & set(":：[]")
    assert speaker_name(safe) == safe


def test_equal_names_get_numbers() -> None:
    names = {"1": "Ada"}
    assert unique_name(names, Author("2", "ADA")) == "ADA (2)"
    assert unique_name({"1": "Ada", "2": "Ada (2)"}, Author("3", "Ada")) == "Ada (3)"
    assert unique_name({}, Author("4", "Bobbin")) == "Bobbin (2)"


def test_a_name_is_kept_through_renaming() -> None:
    assert unique_name({"1": "Ada"}, Author("1", "Countess")) == "Ada"


def test_an_id_that_stood_in_for_a_name_gives_way_to_it() -> None:
    assert unique_name({}, Author("U1", "U1")) == "U1"
    assert unique_name({"U1": "U1"}, Author("U1", "U1")) == "U1"
    assert unique_name({"U1": "U1", "U2": "Ada"}, Author("U1", "Ada")) == "Ada (2)"
    assert unique_name({"U1": "Ada"}, Author("U1", "U1")) == "Ada"


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8).map("the id {}".format), NAMES), max_size=40))
def test_names_are_unique_and_stable(people: list[tuple[str, str]]) -> None:
    names: dict[str, str] = {}
    for id, name in people:
        given_name = unique_name(names, Author(id, name))
        assert names.setdefault(id, given_name) == given_name
        assert speaker_name(given_name) == given_name
    assert len({name.casefold() for name in names.values()}) == len(names)
    assert "bobbin" not in {name.casefold() for name in names.values()}
