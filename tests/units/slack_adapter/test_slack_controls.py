"""Blocks under an answer, and what comes back from them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.controls import press_of, shown, used
from adapters.slack.render import LONGEST_FALLBACK, rendered
from adapters.slack.values import Own
from bot.chat import Author
from bot.controls import PLAIN, Action, Presentation
from tests.simulators.slack_sim.blocks import check_blocks

OWN = Own("T1", "U0")
STAMP = "1700000000.000100"


def body(**changes: Any) -> dict[str, Any]:
    """A click on Regenerate, as Slack tells of it."""
    return {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": "T1"},
        "actions": [
            {"action_id": "control:regenerate", "value": "regenerate:t1", "action_ts": STAMP}
        ],
        "container": {
            "type": "message",
            "channel_id": "C1",
            "message_ts": "1700000000.000002",
            "thread_ts": "1700000000.000001",
        },
        "response_url": "https://hooks.example/1",
        **changes,
    }


def action(**changes: Any) -> dict[str, Any]:
    return body(actions=[{**body()["actions"][0], **changes}])


@given(st.text(max_size=4000), st.lists(st.sampled_from(list(Action)), unique=True))
def test_what_is_shown_is_taken_by_slack(text: str, actions: list[Action]) -> None:
    said = shown(text or "x", Presentation("turn", tuple(actions)), rendered)
    check_blocks(said["blocks"])
    assert len(said["text"]) <= LONGEST_FALLBACK
    assert "<" not in said["text"]


def test_without_controls_it_is_plain_markdown_unless_there_may_be_some_to_take_away() -> None:
    assert shown("**hi**", PLAIN, rendered) == {"markdown_text": "**hi**"}
    block = {"type": "markdown", "text": "**hi**"}
    assert shown("**hi**", PLAIN, rendered, anew=True) == {"text": "hi", "blocks": [block]}


def test_a_click_says_where_it_was() -> None:
    found = used(body(), OWN)
    assert found is not None
    press = press_of(found, Author("U1", "Ada"), OWN, shared=True)
    assert str(press.thread) == "slack:T1:C1:1700000000.000001"
    assert (press.action, press.turn) == (Action.REGENERATE, "t1")
    assert (press.ref.channel, press.ref.message) == ("C1", "1700000000.000002")
    assert (press.position, press.at, press.direct) == (1700000000000100, 1700000000.0001, False)
    # The same click delivered again is the same event, another one is not.
    again = used(action(action_ts="1700000000.000101"), OWN)
    assert again is not None
    assert press_of(again, Author("U1", "Ada"), OWN, shared=True).event_id != press.event_id


def test_somebody_of_another_workspace_is_told_apart() -> None:
    found = used(body(user={"id": "U1", "team_id": "T9"}), OWN)
    assert found is not None and found.elsewhere
    assert used(action(action_id="choose:forget:"), OWN) is None


@given(
    st.dictionaries(
        st.sampled_from(["action_id", "value", "action_ts"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=20), st.just("stop:t:9:C2")),
        min_size=1,
    )
)
def test_no_control_says_where_it_is(changes: dict[str, Any]) -> None:
    try:
        found = used(action(**changes), OWN)
    except (KeyError, TypeError, ValueError):
        return
    assert found is None or (found.channel, found.root) == ("C1", "1700000000.000001")
