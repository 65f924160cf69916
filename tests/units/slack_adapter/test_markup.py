"""Slack's markup in both directions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.markup import (
    MAX_CHARS,
    escaped,
    measure,
    mentioned,
    mentions,
    pieces,
    readable,
    safe,
)
from adapters.slack.values import Names, Person, Wanted
from tests.simulators.slack_sim.mentions import pings_of_text

NAMES = Names(
    {"U1ADA": Person("U1ADA", "Ada*_L_*"), "U2BOB": Person("U2BOB", "Bob")},
    {"C9": "plans"},
    {"S3": "weavers"},
)
BOT = "U0BOT"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("*bold* and _slanted_ and ~gone~", "**bold** and _slanted_ and ~~gone~~"),
        ("*two words* *here*", "**two words** **here**"),
        ("2 * 3 * 4 and a*b*c and ~/dir ~ x", "2 * 3 * 4 and a*b*c and ~/dir ~ x"),
        ("*<@U2BOB>*!", "**@Bob**!"),
        ("<@U1ADA> <@U3|carl> <@U4>", "@Ada*_L_* @carl @U4"),
        ("<#C1|general> <#C9|> <#C9> <#C8>", "#general #plans #plans #channel"),
        ("<!here> <!subteam^S1|@team> <!subteam^S2>", "@here @team @group"),
        ("<!subteam^S3> <!subteam^S3|>", "@weavers @weavers"),
        ("<!date^1392734382^{date}|some day>", "some day"),
        ("<https://x.org/a?b=1&amp;c=2>", "https://x.org/a?b=1&c=2"),
        ("<https://x.org|the *site*>", "[the *site*](https://x.org)"),
        ("<http://x.org|x.org> <https://x.org|x.org>", "x.org https://x.org"),
        ("run <http://main.py|main.py>, <http://a_b.md|a_b.md>", "run main.py, a_b.md"),
        ("<mailto:a@x.org|a@x.org> <tel:+123|+123>", "a@x.org +123"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("&lt;@U2BOB&gt;", "<@U2BOB>"),
        ("`*a* &lt;b&gt; <http://x.org|x.org>` *c*", "`*a* <b> x.org` **c**"),
        ("```\n*a* &amp; ~b~\n<https://x.org>\n```", "```\n*a* & ~b~\nhttps://x.org\n```"),
        ("&gt; quoted\nnot", "> quoted\nnot"),
        ("• one\n• two\n    ◦ three", "- one\n- two\n    - three"),
        ("see ```one\n*two* &lt;3``` there", "see \n```\none\n*two* <3\n```\n there"),
        ("```one line```", "```one line```"),
        ("so\n&gt;&gt;&gt; all\nof *this*", "so\n> all\n> of **this**"),
        ("<!date^1392734382^{date}>", "2014-02-18 14:39 UTC"),
        ("<!date^oops^{date}>", "some time"),
        ("*<https://x.org|bold link>* <!subteam^S1>", "**[bold link](https://x.org)** @group"),
        (f"<@{BOT}>: hello", "hello"),
        (f"  <@{BOT}>   hello", "hello"),
        (f"hello <@{BOT}> you", "hello you"),
        (f"tell me <@{BOT}|bobbin>, why", "tell me, why"),
        (f"is <@{BOT}>ready", "is ready"),
        ("<@U2BOB>, hello", "@Bob, hello"),
    ],
)
def test_what_arrives_becomes_markdown(raw: str, shown: str) -> None:
    assert readable(raw, NAMES, BOT) == shown


@given(st.text(alphabet="ab <>@!#|*_~`&;lgtampU12\n\x00\x02\x03\x04", max_size=60))
def test_any_text_is_read(raw: str) -> None:
    shown = readable(raw, NAMES, BOT)
    assert not set(shown) & {"\x02", "\x03", "\x04"}


@given(st.text(alphabet=st.characters(exclude_characters="<>&*~`•◦▪\ufe0e\x02\x03\x04")))
def test_text_without_markup_stays(raw: str) -> None:
    assert readable(raw, NAMES) == raw.strip()


def test_ids_are_found() -> None:
    text = (
        "<@U1> <@W2|w> <#C1|general> <#C2> <#C3|> `<@U1>` &lt;@U9&gt;"
        " <!here> <!subteam^S1|@team> <!subteam^S2> <!date^1^{date}>"
    )
    assert mentioned(text) == Wanted(people=("U1", "W2"), channels=("C2", "C3"), groups=("S2",))
    assert mentions(f"hi <@{BOT}>", BOT) and mentions(f"<@{BOT}|x>", BOT)
    assert not mentions(f"&lt;@{BOT}&gt; <@U0BOTTOM>", BOT)


WORDS = ["<!channel>", "<!here|x>", "<!everyone>", "<!subteam^S1|@t>", "<@U1ADA>", "<@W12>"]
LOUD = st.lists(
    st.sampled_from([*WORDS, "<", "!", "@", "U", "1", ">", "`", "```", "\n", " ", "<!HERE>"]),
    max_size=20,
).map("".join)


@pytest.mark.parametrize("word", WORDS)
def test_nobody_is_notified_also_not_by_what_is_only_begun(word: str) -> None:
    for end in range(2, len(word) + 1):
        begun = safe(f"so <b> {word[:end]}")
        assert begun.endswith(f"<\u200b{word[1:end]}")
        assert not list(
            pings_of_text(begun + word[end:], {}, markdown=False, parse="none", link_names=False)
        )


@given(LOUD)
def test_no_text_notifies_anybody(text: str) -> None:
    shown = safe(text)
    assert not re.search(r"<(?:!(?:channel|here|everyone|subteam)|@[UW][A-Z0-9])", shown, re.I)
    assert shown.replace("\u200b", "") == text
    assert not list(pings_of_text(shown, {}, markdown=False, parse="none", link_names=False))
    assert measure(text) == len(shown)


def test_ordinary_code_stays_as_it_is() -> None:
    code = "<!DOCTYPE html><!-- note --> a < b, List<@NonNull String>, <@user>"
    assert safe(code) == code


@given(LOUD, st.integers(0, 60))
def test_a_longer_text_measures_no_less(text: str, cut: int) -> None:
    assert measure(text[:cut]) <= measure(text)


def test_measure_counts_utf16_units() -> None:
    assert measure("a😀") == 3


@given(st.text(alphabet="ab \n<!here>😀", max_size=200), st.integers(12, 40))
def test_pieces_lose_nothing_but_blanks(text: str, limit: int) -> None:
    parts = pieces(text, limit)
    assert all(measure(part) <= limit and part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_pieces_cut_at_line_ends() -> None:
    assert pieces("one line\nanother line\nlast", 22) == ["one line\nanother line", "last"]
    assert pieces("short") == ["short"]
    assert pieces("  ") == []
    assert MAX_CHARS < 12_000


def test_escaped_text_holds_no_tokens() -> None:
    assert escaped("<!here> & <@U1>") == "&lt;!here&gt; &amp; &lt;@U1&gt;"
