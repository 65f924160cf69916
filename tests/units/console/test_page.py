"""What a terminal is sent for an answer."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from adapters.console.page import Page

STYLES = re.compile(r"\x1b\[[0-9;]*m")


def shown(*pieces: str, columns: int = 80, styled: bool = True) -> str:
    """All that is printed for these pieces."""
    page = Page(lambda: columns, styled=styled)
    return "".join(page.take(piece) for piece in pieces)


def test_bold_and_code_are_shown_as_such() -> None:
    assert shown("a **b `c` d** e\n") == "a \x1b[1mb \x1b[36mc\x1b[39m d\x1b[22m e\n"
    assert shown("## On **looms**\n") == "\x1b[1mOn looms\x1b[22m\n"
    assert shown("`**raw**`\n") == "\x1b[36m**raw**\x1b[39m\n"


def test_marks_that_mean_nothing_stay() -> None:
    for text in (
        "2 ** 3 = 8\n",
        "**kwargs goes on\n",
        "a ` b\n",
        "****\n",
        "*one* _two_\n",
    ):
        assert shown(text) == text


def test_without_styles_the_marks_stay() -> None:
    text = "## On **looms**\n`x`\n```\ny\n```\n"
    assert shown(text, styled=False) == text


def test_code_in_fences_is_left_as_it_is() -> None:
    code = f"x = '**a**'  # {'long ' * 30}\n    `y`\n"
    assert STYLES.sub("", shown(f"````py\n{code}```\n````\nand **on**\n")) == (
        f"````py\n{code}```\n````\nand on\n"
    )


def test_lines_are_broken_between_words() -> None:
    assert shown("one two three four\n", columns=9) == "one two\nthree\nfour\n"
    assert shown("織り機 の 糸\n", columns=9) == "織り機 の\n糸\n"
    assert shown("  a verylongwordindeed b\n", columns=9) == "  a\n  verylongwordindeed\n  b\n"


def test_items_and_quotations_go_on_below_their_words() -> None:
    assert shown("- one two\n10. one two\n", columns=9) == "- one two\n10. one\n    two\n"
    assert shown("> - one two\nthree four\n", columns=9) == "> - one\n>   two\nthree\nfour\n"


def test_a_word_is_printed_once_it_has_ended() -> None:
    page = Page(lambda: 80, styled=True)
    assert page.take("Hello wor") == "Hello"
    assert page.take("ld, **so") == " world,"
    assert page.take(" it** is") == " \x1b[1mso it\x1b[22m"
    assert page.take("\n") == " is\n"


def test_a_terminal_is_told_nothing_by_an_answer() -> None:
    assert shown("a\x1b]0;title\x07b\x9b2Jc\r\n") == "a]0;titleb2Jc\n"


TEXT = st.lists(
    st.sampled_from(
        ["**", "*", "`", "```", "~~~", "# ", "- ", "> ", "1. ", "a", "loom", "織", " ", "  ", "\n"]
    ),
    max_size=40,
)


@given(TEXT, st.integers(1, 30))
def test_it_does_not_matter_how_a_text_comes_and_words_stay(pieces: list[str], wide: int) -> None:
    text = "".join(pieces) + "\n"
    assert shown(*pieces, "\n", columns=wide) == shown(text, columns=wide)
    bare = shown(text, columns=wide, styled=False)
    assert bare.replace(">", "").split() == text.replace(">", "").split()
    letters = re.sub(r"[^a-z織]", "", text)
    assert re.sub(r"[^a-z織]", "", STYLES.sub("", shown(text))) == letters
    if not re.search("```|~~~", text):
        lines = bare.split("\n")
        assert all(wcswidth(line) <= wide or " " not in line.strip() for line in lines)
