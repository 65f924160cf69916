"""While an answer grows nobody sees a mark that will be none once its counterpart has come."""

from __future__ import annotations

import pytest

from bot.reply.split import Splitter
from tests.units.reply.streams import Platform, beginnings, on_discord, on_slack

MARKS = ("\\*", "\\_", "\\`", "\\~", "\\[", "<b>", "$", "|label", "\\(")


@pytest.mark.parametrize(
    "text",
    [
        "> a **b\n> c** d\n\nrest",
        "> a **b\n>\n> - **c** d\n> **e** f",
        "- a **b\n  c** d\n\nrest",
        "a **b\nc** d\n\nrest",
        "> see [the\n> docs](https://example.com) ok\n",
        "> see `the\n> docs` ok\n",
        "これは本当。そして*強調*も。",
        "これ~~は本当~~。そして",
        "これは**（注）**です",
        "word _em ph_ word",
        "word ***both words*** end",
        "word **bold *it al* more** end",
        "| a | b |\n|---|---|\n| **x y** | z |\n",
        "Text <b>bold words</b> end.",
        "Text <STRONG>bold <i>and</i> so on</STRONG> end.",
        "So $x^2 + y^2$ done.",
        "So \\(x^2 + y^2\\) done.",
        "The value $n_i$.\n\n- of $a_i$\n- of $$b_i$$ too",
        "Look:\n\n$$\nx = y\n- z\n$$\n\nDone.",
        "> $$\n> x = y\n> $$\n\nDone.",
        "\\[\nx = y\n\\]\n\nDone.",
        "see <https://example.com/a|label words> ok",
    ],
)
@pytest.mark.parametrize("platform", [on_discord, on_slack])
def test_no_beginning_shows_an_open_mark(text: str, platform: Platform) -> None:
    render, splitter = platform()
    shown = [render(each) for each in beginnings(text, splitter)]
    for mark in MARKS:
        if mark not in shown[-1]:
            assert [each for each in shown if mark in each] == []


@pytest.mark.parametrize(
    ("text", "behind"),
    [
        ("It costs $5 a month, which is little, and $20 for all of you.", 8),
        ("From $5-$10 it has gone up to $15 – $20 in a year or so.", 14),
        ("Set $PATH and $HOME_DIR first; then $name is what you have chosen.", 9),
        ("That is $5.\n\nAnd this is all there is to say of it.", 4),
        ("Write `$x` or \\$x for x, and `<b>` for bold words.", 6),
        ("Text <b>" + "that goes on and on " * 20, 201),
        ("The sum $" + "x+" * 150, 202),
        ("縦*横です。" + "次の文です。" * 40, 201),
    ],
)
def test_what_is_hardly_a_mark_is_not_waited_for(text: str, behind: int) -> None:
    splitter = Splitter(1900, len)
    for end in range(1, len(text) + 1):
        shown = "".join(part.text for part in splitter.parts(text[:end]))
        assert len(text[:end].rstrip()) - len(shown) <= behind
