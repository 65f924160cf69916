"""Messages of blocks alone, as other apps send them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.layout import said_in
from adapters.slack.markup import readable
from adapters.slack.translate import past
from adapters.slack.values import Names, Own, Person

OWN = Own("T1", "U0BOT", "B0BOT")
NAMES = Names({"U1ADA": Person("U1ADA", "Ada")}, {"C9": "plans"})


def words(*blocks: dict[str, Any]) -> str:
    return readable(said_in(list(blocks)), NAMES, OWN.user)


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def section(*elements: dict[str, Any], kind: str = "rich_text_section") -> dict[str, Any]:
    return {"type": kind, "elements": list(elements)}


def text(said: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": said} | ({"style": style} if style else {})


def test_rich_text_becomes_markdown() -> None:
    line = section(
        text("Hello "),
        {"type": "user", "user_id": "U1ADA"},
        text(", this is "),
        text("loud ", bold=True),
        text("and ", italic=True),
        text("gone", strike=True),
        text(" "),
        text("a < b", code=True),
        text(" in "),
        {"type": "channel", "channel_id": "C9"},
        text(" "),
        {"type": "link", "url": "https://x.org", "text": "site"},
        {"type": "emoji", "name": "tada"},
    )
    assert words(rich(line)) == (
        "Hello @Ada, this is **loud** _and_ ~~gone~~ `a < b` in #plans [site](https://x.org):tada:"
    )


def test_lists_quotes_and_code() -> None:
    items = {
        "type": "rich_text_list",
        "style": "ordered",
        "offset": 2,
        "elements": [section(text("three")), section(text("four"))],
    }
    nested = items | {"style": "bullet", "indent": 1, "elements": [section(text("deep"))]}
    quoted = section(text("one\ntwo"), kind="rich_text_quote")
    code = section(text("if a < b:\n    *c*"), kind="rich_text_preformatted")
    assert words(rich(items, nested, quoted, code)) == (
        "3. three\n4. four\n    - deep\n> one\n> two\n```\nif a < b:\n    *c*\n```"
    )


def test_other_blocks() -> None:
    assert (
        words(
            {"type": "header", "text": {"type": "plain_text", "text": "Build <1>"}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "*failed* for <@U1ADA>"},
                "fields": [{"type": "plain_text", "text": "a & b"}],
            },
            {"type": "divider"},
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "_now_"}, {"type": "image"}],
            },
            {
                "type": "table",
                "rows": [[{"type": "raw_text", "text": "a"}, rich(section(text("b")))]],
            },
        )
        == "**Build <1>**\n**failed** for @Ada\na & b\n_now_\na | b"
    )


def test_an_apps_message_without_a_text_is_heard() -> None:
    found = past(
        {
            "type": "message",
            "subtype": "bot_message",
            "bot_id": "B2",
            "ts": "1700000000.000100",
            "blocks": [rich(section(text("deployed")))],
        },
        "C1",
        OWN,
    )
    assert found is not None
    assert found.text == "deployed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "style", "indent", "offset", "url", "rows", "fields"]
            ),
            inner
            | st.sampled_from(
                ["rich_text", "rich_text_list", "section", "mrkdwn", "table", "link"]
            ),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_blocks_are_read(blocks: object) -> None:
    assert isinstance(said_in(blocks), str)
