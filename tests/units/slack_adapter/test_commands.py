"""Slash commands as they are typed, and lists of conversations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.commands import (
    LONGEST_ACTION,
    MOST_CHOICES,
    Link,
    Typed,
    message_link,
    picker,
    picker_id,
    read_picker_id,
    typed,
)
from bot.chat import ThreadChoice, ThreadKey
from bot.commands.specs import COMMANDS

ROOT = "1790000000.123456"
LINK = "https://acme.slack.com/archives/C012AB3CD/p1790000000123456"
FOUND = Link("acme.slack.com", "C012AB3CD", ROOT)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (LINK, FOUND),
        (f"<{LINK}>", FOUND),
        (f"<{LINK}|the message>", FOUND),
        (LINK.replace("acme", "ACME"), FOUND),
        (
            f"{LINK}?thread_ts=1789999999.000100&cid=C012AB3CD",
            Link("acme.slack.com", "C012AB3CD", "1789999999.000100"),
        ),
        (
            f"<{LINK}?cid=C012AB3CD&amp;thread_ts=1789999999.000100>",
            Link("acme.slack.com", "C012AB3CD", "1789999999.000100"),
        ),
        (f"{LINK}?thread_ts=nonsense", FOUND),
        ("https://acme.slack.com/archives/C012AB3CD", None),
        (f"{LINK}0", None),
        (f"see {LINK}", None),
        ("C012AB3CD", None),
        ("", None),
    ],
)
def test_message_links(text: str, link: Link | None) -> None:
    assert message_link(text) == link


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("/bobbin", "", Typed("help")),
        ("/bobbin", "  ", Typed("help")),
        ("/bobbin", "STOP", Typed("stop")),
        ("/bobbin", "/usage", Typed("usage")),
        ("/bobbin", "what is love", Typed("help", unknown="what")),
        ("/bobbin", f"export {LINK}", Typed("export", link=FOUND)),
        ("/summary", f"Share {LINK}", Typed("summary", {"share": "true"}, FOUND)),
        ("/summary", "share=no", Typed("summary", unread="share=no")),
        ("/forget", "it all", Typed("forget", unread="it")),
        ("/forget", "share", Typed("forget", unread="share")),
        ("/gone", "", Typed("help", unknown="gone")),
    ],
)
def test_slash_commands(command: str, text: str, expected: Typed) -> None:
    assert typed(command, text, COMMANDS) == expected


WORDS = st.text(alphabet="ab:=& é😀", min_size=1, max_size=6)


@given(st.dictionaries(WORDS, WORDS, max_size=2))
def test_a_list_remembers_its_command(options: dict[str, str]) -> None:
    told = picker_id("summary", options)
    assert len(told) <= LONGEST_ACTION
    assert read_picker_id(told) == ("summary", options)


def test_options_that_do_not_fit_are_left_out() -> None:
    assert read_picker_id(picker_id("summary", {"focus": "x" * 300})) == ("summary", {})


@pytest.mark.parametrize("action", ["", "other", "choose", "choose::", "else:summary:"])
def test_other_actions_are_not_ours(action: str) -> None:
    assert read_picker_id(action) is None


def test_a_list_keeps_within_slacks_limits() -> None:
    choices = [
        ThreadChoice(ThreadKey("slack", "T1", "C1", f"{n}.000001"), "label " * 30, 1.0)
        for n in range(150)
    ]
    block = picker("forget", {}, choices)
    assert block is not None
    (element,) = block["elements"]
    assert len(element["options"]) == MOST_CHOICES
    assert all(1 <= len(option["text"]["text"]) <= 75 for option in element["options"])
    assert all(len(option["value"]) <= 150 for option in element["options"])
    assert picker("forget", {}, []) is None
