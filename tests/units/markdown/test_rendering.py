"""A growing text: rendered as if anew, at the price of what is new."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markdown.read import read
from bot.markdown.rendering import Block, Rendering
from bot.markdown.tree import Code, List, Paragraph, Table, Text
from bot.markdown.words import words
from bot.markdown.write import Writer
from tests.examples import examples
from tests.payloads import ANSWERS
from tests.units.reply.markdown import MARKDOWN, SCRAPS

WRITER = Writer()


def rendering() -> Rendering:
    return Rendering(lambda block: WRITER.block(block.placed.block))


@given(MARKDOWN | SCRAPS, st.data())
@examples(30)
def test_a_growing_text_is_rendered_as_one_that_comes_at_once(
    text: str, data: st.DataObject
) -> None:
    growing = rendering()
    end = 0
    while end < len(text):
        end = min(len(text), end + data.draw(st.integers(1, 150)))
        assert growing(text[:end]) == rendering()(text[:end])


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_finished_blocks_are_rendered_once(path: Path) -> None:
    """Counted in characters handed to the renderer of blocks, of a stream of four-letter tokens."""
    handed = 0

    def block(each: Block) -> str:
        nonlocal handed
        handed += len(each.source)
        return each.source

    text = "\n\n".join([path.read_text(encoding="utf-8")] * 4)
    render = Rendering(block)
    tokens = 0
    for end in range(0, len(text), 4):
        render(text[:end])
        tokens += 1
    longest = max(len(each) for each in text.split("\n\n"))
    assert handed < tokens * 2 * longest


@given(SCRAPS)
@examples(20)
def test_blocks_cover_the_text_in_order(text: str) -> None:
    text = text.replace("\r\n", "\n")
    at = 0
    for placed in read(text):
        assert at <= placed.start < placed.end <= len(text)
        assert not text[at : placed.start].strip()
        at = placed.end
    assert not text[at:].strip()


@given(st.sampled_from(ANSWERS))
def test_standard_markdown_is_written_so_that_it_reads_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    once = rendering()(text)
    assert rendering()(once) == once
    assert words(once) == words(text)


def test_items_of_a_list_are_blocks_of_their_own() -> None:
    blocks = [placed.block for placed in read("- a\n  - b\n- c\n\n7. d")]
    assert all(isinstance(block, List) and len(block.items) == 1 for block in blocks)
    assert [block.items[0].number for block in blocks if isinstance(block, List)] == [None, None, 7]


def test_what_nests_too_deep_is_plain_lines() -> None:
    for text in (
        "> " * 500 + "deep",
        "- " * 500 + "deep",
        "[" * 500 + "deep",
        " " * 200 + "- deep",
        "![a](http://x.y/" * 9 + "deep",
    ):
        (placed,) = read(text)
        assert placed.block == Paragraph((Text(text),))


def test_tables_and_code_are_found() -> None:
    kinds = [type(placed.block) for placed in read("```\na\n```\n| a |\n|---|\n| b |\n")]
    assert kinds == [Code, Table]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["[" * 20000, "[a](" * 5000, "`a``b```c````" * 1500, "> " * 9000, "](" * 9000, "**" * 9000,
     "*a " * 9000, "_a*" * 5000, "<a " * 9000, "$a " * 9000, "\\(a" * 9000, "|a" * 9000,
     "word" + " " * 90000 + "x", "> " + "\t" * 90000 + "x", "![a](x" * 90000,
     "![[" * 6000, "a\n" * 9000, "<b>" * 3000, "[^a" * 5000, "&a;" * 5000, "$$\n" * 3000],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_hostile_text_is_quick(text: str) -> None:
    assert read(text)
