"""Commands that are typed as messages, and what commands say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.forget_texts import erased_text
from bot.commands.specs import COMMANDS, Typed, typed_command
from bot.commands.texts import cost_text, help_text, usage_text
from bot.records import Tally
from bot.storage.types import Erased

NAMES = [spec.name for spec in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_can_be_typed(name: str) -> None:
    assert typed_command(f"  {name.upper()} \n") == Typed(name, {}, marked=False)
    assert typed_command(f"!{name}") == Typed(name, {}, marked=True)
    assert typed_command(f"/{name}") == Typed(name, {}, marked=True)


def test_flags_are_options() -> None:
    assert typed_command("/summary share") == Typed("summary", {"share": "true"}, marked=True)


def test_what_is_not_understood_behind_a_marked_command_is_kept_to_be_told() -> None:
    assert typed_command("/forget share") == Typed("forget", {}, marked=True, unread="share")
    assert typed_command("!usage foo=bar now") == Typed("usage", {}, True, unread="foo=bar")
    assert typed_command("forget share") is None


@pytest.mark.parametrize(
    "text",
    ["", " ", "!", "/", "!!stop", "stop it", "forget about the tests", "please stop", "stop!",
     "summary of the thread", "help me", "/unknown", "! help", "stop\n\nthe press"],
)  # fmt: skip
def test_sentences_are_messages(text: str) -> None:
    assert typed_command(text) is None


@given(st.text(max_size=40))
def test_any_text_is_a_command_or_not(text: str) -> None:
    found = typed_command(text)
    if found is not None:
        words = text.casefold().split()
        assert found.name in NAMES
        assert words[0].lstrip("!/") == found.name
        assert found.marked == (words[0][0] in "!/")


@pytest.mark.parametrize(("slash", "sign"), [(True, "/"), (False, "!")])
def test_help_names_every_command_as_it_works(slash: bool, sign: str) -> None:
    text = help_text(slash)
    for spec in COMMANDS:
        assert f"- `{sign}{spec.name}` – {spec.description}" in text


def test_help_speaks_of_no_channels_where_there_are_none() -> None:
    assert "in a channel and" in help_text(True)
    alone = help_text(True, alone=True)
    assert alone.startswith("Just write, and I answer.") and "/leave" not in alone
    assert not any(word in alone for word in ("channel", "thread", "mention"))


def test_what_forget_says_is_exact() -> None:
    text = erased_text(Erased(messages=1))
    assert text.startswith("Forgotten: 1 message. Nothing that was said here is left")
    assert "only how many tokens each person used per day" in text
    text = erased_text(Erased(1234, summary=True, taking_part=True, running=True, names=2))
    assert text.startswith(
        "Forgotten: 1,234 messages, the summary, 2 names and that I take part in this thread."
    )
    assert "The answer I was writing is stopped." in text


def test_what_usage_says() -> None:
    tally = Tally(turns=1, prompt=12_345, cached=10_000, completion=678, cost_micros=1_234)
    text = usage_text(2, 400, 8000, summarised=False, tally=tally)
    assert "- 2 messages stored, 1 answer given\n" in text
    assert "- 400 of 8,000 tokens in the window\n" in text
    assert "- 12,345 tokens read (10,000 of them from the provider's cache), 678 written" in text
    assert "about" not in text.split("cost")[0]
    text = usage_text(2, 400, 8000, summarised=True, tally=replace(tally, estimated=1))
    assert "beside a summary of what came before" in text
    assert "- about 12,345 tokens read" in text


def test_cost() -> None:
    assert cost_text(Tally()) == "nothing"
    assert cost_text(Tally(cost_micros=1_234)) == "about $0.0012"
    assert cost_text(Tally(cost_micros=12_340_000)) == "about $12.34"
    assert cost_text(Tally(unpriced=3)) == "unknown (no price is known for this model)"
    assert cost_text(Tally(cost_micros=1_234, unpriced=1)) == (
        "about $0.0012, and 1 answer of unknown price"
    )
