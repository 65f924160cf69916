"""Whatever Slack sends: it is read, left out or called malformed, and never somebody else's."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import home, modals
from adapters.slack.interactions import choice, slash
from adapters.slack.layout import said_in
from adapters.slack.markup import measure, pieces, readable, safe
from adapters.slack.names import person_of
from adapters.slack.translate import bot_name, earlier, incoming, looked_up, past, said, workspace
from adapters.slack.values import Names, Own, Person, Said, Shared, fields, objects
from bot.attached import Attachment
from bot.chat import Incoming, ThreadKey
from bot.commands.specs import COMMANDS
from tests.examples import examples
from tests.payloads import slack
from tests.payloads.mutations import ODD, mutated

OWN = Own(slack.TEAM, slack.BOT_USER, slack.BOT_ID, "weavers.slack.com")
NAMES = Names({slack.ADA: Person(slack.ADA, "Ada", is_admin=True)}, {slack.GENERAL: "general"})

MALFORMED = (KeyError, TypeError, ValueError)
"""What the intake takes for a payload that cannot be read."""

OTHERS = (slack.BEN, slack.DIRECT, slack.ROOT, slack.BOT_USER, slack.BOT_ID, "T0OTHERS01")
STAMP = re.compile(r"[0-9]{1,12}\.[0-9]{6}")


def read(body: Mapping[str, Any]) -> Incoming | None:
    """A payload on its way, as the intake does it."""
    found = said(body, OWN)
    if found is None:
        return None
    looked_up(found)
    return incoming(found, OWN, NAMES)


def is_sound(event: Incoming) -> bool:
    """Everything has the type and the range that the engine relies on."""
    ref, author = event.ref, event.author
    texts = (event.event_id, ref.channel, ref.message, author.id, author.name)
    return (
        all(isinstance(text, str) and text for text in texts)
        and isinstance(event.text, str)
        and math.isfinite(event.at)
        and 0 <= event.position < 2**63
        and ThreadKey.parse(str(event.thread)) == event.thread
    )


@given(mutated(slack.EVENTS, others=OTHERS))
@examples(80)
def test_any_event_is_read_left_out_or_malformed(body: Any) -> None:
    if not isinstance(body, dict):
        return
    workspace(body)
    try:
        event = read(body)
    except MALFORMED:
        return
    if event is None:
        return
    inner = body["event"]
    assert is_sound(event)
    assert event.thread.platform == "slack"
    assert event.thread.space == slack.TEAM
    assert event.thread.channel == event.ref.channel == inner["channel"]
    assert event.thread.thread == (inner.get("thread_ts") or inner["ts"])
    assert STAMP.fullmatch(event.thread.thread) and STAMP.fullmatch(event.ref.message)
    assert event.ref.message == inner["ts"]
    assert event.event_id == f"{slack.TEAM}:{inner['channel']}:{inner['ts']}"
    assert event.author.id == (inner.get("user") or inner["bot_id"])
    assert event.author.id not in (slack.BOT_USER, slack.BOT_ID, "USLACK", "USLACKBOT")
    assert event.author.is_bot == bool(inner.get("bot_id"))
    assert event.author.is_admin == (inner.get("user") == slack.ADA and not event.author.is_bot)
    spoken = inner.get("text") or said_in(inner.get("blocks"))
    assert event.mentioned == (
        inner["type"] == "app_mention"
        or re.search(rf"<@{slack.BOT_USER}(\|[^<>]*)?>", spoken) is not None
    )
    assert event.addressed == (event.mentioned or event.direct)
    assert event.direct == (
        inner.get("channel_type") == "im"
        or (not inner.get("channel_type") and inner["channel"].startswith("D"))
    )


@given(mutated(slack.WINDOWS, others=OTHERS))
@examples(80)
def test_any_window_or_page_is_read_or_malformed(body: Any) -> None:
    if not isinstance(body, dict):
        return
    view = fields(body.get("view"))
    try:
        subject = modals.subject_of(view)
        assert len(modals.noted(subject)) <= modals.LONGEST_NOTE
        modals.question_in(view)
        modals.chosen_in(view)
    except MALFORMED:
        pass
    try:
        _, thread = home.chosen(next(iter(objects(body.get("actions"))), {}))
    except MALFORMED:
        return
    assert ThreadKey.parse(str(thread)) == thread


@given(
    st.text(max_size=9000),
    st.lists(st.builds(Shared, st.text(max_size=3000), st.text(max_size=80)), max_size=4),
    st.lists(st.builds(Attachment, st.text(max_size=255)), max_size=10),
)
@settings(deadline=None)
def test_a_message_goes_along_with_its_window(
    text: str, shared: list[Shared], attached: list[Attachment]
) -> None:
    ts, more = "1790000000.000001", (tuple(attached), tuple(shared))
    found = Said("C1", ts, ts, "U1", text, attached=more[0], shared=more[1])
    note = modals.noted(modals.Subject("slack:T1:C1:1", found))
    assert len(note) <= modals.LONGEST_NOTE
    again = modals.subject_of({"private_metadata": note})
    assert again.said is not None
    assert text.startswith(again.said.text)
    assert again.whole == (again.said == found)


@pytest.mark.parametrize("body", slack.EVENTS)
def test_the_payloads_themselves_are_good(body: dict[str, Any]) -> None:
    assert workspace(body) == slack.TEAM
    kinds = (slack.CHANGED, slack.DELETED, slack.BY_OURSELVES)
    assert (read(body) is None) == (body in kinds)


@pytest.mark.parametrize("thread", [{"ts": 1}, True, 17, "here", "1.5", "٣٣٣.٣٣٣٣٣٣", ["a"]])
def test_a_thread_that_is_none_is_malformed(thread: object) -> None:
    with pytest.raises(MALFORMED):
        read(slack.callback(slack.message("so?", thread_ts=thread)))


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": "C1:general"},
        {"channel": "\ud83d"},
        {"channel": "C" * 300},
        {"user": "U1\n"},
        {"ts": f"{'9' * 400}.000000"},
        {"ts": "1732700000.0000٣0"},
    ],
)
def test_ids_that_are_none_are_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(MALFORMED):
        read(slack.callback(slack.message(f"<@{slack.BOT_USER}> so?", **changes)))


@given(mutated(slack.PAST, others=OTHERS))
@examples(50)
def test_any_past_is_read_left_out_or_malformed(message: Any) -> None:
    if not isinstance(message, dict):
        return
    try:
        found = past(message, slack.GENERAL, OWN)
        bot_name(message)
        line = earlier(found, OWN, NAMES) if found else None
    except MALFORMED:
        return
    if line is None:
        return
    assert line.ref.channel == slack.GENERAL
    assert line.ref.message == message["ts"]
    assert math.isfinite(line.at)
    assert line.author.id in (message.get("user"), message.get("bot_id"), slack.BOT_USER)
    ours = slack.BOT_USER in (message.get("user"),) or message.get("bot_id") == slack.BOT_ID
    assert line.from_bot <= ours


@given(mutated([slack.PERSON]))
@examples(50)
def test_any_person_has_a_name(user: Any) -> None:
    if not isinstance(user, dict):
        return
    try:
        person = person_of(user, slack.TEAM)
    except MALFORMED:
        return
    assert person.name and isinstance(person.name, str)
    assert person.id and isinstance(person.id, str)
    if user.get("team_id", slack.TEAM) != slack.TEAM:
        assert not person.is_admin and person.is_guest


def test_a_person_without_any_name_is_malformed() -> None:
    with pytest.raises(MALFORMED):
        person_of({"id": "", "profile": {}}, slack.TEAM)


@given(mutated([slack.SLASH], others=(slack.DIRECT, "/forget")))
@examples(40)
def test_any_slash_command_is_read_or_malformed(body: Any) -> None:
    try:
        called = slash(body, COMMANDS)
    except MALFORMED:
        return
    assert called.asked.user == body["user_id"]
    assert called.channel == body["channel_id"]
    assert called.asked.thread is None
    assert all(isinstance(x, str) and x for x in (called.asked.user, called.channel, called.url))


@given(mutated([slack.CHOICE], others=(slack.DIRECT, "choose:stop:", "slack:T0OTHERS01:C1:1.1")))
@examples(40)
def test_any_choice_is_read_or_malformed(body: Any) -> None:
    try:
        called = choice(body)
    except MALFORMED:
        return
    if called is None:
        return
    assert called.asked.user == body["user"]["id"]
    assert all(isinstance(x, str) and x for x in (called.asked.user, called.channel, called.url))
    assert str(called.asked.thread) == str(
        ThreadKey.parse(body["actions"][0]["selected_option"]["value"])
    )


ALPHABET = st.text(alphabet="ab <>@!#|*_~`&;lgtampU01\n\x00\x02\x03\x04😀•\ud83d", max_size=80)
STRINGS = ALPHABET | st.sampled_from([odd for odd in ODD if isinstance(odd, str)])


@given(STRINGS, st.text(alphabet="ab*<>@\x02\x03\x04\ud83d0`", min_size=1, max_size=8), STRINGS)
@examples(60)
def test_any_text_with_any_names_is_decoded(raw: str, name: str, label: str) -> None:
    names = Names({slack.ADA: Person(slack.ADA, name)}, {slack.GENERAL: name})
    text = f"<@{slack.ADA}> {raw} <#{slack.GENERAL}|{label}> <@{slack.BOT_USER}>"
    shown = readable(text, names, slack.BOT_USER)
    assert not set(shown) & {"\x02", "\x03", "\x04"}
    if "`" not in raw + label:
        assert f"<@{slack.BOT_USER}>" not in shown


@given(STRINGS)
@examples(40)
def test_any_text_is_sent_safely_in_pieces(raw: str) -> None:
    assert not re.search(r"<(?:!(?:channel|here|everyone|subteam)|@[UW][A-Z0-9])", safe(raw), re.I)
    parts = pieces(raw, 300)
    assert all(measure(part) <= 300 for part in parts)
    assert "".join("".join(parts).split()) == "".join(raw.split())


@pytest.mark.parametrize("name", ["\x02", "\x020\x03", "\x029\x03", "\x04"])
def test_a_name_cannot_look_like_what_stands_for_a_part_of_the_text(name: str) -> None:
    names = Names({slack.ADA: Person(slack.ADA, f"A{name}da")})
    assert readable(f"<@{slack.ADA}> hi", names).startswith("@A")
