"""From payloads as Slack sends them to events for the engine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.names import person_of
from adapters.slack.shown import files_of
from adapters.slack.translate import (
    bot_name,
    concerns_us,
    earlier,
    incoming,
    key_of,
    looked_up,
    past,
    position_of,
    said,
    workspace,
)
from adapters.slack.values import Names, Own, Person, Wanted
from bot.attached import AttachedAs
from bot.chat import Author, MessageRef, ThreadKey

OWN = Own("T061EG9R6", "U0LAN0Z89", "B0LAN0Z11", "acme.slack.com")
ADA = Person("U061F7AUR", "Ada", is_admin=True, is_guest=False, is_known=True)
NAMES = Names({"U061F7AUR": ADA})

MENTION: dict[str, Any] = {
    "token": "ZZZZZZWSxiZZZ2yIvs3peJ",
    "team_id": "T061EG9R6",
    "api_app_id": "A0MDYCDME",
    "event": {
        "type": "app_mention",
        "user": "U061F7AUR",
        "text": "<@U0LAN0Z89> is it everything a river should be?",
        "ts": "1515449522.000016",
        "team": "T061EG9R6",
        "channel": "C123ABC456",
        "event_ts": "1515449522000016",
    },
    "type": "event_callback",
    "event_id": "Ev0MDYGDKJ",
    "event_time": 1515449522000016,
    "authorizations": [
        {
            "enterprise_id": None,
            "team_id": "T061EG9R6",
            "user_id": "U0LAN0Z89",
            "is_bot": True,
            "is_enterprise_install": False,
        }
    ],
    "is_ext_shared_channel": False,
}

MESSAGE: dict[str, Any] = {
    **MENTION,
    "event_id": "Ev0MDYHUEL",
    "event": {
        "client_msg_id": "caab2b8a-6b6c-4b3c-9f0e-9b9f8f5e7d4e",
        "type": "message",
        "user": "U061F7AUR",
        "text": "<@U0LAN0Z89> is it everything a river should be?",
        "ts": "1515449522.000016",
        "team": "T061EG9R6",
        "blocks": [{"type": "rich_text", "block_id": "ibM", "elements": []}],
        "channel": "C123ABC456",
        "event_ts": "1515449522.000016",
        "channel_type": "channel",
    },
}


def event(**changes: Any) -> dict[str, Any]:
    return {**MESSAGE, "event": {**MESSAGE["event"], **changes}}


def test_both_copies_of_a_mention_become_the_same() -> None:
    first, second = said(MENTION, OWN), said(MESSAGE, OWN)
    assert first is not None and second is not None
    made = incoming(first, OWN, NAMES)
    assert made == incoming(second, OWN, NAMES)
    assert made.event_id == "T061EG9R6:C123ABC456:1515449522.000016"
    assert made.thread == ThreadKey("slack", "T061EG9R6", "C123ABC456", "1515449522.000016")
    assert made.ref == MessageRef("C123ABC456", "1515449522.000016")
    assert made.author == Author("U061F7AUR", "Ada", is_admin=True)
    assert made.text == "is it everything a river should be?"
    assert made.position == 1515449522000016
    assert made.addressed and not made.direct and not made.joins


@pytest.mark.parametrize(("told", "shared"), [(False, False), (True, True), (None, True)])
def test_another_organisation_may_read_along_unless_slack_says_no(
    told: bool | None, shared: bool
) -> None:
    body = {**MENTION, "is_ext_shared_channel": told}
    for each in (body, {name: value for name, value in body.items() if value is not None}):
        found = said(each, OWN)
        assert found is not None
        assert incoming(found, OWN, NAMES).shared is shared


def test_a_mention_in_a_thread_joins() -> None:
    found = said(event(thread_ts="1515449500.000100"), OWN)
    assert found is not None
    made = incoming(found, OWN, NAMES)
    assert made.joins and made.addressed
    assert key_of(found, OWN).thread == "1515449500.000100"
    unknown = incoming(found, OWN, Names()).author
    assert unknown == Author("U061F7AUR", "U061F7AUR", is_outside=True, is_unknown=True)


@pytest.mark.parametrize(
    ("changes", "addressed"),
    [
        ({"text": "hi"}, None),
        ({"text": "hi", "thread_ts": "1515449522.000016"}, None),
        ({"text": "hi", "thread_ts": "1515449500.000100"}, False),
        ({"text": "hi", "channel_type": "im"}, True),
        ({"text": "hi", "channel_type": "mpim"}, None),
        ({"text": "", "channel": "D123", "channel_type": None}, True),
        ({"subtype": "file_share"}, True),
        ({"subtype": "me_message"}, True),
        ({"subtype": "thread_broadcast", "thread_ts": "1515449500.000100"}, True),
        ({"subtype": "channel_join"}, None),
        ({"subtype": "message_changed", "user": None}, None),
        ({"subtype": "bot_message", "bot_id": "B1", "user": None}, True),
        ({"bot_id": "B1"}, True),
        ({"bot_id": "B1", "text": "done"}, None),
        ({"bot_id": "B1", "text": "done", "thread_ts": "1515449500.000100"}, False),
        ({"bot_id": "B0LAN0Z11"}, None),
        ({"subtype": "bot_message", "bot_id": "B0LAN0Z11", "user": None}, None),
        ({"subtype": "bot_message", "bot_id": "B1", "hidden": True}, None),
        ({"subtype": "message_changed", "bot_id": "B1"}, None),
        ({"bot_id": "B1", "user": "USLACK"}, None),
        ({"user": "USLACK"}, None),
        ({"user": "USLACKBOT"}, None),
        ({"user": "U0LAN0Z89"}, None),
        ({"hidden": True}, None),
    ],
)
def test_what_concerns_the_bot(changes: dict[str, Any], addressed: bool | None) -> None:
    found = said(event(**changes), OWN)
    if addressed is None:
        assert found is None
    else:
        assert found is not None
        assert incoming(found, OWN, NAMES).addressed is addressed


@pytest.mark.parametrize(
    "changes",
    [
        {"ts": "now"},
        {"ts": "15.1"},
        {"ts": None},
        {"ts": 1515449522.000016},
        {"user": None},
        {"channel": ""},
        {"text": {"what": 1}},
    ],
)
def test_malformed_events_are_named_so(changes: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        said(event(**changes), OWN)


BY_BOT: dict[str, Any] = {
    "user": "U0ALARM00",
    "bot_id": "B0ALARM00",
    "bot_profile": {"id": "B0ALARM00", "name": "alarm", "team_id": "T061EG9R6"},
}


@pytest.mark.parametrize(
    ("changes", "author"),
    [
        ({}, Author("U0ALARM00", "alarm", is_bot=True)),
        ({"username": "night watch"}, Author("U0ALARM00", "night watch", is_bot=True)),
        ({"user": None}, Author("B0ALARM00", "alarm", is_bot=True)),
        ({"bot_profile": None, "user": "U061F7AUR"}, Author("U061F7AUR", "Ada", is_bot=True)),
        ({"team": "T2"}, Author("U0ALARM00", "alarm", is_bot=True, is_outside=True)),
    ],
)
def test_other_programs_are_marked(changes: dict[str, Any], author: Author) -> None:
    found = said(event(**{**BY_BOT, **changes}), OWN)
    assert found is not None
    assert incoming(found, OWN, NAMES).author == author
    # A name that stands in the message need not be looked up.
    assert bool(looked_up(found).writers) == (author.name == "Ada")


def test_a_program_is_heard_by_its_attachments() -> None:
    alarm = {**BY_BOT, "subtype": "bot_message", "text": "", "thread_ts": "1515449500.000100"}
    found = said(event(**alarm, attachments=[{"fallback": "CPU at 100%"}]), OWN)
    assert found is not None and incoming(found, OWN, NAMES).text == "CPU at 100%"


GRID = Own("T061EG9R6", "U0LAN0Z89", "B0LAN0Z11", enterprise="E1")
GUEST = Names({"U061F7AUR": Person("U061F7AUR", "Ada", is_known=True)})
NOBODY = Names()


@pytest.mark.parametrize(
    ("changes", "own", "names", "outside"),
    [
        ({}, OWN, NAMES, False),
        ({}, OWN, GUEST, True),
        ({"team": "T2"}, OWN, NAMES, True),
        ({"user_team": "T2"}, OWN, NAMES, True),
        ({"user_team": "E2"}, OWN, NAMES, True),
        ({"team": None}, OWN, NAMES, False),
        # Another workspace of the same organisation is known by the person only.
        ({"team": "T2"}, GRID, NAMES, False),
        ({"team": "T2"}, GRID, GUEST, True),
        ({"user_team": "E1"}, GRID, NAMES, False),
        ({"user_team": "E2"}, GRID, NAMES, True),
        # Whoever Slack does not tell of, whatever the message says.
        ({}, OWN, NOBODY, True),
        ({"team": "T2"}, OWN, NOBODY, True),
        ({"team": "T2"}, GRID, NOBODY, True),
        ({"user_team": "E1"}, GRID, NOBODY, True),
    ],
)
def test_who_is_from_outside(
    changes: dict[str, Any], own: Own, names: Names, outside: bool
) -> None:
    found = said(event(**changes), own)
    assert found is not None
    author = incoming(found, own, names).author
    assert author.is_outside is outside
    assert author.is_unknown is (names is NOBODY and not found.is_outside)


@pytest.mark.parametrize(
    ("inner", "ours"),
    [
        ({"type": "app_uninstalled"}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0LAN0Z89"]}}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U0LAN0Z89"], "bot": []}}, False),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, False),
        ({"type": "tokens_revoked", "tokens": ["U0LAN0Z89"]}, False),
        ({"type": "tokens_revoked"}, False),
    ],
)
def test_whose_tokens_are_revoked(inner: dict[str, Any], ours: bool) -> None:
    assert concerns_us({"event": inner}, OWN) is ours


def test_files_and_forwarded_messages_are_part_of_the_text() -> None:
    body = event(
        text="<@U0LAN0Z89> see",
        subtype="file_share",
        files=[{"id": "F1", "name": "a.pdf"}, {"id": "F2", "mode": "file_access"}],
        attachments=[
            {
                "is_share": True,
                "text": "old *news*\nfrom <@U061F7AUR>",
                "author_name": "Ben",
                "files": [{"id": "F3", "name": "b.png"}],
            },
            {"from_url": "https://example.org", "text": "a preview"},
        ],
    )
    found = said(body, OWN)
    assert found is not None
    assert looked_up(found) == Wanted(
        ("U061F7AUR",), ("U0LAN0Z89", "U061F7AUR"), seen=(found.channel,)
    )
    taken = incoming(found, OWN, NAMES)
    assert taken.text == "see\n\n> Forwarded message by Ben:\n> old **news**\n> from @Ada"
    assert [(file.name, file.id, file.origin) for file in taken.attachments] == [
        ("a.pdf", "F1", ""),
        ("a file", "F2", ""),
        ("b.png", "F3", "the forwarded message"),
    ]
    line = earlier(found, OWN, NAMES)
    assert line.text.endswith("@Ada\n\n(attached: a.pdf)\n(attached: a file)\n(attached: b.png)")


@pytest.mark.parametrize(
    ("file", "kind", "url"),
    [
        ({"mode": "hosted"}, AttachedAs.FILE, "https://files.slack.com/d"),
        ({"mode": "snippet"}, AttachedAs.PASTE, "https://files.slack.com/d"),
        ({"subtype": "slack_audio"}, AttachedAs.VOICE, "https://files.slack.com/d"),
        ({"is_external": True}, AttachedAs.ELSEWHERE, "https://files.slack.com/d"),
        ({"mode": "file_access"}, AttachedAs.FILE, ""),
        ({"mode": "tombstone"}, AttachedAs.FILE, ""),
        ({"size": "many", "mimetype": 7}, AttachedAs.FILE, "https://files.slack.com/d"),
    ],
)
def test_kinds_of_files(file: dict[str, Any], kind: AttachedAs, url: str) -> None:
    whole = {"id": "F1", "name": "x", "url_private_download": "https://files.slack.com/d", **file}
    [found] = files_of({"ts": "1.000002", "files": [whole]}, "T1", "C1")
    assert (found.kind, found.url, found.space, found.message) == (kind, url, "T1", "1.000002")


def test_the_workspace_is_where_the_app_is_installed() -> None:
    assert workspace(MENTION) == "T061EG9R6"
    shared = {**MENTION, "team_id": "T0THER", "event": {**MENTION["event"], "team": "T0THER"}}
    assert workspace(shared) == "T061EG9R6"
    assert workspace({"command": "/forget", "team_id": "T1"}) == "T1"
    assert workspace({"type": "block_actions", "team": {"id": "T2", "domain": "x"}}) == "T2"
    assert workspace({"team": "T3"}) == workspace({}) == ""


TS = st.tuples(st.integers(10**9, 10**10 - 1), st.integers(0, 999_999)).map(
    lambda parts: f"{parts[0]}.{parts[1]:06d}"
)


@given(TS, TS)
def test_positions_keep_the_order_of_time_stamps(one: str, other: str) -> None:
    assert (position_of(one) < position_of(other)) == (one < other)


PAST: dict[str, Any] = {
    "type": "message",
    "user": "U061F7AUR",
    "text": "it is &lt;down&gt;",
    "ts": "1515449500.000100",
    "thread_ts": "1515449500.000100",
}


def test_the_past_of_a_thread() -> None:
    found = past(PAST, "C1", OWN)
    assert found is not None
    line = earlier(found, OWN, NAMES)
    assert (line.author.name, line.text, line.from_bot) == ("Ada", "it is <down>", False)
    assert line.ref == MessageRef("C1", "1515449500.000100")
    assert bot_name(PAST) is None


def test_our_own_past_and_other_apps() -> None:
    ours = past({**PAST, "user": "U0LAN0Z89", "bot_id": OWN.bot}, "C1", OWN)
    assert ours is not None and earlier(ours, OWN, NAMES).from_bot
    alarm = {
        "subtype": "bot_message",
        "bot_id": "B9",
        "username": "alarm",
        "text": "",
        "ts": "1515449501.000100",
        "attachments": [{"fallback": "CPU at 100%"}],
    }
    theirs = past(alarm, "C1", OWN)
    assert theirs is not None
    assert (theirs.user, theirs.text, bot_name(alarm)) == ("B9", "CPU at 100%", "alarm")
    assert not earlier(theirs, OWN, NAMES).from_bot


@pytest.mark.parametrize(
    "changes", [{"subtype": "channel_join"}, {"user": "USLACK"}, {"text": ""}, {"text": None}]
)
def test_what_says_nothing_is_no_past(changes: dict[str, Any]) -> None:
    assert past({**PAST, **changes}, "C1", OWN) is None


@pytest.mark.parametrize(
    ("changes", "person"),
    [
        ({}, Person("U1", "Ada", is_guest=False, is_known=True)),
        ({"is_owner": True}, Person("U1", "Ada", is_admin=True, is_guest=False, is_known=True)),
        ({"is_restricted": True}, Person("U1", "Ada", is_known=True)),
        ({"team_id": "T2", "is_admin": True}, Person("U1", "Ada", is_known=True)),
        ({"is_stranger": True, "is_admin": True}, Person("U1", "Ada", is_known=True)),
        ({"profile": {"real_name": "Ada L"}}, Person("U1", "Ada L", is_guest=False, is_known=True)),
        ({"profile": None}, Person("U1", "ada", is_guest=False, is_known=True)),
    ],
)
def test_people(changes: dict[str, Any], person: Person) -> None:
    user = {
        "id": "U1",
        "team_id": "T1",
        "name": "ada",
        "profile": {"display_name": "Ada", "real_name": "Ada L"},
    }
    assert person_of({**user, **changes}, "T1") == person


def test_people_of_the_same_organisation_are_no_strangers_and_no_admins() -> None:
    user = {
        "id": "U1",
        "team_id": "T2",
        "name": "ada",
        "is_admin": True,
        "enterprise_user": {"enterprise_id": "E1"},
    }
    colleague = Person("U1", "ada", is_guest=False, is_known=True)
    assert person_of(user, "T1", "E1") == colleague
    stranger = Person("U1", "ada", is_known=True)
    assert person_of(user, "T1", "E2") == person_of(user, "T1") == stranger
