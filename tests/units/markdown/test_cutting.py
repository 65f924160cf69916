"""Cutting what commands answer: nothing is lost, and code stays code in each part."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.markdown.cutting import LEAST_CARRYING, cut_text

MARKS = ("```", "~~~~", "> ```", "   ```")


def fences(part: str) -> list[str]:
    """The lines of a part that open or close a fence."""
    return [line for line in part.split("\n") if line.lstrip("> ").startswith(("```", "~~~"))]


def inside(parts: list[str]) -> list[str]:
    """The lines of code, in their order."""
    lines: list[str] = []
    for part in parts:
        within = False
        for line in part.split("\n"):
            fence = line in fences(part)
            if within and not fence:
                lines.append(line)
            within ^= fence
    return lines


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Paragraphs and blocks of code, and the lines of code in them."""
    blocks: list[str] = []
    code: list[str] = []
    for _ in range(draw(st.integers(1, 5))):
        blocks.append("a word " * draw(st.integers(1, 60)))
        mark = draw(st.sampled_from(MARKS))
        shape = draw(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 60)), min_size=1))
        lines = [f"{' ' * indent}{'x' * length}" for indent, length in shape]
        opening = mark + draw(st.sampled_from(("", "py", "python title=x")))
        blocks.append("\n".join((opening, *lines, mark)))
        code += lines
    return "\n".join(blocks), code


@settings(max_examples=50)
@given(documents(), st.integers(LEAST_CARRYING, 600))
def test_each_part_has_its_code_in_fences(document: tuple[str, list[str]], limit: int) -> None:
    text, code = document
    parts = list(cut_text(text, limit, len))
    assert all(0 < len(part) <= limit for part in parts)
    assert all(len(fences(part)) % 2 == 0 for part in parts)
    assert inside(parts) == code


@given(st.text(st.sampled_from("`~> \nab"), max_size=2000), st.integers(1, 600))
def test_whatever_it_is_it_ends_and_every_letter_is_there_in_order(text: str, limit: int) -> None:
    parts = cut_text(text, limit, len)
    assert all(part.strip() and len(part) <= limit for part in parts)
    letters = [char for char in text if char in "ab"]
    shown = [char for part in parts for char in part if char in "ab"]
    # What stands behind a fence's mark is a language, and is named again.
    assert len(shown) >= len(letters)
    if limit < LEAST_CARRYING or ("```" not in text and "~~~" not in text):
        assert shown == letters


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        # Code of which nothing fits any more begins in the next part.
        (f"{'a' * 200}\n```py\n{'b' * 90}\n```", [f"{'a' * 200}", f"```py\n{'b' * 90}\n```"]),
        # A fence that is closed just behind the cut is not opened for nothing.
        (f"```py\n{'b' * 200}\n```\n{'c' * 80}", [f"```py\n{'b' * 200}\n```", "c" * 80]),
        ("short", ["short"]),
        (" \n ", []),
    ],
)
def test_where_it_is_cut(text: str, parts: list[str]) -> None:
    assert list(cut_text(text, LEAST_CARRYING, len)) == parts
