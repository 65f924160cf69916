"""Options as people type them, and messages that ask to be ignored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.commands import typed
from bot.commands.specs import COMMANDS, IMAGINE, Typed, typed_command
from bot.ignoring import is_ignored, is_kept_out
from bot.options import read_options

SPECS = (*COMMANDS, IMAGINE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!ask why is the sky\nblue?", Typed("ask", {"question": "why is the sky\nblue?"}, True)),
        ("/ASK mention=only", Typed("ask", {"question": "mention=only"}, True)),
        ("ask why is the sky blue?", None),
        ("ask", Typed("ask", {}, False)),
        ("!imagine a Cat", Typed("imagine", {"prompt": "a Cat"}, True)),
        ("!imagine only_me a Cat", Typed("imagine", {"only_me": "true", "prompt": "a Cat"}, True)),
        ("imagine a world", None),
        ("settings", Typed("settings", {}, False)),
        (
            "settings mention=Only hours=2",
            Typed("settings", {"mention": "Only", "hours": "2"}, False),
        ),
        (
            "!settings persona=Be kind = brief",
            Typed("settings", {"persona": "Be kind = brief"}, True),
        ),
        ("settings are odd here", None),
        ("!settings moody", Typed("settings", {}, True, "moody")),
        ("!persona Be kind", Typed("persona", {"text": "Be kind"}, True)),
        ("persona non grata", None),
        ("leave", Typed("leave", {}, False)),
        ("leave it", None),
    ],
)
def test_typed(text: str, expected: Typed | None) -> None:
    assert typed_command(text, SPECS) == expected


@given(st.sampled_from(SPECS), st.text(max_size=60))
def test_no_word_is_lost_or_made_up(spec: object, text: str) -> None:
    assert spec in SPECS
    for each in SPECS:
        options, unread = read_options(each, text)
        assert set(options) <= {option.name for option in each.options}
        assert all(value.strip() in text or value == "true" for value in options.values())
        assert not unread or unread in text.split() or unread in text


@given(st.text(max_size=60))
def test_slack_reads_a_question_as_it_was_written(text: str) -> None:
    found = typed("/bobbin", f"ask x{text}", SPECS)
    assert found.name == "ask" and found.unread == "" and found.link is None
    assert found.options["question"] == f"x{text}".strip()


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("!ignore", True),
        ("  !Ignore this", True),
        ("!ignore: this", True),
        ("> Ben wrote:\n> !ask\n\n!ignore this", True),
        ("> !ignore this\n\nwhat does Ben mean?", False),
        ("!ignored", False),
        ("please !ignore", False),
        ("ignore", False),
        ("", False),
    ],
)
def test_what_is_ignored(text: str, ignored: bool) -> None:
    assert is_ignored(text) is ignored
    assert is_kept_out(text) is ignored


def test_private_questions_are_kept_out_of_what_is_read_later() -> None:
    assert is_kept_out("!ask why?") and is_kept_out(" /ASK\nwhy?")
    assert not is_kept_out("!asked") and not is_ignored("!ask why?")


@given(st.text(max_size=60))
def test_in_front_it_holds_for_any_text(text: str) -> None:
    assert is_ignored(f"!ignore {text}")
    assert typed_command(f"!ignore {text}", SPECS) is None
