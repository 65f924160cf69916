"""Text that is all marks is shown as it was written, for which nobody looks at each of them."""

from __future__ import annotations

import pytest

from adapters.slack.render import rendered
from bot.markdown.dense import MARKS, MOST_MARKS, is_dense
from bot.markdown.read import read
from bot.markdown.tree import Break, Paragraph, Text, plain
from bot.reply.split import Splitter

LIMIT = 11_000
SCRAPS = ("_a_ ", "*a** ", "`a` ``", "[a](b) ", "<b>a", "$a$ ", "a\n", "**。**中", "~~a~~ ", "*_")


def much(scrap: str) -> str:
    marks = sum(map(scrap.count, MARKS))
    return ("and " + scrap * (MOST_MARKS // marks + 1)).strip()


@pytest.mark.parametrize("scrap", SCRAPS)
def test_its_marks_are_words(scrap: str) -> None:
    text = much(scrap) + " *end*"
    [placed] = read(text)
    assert isinstance(placed.block, Paragraph)
    assert all(isinstance(part, Text | Break) for part in placed.block.parts)
    assert plain(placed.block.parts).split() == text.split()
    assert rendered(text).replace("\\", "").split() == text.split()


@pytest.mark.parametrize("scrap", SCRAPS)
def test_nothing_of_it_is_closed_or_held_back(scrap: str) -> None:
    text = much(scrap) + " *a [b](c <b> $d `e"
    [part] = Splitter(LIMIT, len).parts(text)
    assert part.text == text


def test_other_paragraphs_are_as_they_were() -> None:
    dense = much("*a** ")
    blocks = [placed.block for placed in read(f"**one**\n\n{dense}\n\n**two**")]
    assert [len(block.parts) for block in blocks if isinstance(block, Paragraph)] == [1, 1, 1]
    assert not is_dense("**bold** and `code` " * (MOST_MARKS // 8))


def test_a_snapshot_that_is_asked_for_again_is_not_measured_again() -> None:
    measured: list[str] = []

    def measure(text: str) -> int:
        measured.append(text)
        return len(text)

    splitter = Splitter(LIMIT, measure)
    first = splitter.parts("some words")
    assert splitter.parts("some words") is first
    assert len(measured) == 1
    splitter.parts("some words", final=True)
    assert len(measured) == 2
