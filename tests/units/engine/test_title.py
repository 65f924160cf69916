"""Thread names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.title import MOST, title_of

ANY = st.text(max_size=300)
MARKDOWN = st.lists(
    st.sampled_from([*"#>*`-_~|[]()! \n\t\r\x0b\u2028", "word", "[a](http://b)", "​", "🎉", "\0"])
).map("".join)


@given(st.one_of(ANY, MARKDOWN), ANY)
def test_always_one_short_line(text: str, author: str) -> None:
    title = title_of(text, author)
    assert 0 < len(title) <= MOST
    assert title.strip() == title != ""
    assert len(title.splitlines()) == 1
    assert title.isprintable()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("How do I knit?", "How do I knit?"),
        ("\n\n## *Big* plan\nmore", "Big plan"),
        ("see [the page](https://x.org/y)", "see the page"),
        ("```py\nprint(1)\n```", "print(1)"),
        ("```", "Chat with Ada"),
        ("***", "Chat with Ada"),
        ("", "Chat with Ada"),
        ("snake_case stays", "snake_case stays"),
    ],
)
def test_what_it_is_made_of(text: str, title: str) -> None:
    assert title_of(text, "Ada") == title


def test_it_is_cut_at_a_word() -> None:
    title = title_of("word " * 40, "Ada")
    assert title.endswith("word…") and 70 < len(title) <= MOST
    assert title_of("x" * 200, "Ada") == "x" * (MOST - 1) + "…"
