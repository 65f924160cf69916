"""Marks and blocks that are half there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.reply.half import half_block_at
from bot.reply.marks import open_marks
from bot.reply.split import Splitter, split
from tests.payloads import ANSWERS
from tests.units.reply.test_split import assert_nothing_lost
from tests.units.reply.wellformed import unbalanced


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("a **b", ["**"]),
        ("a **b *c", ["**", "*"]),
        ("a **b** c", []),
        ("***b* c", ["**"]),
        ("a `b **c", ["`"]),
        ("a ``b ` c", ["``"]),
        ("~~b", ["~~"]),
        ("2 * 3, a*b, snake_case and ~5", []),
        ("\\*\\*a", []),
        ("**a\n\nb", []),
        ("**a\nb", ["**"]),
        ("**a\n- b", []),
        ("- **a", ["**"]),
        ("| **a | b", []),
        ("[a **b](https://x.org) https://x.org/__c <https://x.org/**c>", []),
        ("**「重要」**です", []),
        ("これは**とても", ["**"]),
        ("_a_b", ["_"]),
        ("そして*強調", ["*"]),
        ("> a **b\n> c", ["**"]),
        ("> a **b\n>\n> c", []),
        ("> a **b\n> - c", []),
        ("*a " * 9, []),
        ("", []),
    ],
)
def test_what_is_open_at_the_end(text: str, marks: list[str]) -> None:
    assert [mark for _, mark in open_marks(text)] == marks


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Some **bold", "Some"),
        ("Some **bold** te", "Some **bold** te"),
        ("Some **bold*", "Some"),
        ("Some `co", "Some"),
        ("Some ~~co", "Some"),
        ("Text\n-", "Text"),
        ("Text\n1. ", "Text"),
        ("Text\n\n2. **", "Text"),
        ("Text\n\n##", "Text"),
        ("Text\n\n- [ ] ", "Text"),
        ("Text\n\n---", "Text"),
        ("Text\n=", "Text"),
        ("> a\n>", "> a"),
        ("Text\n\n| a | b |", "Text"),
        ("Text\n\n| a | b |\n", "Text"),
        ("Text\n\n| a | b |\n|--", "Text"),
        ("| a |\n|---|\n| 1", "| a |\n|---|"),
        ("| a |\n|---|\n| 1 |\n", "| a |\n|---|\n| 1 |"),
        ("[a](https://x.org)", "[a](https://x.org)"),
        ("[a](https://x.org)と書", "[a](https://x.org)と書"),
        ("**" + "long " * 60, "**" + ("long " * 60).strip() + "**"),
    ],
)
def test_what_a_growing_answer_shows(text: str, shown: str) -> None:
    assert "".join(part.text for part in Splitter(1900, len).parts(text)) == shown


def test_the_final_text_holds_nothing_back() -> None:
    for text in ("Some **bold", "Text\n1.", "Text\n\n| a | b |", "`co", "| a |\n|---|\n| 1"):
        assert split(text, 1900, len) == [text]


def test_marks_are_closed_at_a_cut_and_opened_again() -> None:
    text = "Intro. **" + "loud words " * 60 + "*and slanted " + "ones " * 60 + "end* of it** here."
    parts = Splitter(300, len).parts(text, final=True)
    assert parts[0].text.endswith("**")
    assert parts[1].head == "**" and parts[1].tail == "**"
    assert any(part.head == "***" or part.head == "**" + "*" for part in parts)
    assert parts[-1].text.endswith("of it** here.")
    assert not any(unbalanced(part.text) for part in parts)
    assert_nothing_lost(text, parts)


def test_a_mark_that_nothing_closes_is_not_repeated() -> None:
    text = "Two **stars " + "and words " * 60 + "\n\nAnother paragraph."
    parts = Splitter(300, len).parts(text, final=True)
    assert "".join(part.text for part in parts).count("**") == 1


def test_a_table_gets_its_header_again() -> None:
    rows = "\n".join(f"| {number} | some words |" for number in range(40))
    text = f"Look:\n\n| n | what |\n|---|---|\n{rows}\n\nDone."
    parts = Splitter(300, len).parts(text, final=True)
    assert all(part.head == "| n | what |\n|---|---|\n" for part in parts[1:-1])
    assert not any(unbalanced(part.text) for part in parts)
    assert_nothing_lost(text, parts)
    growing = Splitter(300, len)
    for end in range(0, len(text), 7):
        assert not any(unbalanced(part.text) for part in growing.parts(text[:end]))


@pytest.mark.parametrize("limit", [420, 1900])
@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_every_prefix_is_well_formed(path: Path, limit: int) -> None:
    text = path.read_text(encoding="utf-8")
    text = text.replace("\\(E = mc^2\\)", "").replace("$$", "")
    splitter = Splitter(limit, len)
    for end in range(1, len(text) + 1, 2):
        for part in splitter.parts(text[:end]):
            assert not unbalanced(part.text), (end, part.text)
    assert_nothing_lost(text, splitter.parts(text, final=True))


def test_prose_with_pipes_is_no_table() -> None:
    for text in (
        "a | b",
        "x || y\nand on",
        "`a | b` and on",
        "a | b\nnot dashes",
        "| a |\n|-|\n| b |\n\nc",
    ):
        assert half_block_at(text) == len(text)
