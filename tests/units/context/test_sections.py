"""Summaries as data."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.context.sections import SECTIONS, fit, identifiers, parse, write

LINES = st.lists(
    st.from_regex(r"[A-Za-z][a-z]{3,9} [a-z]{4,9} [0-9]{1,4}", fullmatch=True), max_size=12
)
SUMMARIES = st.fixed_dictionaries({}, optional=dict.fromkeys(SECTIONS, LINES.filter(bool)))


@settings(deadline=None)
@given(SUMMARIES)
def test_what_is_written_can_be_read(sections: dict[str, list[str]]) -> None:
    text = write(sections)
    assert parse(text) == sections
    assert write(parse(text)) == text


def test_headings_and_bullets_come_in_many_dresses() -> None:
    text = """Here is the summary:
**Goal:** ship v2
### Decisions made
- Ada chose Postgres (2026-11-20)
2. Ben keeps the logs
Facts & Preferences:
* Ada:
  - likes tea
  - lives in Oslo
* None
## Open Questions (owner)
None.
**Identifiers (verbatim)**
- `a b`, https://x.example/z?q=1
Decision: one more
Goalkeeper: Carl
"""
    assert parse(text) == {
        "Goal": ["ship v2"],
        "Decisions": [
            "Ada chose Postgres (2026-11-20)",
            "Ben keeps the logs",
            "one more",
            "Goalkeeper: Carl",
        ],
        "Facts and preferences": ["Ada: likes tea; lives in Oslo"],
        "Identifiers": ["`a b`, https://x.example/z?q=1"],
    }


@pytest.mark.parametrize("text", ["", "NONE", "Just some text.", "- a\n- b", "# Title\ntext"])
def test_text_without_the_headings_has_no_sections(text: str) -> None:
    assert parse(text) == {}


def test_identifiers_are_found_as_written() -> None:
    text = (
        "See https://x.example/z?q=1. Write to a.b@c.example about OPS-12 in v2.3.1, "
        "(2026-11-21 14:03), @ada, `make all`, 12% and 3 cats. Again OPS-12."
    )
    assert identifiers(text) == [
        "https://x.example/z?q=1",
        "a.b@c.example",
        "OPS-12",
        "v2.3.1",
        "2026-11-21",
        "14:03",
        "@ada",
        "make all",
        "12%",
        "3",
    ]


def by_words(text: str) -> int:
    return len(text.split())


@settings(deadline=None)
@given(SUMMARIES, st.integers(40, 200))
def test_fitting_drops_the_oldest_facts_first_and_says_how_many(
    sections: dict[str, list[str]], cap: int
) -> None:
    kept = fit(sections, cap, by_words)
    had = sum(map(len, sections.values()))
    notes = [line for line in kept.get("Facts and preferences", ()) if "left out" in line]
    gone = int(notes[0].split()[0].strip("(")) if notes else 0
    assert sum(map(len, kept.values())) - len(notes) + gone == had
    assert kept.get("Goal", []) == sections.get("Goal", [])
    for section in SECTIONS:
        lines = [line for line in kept.get(section, ()) if line not in notes]
        had_lines = sections.get(section, [])
        assert lines == had_lines[len(had_lines) - len(lines) :]
    if len(kept.get("Decisions", ())) < len(sections.get("Decisions", ())):
        assert "Open questions" not in kept
        assert "Identifiers" not in kept
    if set(kept) - {"Goal"} - ({"Facts and preferences"} if notes else set()):
        assert by_words(write(kept)) <= cap


def test_the_count_of_dropped_lines_adds_up() -> None:
    facts = [f"Ada likes thing number {n}" for n in range(20)]
    once = fit({"Facts and preferences": facts}, 60, by_words)
    again = fit({"Facts and preferences": [*once["Facts and preferences"], *facts]}, 60, by_words)
    lines = again["Facts and preferences"]
    assert lines[0] == f"({41 - len(lines)} older lines left out)"
