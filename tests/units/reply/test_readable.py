"""What is worth a notification, and what is not yet."""

from __future__ import annotations

import pytest

from bot.reply.readable import readable_prefix


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "Hel",
        "Hello wor",
        "Hello there my fr",
        "1. ",
        "- ",
        "# Tit",
        "**",
        "``",
        "```",
        "```py",
        "```py\n",
        "```py\nx = 1",
        "[one two three four five six",
        "See [the documentation of this thing](https://exam",
        "See <@12345",
        "你好",
    ],
)
def test_not_yet(text: str) -> None:
    assert not readable_prefix(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello there my friend, ",
        "Hi! How",
        "# Title\n",
        "```py\nx = 1\n",
        "Sure, here it is:\n```",
        "- one\n- tw",
        "你好，我是一个聊天机器人。",
        "こんにちは、元気ですか今日は",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "**Note:** this is bold text",
    ],
)
def test_readable(text: str) -> None:
    assert readable_prefix(text)


def test_it_stays_readable_as_the_text_grows() -> None:
    text = "Certainly! Here is how it works: first, you open the file. Then you read on."
    answers = [readable_prefix(text[:end]) for end in range(len(text))]
    assert answers == sorted(answers)
    assert True in answers
