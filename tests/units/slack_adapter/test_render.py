"""What Slack shows of the model's Markdown, and what stands for it in a notification."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.markup import MAX_CHARS, measure
from adapters.slack.render import fallback, measure_shown, rendered, rendering
from bot.reply.split import LEAST_LIMIT, Splitter
from tests.payloads import ANSWERS
from tests.simulators.slack_sim.mentions import pings_of_text
from tests.units.reply.markdown import SCRAPS
from tests.units.reply.wellformed import unbalanced

SMALL = "| a | b |\n|---|---|\n| 1 | 2 |"


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, a_b, 2 * 3 * 4 and \\*escaped\\*.",
        "# One\n\n#### Four\n\n**b** _i_ ~~s~~ `c` [l](https://x.org)\n\n> q\n>> r\n\n---",
        "1. a\n   - b\n\n   ```python title=x\n   c\n   ```\n\n2) d\n\n- [ ] e",
        f"Look:\n\n{SMALL}\n\nSo.",
        "![pic](https://x.org/a.png)\n\n~~~\n<b> `<https://x.org|a b>`\n~~~",
        "Use `<https://x.org|a b>` or ``a ` <br>``",
    ],
)
def test_standard_markdown_goes_out_as_it_came(text: str) -> None:
    assert rendered(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Title\n===\ntext", "# Title\ntext"),
        ("a <https://x.org|the site> b", "a [the site](https://x.org) b"),
        (
            "So:\n| <https://x.org|site> | b |\n|---|---|\n| 1 | 2 |",
            "So:\n\n| [site](https://x.org) | b |\n|---|---|\n| 1 | 2 |",
        ),
        ("a<br>b H<sub>2</sub>O", "a\nb H₂O"),
        ("\\(x_1^2\\) for $5", "`x_1^2` for $5"),
        ("$$\nx\n$$", "```tex\nx\n```"),
        ("See[^1].", "See[1]."),
        ("      - from a list", "- from a list"),
        ("**「重要」**です", "**\u200b「重要」\u200b**です"),
        (f"{SMALL}\n\nand\n\n{SMALL}", f"{SMALL}\n\nand\n\n```\na  b\n─  ─\n1  2\n```"),
        (
            "|a|b|\n|-|-|\n|1|$x_1$|\n|2|3|\n|4<br>5|<b>6</b>|",
            "|a|b|\n|-|-|\n| 1 | `x_1` |\n|2|3|\n| 4 5 | **6** |",
        ),
        ("<!channel> `<@U123>`", "<\u200b!channel> `<\u200b@U123>`"),
    ],
)
def test_what_slack_does_not_know_is_changed(text: str, shown: str) -> None:
    assert rendered(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "[https://bank.com/login](https://evil.example)",
            "https://bank.com/login (<https://evil.example>)",
        ),
        (
            "- see **[bank.com](https://evil.example)**",
            "- see **bank.com (<https://evil.example>)**",
        ),
        ("[bank\u200b.com](http://evil.example)", "bank\u200b.com (<http://evil.example>)"),
        ("<https://evil.example|bank.com/a>", "bank.com/a (<https://evil.example>)"),
        ("![bank.com](https://evil.example)", "bank.com (<https://evil.example>)"),
        (
            "| a | b |\n|---|---|\n| [bank.com](https://evil.example) | 2 |",
            "| a | b |\n|---|---|\n| bank.com (<https://evil.example>) | 2 |",
        ),
        (
            "[" * 65 + "[bank.com](https://evil.example)",
            "[" * 65 + "\\[bank.com](https://evil.example)",
        ),
        ("[bank.com](https://bank.com/)", "[bank.com](https://bank.com/)"),
        ("[https://bank.com](https://bank.com)", "[https://bank.com](https://bank.com)"),
        ("[the bank](https://bank.com/login)", "[the bank](https://bank.com/login)"),
    ],
)
def test_words_that_look_like_an_address_do_not_hide_another(text: str, shown: str) -> None:
    assert rendered(text) == shown


def test_a_table_that_slack_does_not_take() -> None:
    columns = "|".join("abcdefghijklmnopqrstu")
    table = f"|{columns}|\n|{'|'.join('-' * 21)}|\n|{columns}|"
    assert rendered(table).startswith("```\na  b  c")


def test_rows_beyond_those_that_slack_takes_follow_as_code() -> None:
    rows = [f"| {number} | x |" for number in range(120)]
    table = "\n".join(["| n | x |", "|---|---|", *rows])
    taken, code = rendered(table).split("\n\n")
    assert taken == "\n".join(["| n | x |", "|---|---|", *rows[:99]])
    assert code.startswith("```\nn    x\n───  ─\n99   x\n")
    assert code.endswith("119  x\n```")


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_every_prefix_of_a_real_answer_is_well_formed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    render = rendering()
    for limit in (MAX_CHARS, 420):
        splitter = Splitter(limit, lambda part: measure_shown(render, part))
        for end in range(1, len(text) + 1, 5):
            for part in splitter.parts(text[:end]):
                shown = render(part.text)
                assert not unbalanced(shown.replace("- [ ]", "-").replace("- [x]", "-")), (
                    end,
                    shown,
                )
                assert len(re.findall(r"(?m)^\|[\s|:-]+\|$", shown)) <= 1


@given(SCRAPS, st.integers(LEAST_LIMIT, 700))
@settings(max_examples=100, deadline=None)
def test_any_text_is_rendered_within_the_limit_and_notifies_nobody(text: str, limit: int) -> None:
    render = rendering()
    text += "<!here> <@U1ADA>"

    def length(part: str) -> int:
        return len(render(part).encode("utf-16-le", "surrogatepass")) // 2

    for part in Splitter(limit, length).parts(text, final=True):
        shown = render(part.text)
        assert length(part.text) <= limit
        assert not list(pings_of_text(shown, {}, markdown=False, parse="none", link_names=False))


def test_what_stands_for_blocks_says_the_same_in_words() -> None:
    text = f"# Hi\n**Two** _looms_, see [the shop](https://x.org) & `x<y>`\n\n{SMALL}\n\n- [x] done"
    assert fallback(text) == (
        "Hi\nTwo looms, see the shop (https://x.org) &amp; x&lt;y&gt;\n1\n- b: 2\n- ☑ done"
    )


@pytest.mark.parametrize("text", ["```", "---", "```\n```"])
def test_what_has_no_words_is_never_without_a_fallback(text: str) -> None:
    assert fallback(text) == text


@given(
    st.text(alphabet="ab&<>*_`~-# \n", max_size=9000) | st.integers(0, 9000).map(lambda n: "&" * n)
)
@settings(max_examples=30, deadline=None)
def test_it_is_never_too_long_for_an_edit(text: str) -> None:
    found = fallback(text)
    assert len(found) <= 4000
    assert found.strip() or not text.strip()
    assert not re.search(r"&(?!amp;|lt;|gt;)", found)
    assert measure(rendered(text)) <= 12_000
