"""Any text of a model, as each platform counts it: whole, in order, in closed fences."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.markup import MAX_CHARS as DISCORD_CHARS
from adapters.discord.markup import measure as discord_measure
from adapters.discord.render import measure_shown as discord_measure_shown
from adapters.discord.render import rendering as discord_rendering
from adapters.slack.markup import MAX_CHARS as SLACK_CHARS
from adapters.slack.markup import measure as slack_measure
from adapters.slack.render import measure_shown as slack_measure_shown
from adapters.slack.render import rendering as slack_rendering
from bot.reply.split import LEAST_LIMIT, Splitter, split
from tests.examples import examples
from tests.payloads.mutations import ODD
from tests.units.reply.markdown import MARKDOWN
from tests.units.reply.test_split import assert_nothing_lost, assert_well_formed

Measure = Callable[[str], int]

DISCORD, SLACK = discord_rendering(), slack_rendering()


def discord_shown(text: str) -> int:
    return discord_measure_shown(DISCORD, text)


def slack_shown(text: str) -> int:
    return slack_measure_shown(SLACK, text)


PLATFORMS = [
    pytest.param(discord_measure, DISCORD_CHARS, id="discord"),
    pytest.param(slack_measure, SLACK_CHARS, id="slack"),
    pytest.param(discord_shown, DISCORD_CHARS, id="discord-shown"),
    pytest.param(slack_shown, SLACK_CHARS, id="slack-shown"),
]
MEASURES = st.sampled_from([discord_measure, slack_measure, discord_shown, slack_shown])

ENDLESS_MARK = re.compile(r"`{25,}|~{25,}")
"""A fence that no message has room to close; it is ordinary text to the splitter."""
ROUGH = st.lists(
    st.sampled_from(
        [
            "```", "```py\n", "\n```\n", "````", "`", "``", "> ", "- ", "1. ", "\n", "\n\n",
            "\t", "    ", "\r\n", "\x00", "\ufeff",
            "\u200b", "<!here>", "<@U1ADA>", "<", "[", "](", "http://", "e\u0301",
            "👩\u200d", "\ud83d", "\ude00", "\u202e", "word ", "x" * 90, "漢" * 40, "😀" * 50,
        ]
    ),
    max_size=60,
).map("".join)  # fmt: skip
"""No Markdown that anybody would write, but what a broken stream may consist of."""
ROUGH = ROUGH.filter(lambda text: not ENDLESS_MARK.search(text))
STRINGS = [odd for odd in ODD if isinstance(odd, str) and not ENDLESS_MARK.search(odd)]
TEXTS = MARKDOWN | ROUGH | st.sampled_from(STRINGS)


@given(TEXTS, st.integers(LEAST_LIMIT, 600), MEASURES)
@examples(50)
def test_any_text_is_split_without_loss(text: str, limit: int, measure: Measure) -> None:
    parts = Splitter(limit, measure).parts(text, final=True)
    assert_well_formed(parts, limit, measure)
    assert_nothing_lost(text, parts)


@given(ROUGH, st.integers(LEAST_LIMIT, 400), MEASURES, st.data())
@examples(25)
def test_any_stream_is_split_at_every_prefix(
    text: str, limit: int, measure: Measure, data: st.DataObject
) -> None:
    """What stands in a message that another one follows never changes again."""
    splitter, frozen, end = Splitter(limit, measure), (), 0
    while end < len(text):
        end += data.draw(st.integers(1, 40))
        parts = splitter.parts(text[:end])
        assert_well_formed(parts, limit, measure)
        assert parts[: len(frozen)] == frozen
        frozen = parts[:-1] if len(parts) > len(frozen) else frozen
    parts = splitter.parts(text, final=True)
    assert parts[: len(frozen)] == frozen
    assert_nothing_lost(text, parts)


@given(MARKDOWN | ROUGH, st.integers(0, 400), MARKDOWN | ROUGH)
@examples(25)
def test_an_answer_that_begins_anew_is_split_as_if_it_were_the_first(
    before: str, kept: int, after: str
) -> None:
    """A model that is asked again says something else; the messages that stand are used again."""
    splitter = Splitter(LEAST_LIMIT, discord_measure)
    splitter.parts(before)
    again = before[:kept] + after
    parts = splitter.parts(again, final=True)
    assert_well_formed(parts, LEAST_LIMIT, discord_measure)
    assert_nothing_lost(again, parts)


@pytest.mark.parametrize(("measure", "limit"), PLATFORMS)
@pytest.mark.parametrize(
    "text",
    [
        "```" * 3000,
        "> " * 6000,
        "`" * 9000,
        "- " * 5000 + "```",
        "<!here>" * 3000,
        "[" * 6000,
        "\ud83d" * 6000,
        "e" + "\u0301" * 9000,
        "```py\n" * 2500,
        "\n" * 9000,
        "x" * 30_000,
        "\r> ```\x0b\x1c\x85\u2028```\r" * 900,
    ],
    ids=["fences", "quotes", "ticks", "lists", "loud", "brackets", "halves", "marks", "openings",
         "lines", "letters", "breaks"],
)  # fmt: skip
def test_what_nobody_would_write(text: str, measure: Measure, limit: int) -> None:
    parts = split(text, limit, measure)
    assert all(measure(part) <= limit for part in parts)
    growing = Splitter(limit, measure)
    for end in range(0, len(text), 1500):
        assert all(measure(part.text) <= limit for part in growing.parts(text[:end]))
