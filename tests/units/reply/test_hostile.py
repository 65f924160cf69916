"""Answers that nobody would write, but a model might: each is split and shown all the same."""

from __future__ import annotations

import pytest

from bot.markdown.words import words
from tests.units.reply.streams import Platform, on_discord, on_slack

NESTED = {
    "opened stars": "*a " * 400,
    "opened bold": "**a " * 350,
    "both": "*a **b " * 200,
    "underscores": "_a " * 400,
    "closed stars": "*a " * 350 + "b" + "*" * 350,
    "struck": "~~a *b " * 200,
    "closed tags": "<b>a" * 300 + "</b>" * 300,
    "empty tags": "<b>" * 40 + "</b>" * 40 + " end",
    "tags and stars": "<i>*a " * 200 + "b" + "*</i>" * 200,
    "lists": "\n".join("  " * depth + "- " + "*a " * 20 + "b" + "*" * 20 for depth in range(49)),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("platform", [on_discord, on_slack])
def test_however_deep_it_nests_it_is_shown(name: str, platform: Platform) -> None:
    render, splitter = platform()
    text = NESTED[name]
    for end in (*range(100, len(text), max(97, len(text) // 8)), len(text)):
        for part in splitter.parts(text[:end], final=end == len(text)):
            assert render(part.text)
            assert words(part.text)
