"""The simulator's pure rules: escaping, mentions, allowances, block checks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.slack_sim.blocks import check_blocks
from tests.simulators.slack_sim.errors import ApiError, RateLimited
from tests.simulators.slack_sim.limits import Limits
from tests.simulators.slack_sim.mentions import pings_of_blocks, wire_text, without_code

PLAIN = {"type": "plain_text", "text": "x"}


def unescaped(text: str) -> str:
    """Undo the three escapes of Slack."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@given(st.text(alphabet="<>&@#!UC1amplt;| x"))
def test_wire_text_is_stable_and_loses_nothing(text: str) -> None:
    once = wire_text(text)
    assert wire_text(once) == once
    assert unescaped(once) == unescaped(text)


@given(st.lists(st.floats(min_value=0, max_value=30), min_size=1, max_size=200))
def test_no_window_of_a_minute_holds_more_than_the_tier(gaps: list[float]) -> None:
    now = 0.0
    limits = Limits(lambda: now, 1.0)
    taken: list[float] = []
    for gap in gaps:
        now += gap
        try:
            limits.take("T1", "views.open", 2, None)
            taken.append(now)
        except RateLimited as refusal:
            assert refusal.retry_after >= 1
    for start in taken:
        assert sum(start <= at < start + 60 for at in taken) <= 20


def test_a_call_succeeds_after_retry_after() -> None:
    now = 0.0
    limits = Limits(lambda: now, 4.0)
    for _ in range(50):
        limits.take("T1", "chat.update", 3, None)
    limits.take("T2", "chat.update", 3, None)
    with pytest.raises(RateLimited) as caught:
        limits.take("T1", "chat.update", 3, None)
    assert caught.value.retry_after == 15
    now = caught.value.retry_after * 4.0
    limits.take("T1", "chat.update", 3, None)
    assert limits.refused == {"chat.update": 1}


@pytest.mark.parametrize(
    ("markdown", "left"),
    [
        ("a `<!here>` b", "a   b"),
        ("``<`!here>`` b", "  b"),
        ("a\n```py\n<!here>\n```\nb", "a\n\nb"),
        ("a\n~~~\n<!here>", "a\n"),
        ("unclosed ` <!here>", "unclosed ` <!here>"),
    ],
)
def test_code_is_taken_out(markdown: str, left: str) -> None:
    assert without_code(markdown) == left


def test_mentions_hide_in_rich_text_too() -> None:
    section = {
        "type": "rich_text_section",
        "elements": [
            {"type": "user", "user_id": "U1"},
            {"type": "broadcast", "range": "here"},
            {"type": "usergroup", "usergroup_id": "S1"},
        ],
    }
    blocks = [{"type": "rich_text", "elements": [section]}]
    assert list(pings_of_blocks(blocks)) == ["<@U1>", "<!here>", "<!subteam^S1>"]


def button(**fields: Any) -> dict[str, Any]:
    """Return an actions block with one button."""
    return {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "a", "text": PLAIN, **fields}],
    }


def menu(*names: str) -> dict[str, Any]:
    """Return an actions block with a list."""
    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in names]
    element = {"type": "static_select", "action_id": "a", "options": options}
    return {"type": "actions", "elements": [element]}


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        ([{"type": "divider"}] * 51, "invalid_blocks"),
        ([{"type": "banner"}], "invalid_blocks"),
        ([{"type": "section"}], "invalid_blocks"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "invalid_blocks"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "invalid_blocks"),
        ([{"type": "markdown", "text": "x" * 12_001}], "msg_blocks_too_long"),
        ([button(value="x" * 2001)], "invalid_blocks"),
        ([button(style="green")], "invalid_blocks"),
        ([button(text={"type": "plain_text", "text": "x" * 76})], "invalid_blocks"),
        ([{"type": "actions", "elements": []}], "invalid_blocks"),
        ([{**button(), "type": "context_actions"}], "invalid_blocks"),
        ([{"type": "divider", "block_id": "b"}] * 2, "invalid_blocks"),
        ([{**button(), "elements": button()["elements"] * 2}], "invalid_blocks"),
        ([menu()], "invalid_blocks"),
        ([menu("x" * 76)], "invalid_blocks"),
        ([menu("x", "x")], "invalid_blocks"),
        ([menu(*(f"{number}" for number in range(101)))], "invalid_blocks"),
    ],
)
def test_bad_blocks_are_refused(blocks: list[Any], error: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_blocks(blocks)
    assert caught.value.code == error


def test_good_blocks_pass() -> None:
    check_blocks([{"type": "markdown", "text": "x" * 12_000}, button(style="danger"), button()])
