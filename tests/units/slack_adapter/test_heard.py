"""Which of Slack's messages are heard, whoever writes them and wherever, and as whose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.translate import (
    as_spoken,
    earlier,
    incoming,
    is_ours,
    past,
    said,
    text_in,
    workspace,
)
from adapters.slack.values import Names, Own, Person
from tests.examples import examples

TEAM, ENTERPRISE, BOT = "T0HERE0001", "E0HERE0001", "U0BOBBIN01"
OWN = Own(TEAM, BOT, "B0BOBBIN01")
GRID = replace(OWN, enterprise=ENTERPRISE)
ADA, BEN = "U0ADALOOM1", "U0BENSPIN1"
MEMBER = Names({ADA: Person(ADA, "Ada", is_guest=False, is_known=True)})
CHANNEL, DIRECT = "C0GENERAL1", "D0ADADIRE1"
NOW, BEFORE = "1732700060.000200", "1732700000.000100"

SPEECH = ("file_share", "thread_broadcast", "me_message", "bot_message")
SYSTEM = (
    "assistant_app_thread bot_add bot_remove channel_archive channel_join channel_leave "
    "channel_name channel_posting_permissions channel_purpose channel_topic channel_unarchive "
    "document_mention ekm_access_denied file_comment file_mention group_archive group_join "
    "group_leave group_name group_purpose group_topic group_unarchive huddle_thread "
    "joiner_notification message_changed message_deleted message_replied pinned_item "
    "reminder_add reply_broadcast sh_room_created tombstone unpinned_item"
).split()
"""What Slack calls messages in which nobody says anything."""

BEGINNINGS = ("", " ", f"<@{BOT}> ", f"<@{BEN}> ", f" <@{BEN}|ben>, ", "<!subteam^S0WEAVERS> ")
FOR_OTHERS = BEGINNINGS[3:]
ENDS = ("", "\n", "look", f"and <@{BEN}> too", "<!here> look")


def body(message: dict[str, Any], **outer: Any) -> dict[str, Any]:
    """The payload of a message."""
    given_ = {"type": "message", "user": ADA, "ts": NOW, "channel": CHANNEL, "text": "so?"}
    installed = {"team_id": TEAM, "is_enterprise_install": False}
    shared = {"is_ext_shared_channel": False}
    return {"authorizations": [installed], **shared, **outer, "event": {**given_, **message}}


def placed(in_thread: bool, direct: bool) -> dict[str, Any]:
    """Where a message is."""
    place = {"thread_ts": BEFORE} if in_thread else {}
    return place | ({"channel": DIRECT, "channel_type": "im"} if direct else {})


@given(
    beginning=st.sampled_from(BEGINNINGS),
    end=st.sampled_from(ENDS),
    with_file=st.booleans(),
    in_thread=st.booleans(),
    direct=st.booleans(),
    everything=st.booleans(),
    by_bot=st.booleans(),
)
@examples(100)
def test_what_is_said_is_heard_where_it_is_for_the_bot_or_for_everybody(
    beginning: str,
    end: str,
    with_file: bool,
    in_thread: bool,
    direct: bool,
    everything: bool,
    by_bot: bool,
) -> None:
    message = placed(in_thread, direct) | {"text": beginning + end}
    message |= {"files": [{"id": "F1", "name": "a.png"}]} if with_file else {}
    message |= {"bot_id": "B0ALARM001", "username": "alarm"} if by_bot else {}
    mentioned = f"<@{BOT}>" in beginning
    aside = beginning in FOR_OTHERS and not direct
    says = bool((beginning + end).strip()) or with_file
    opens = everything and says and not aside
    found = said(body(message), OWN, everything)
    if not (mentioned or in_thread or direct or opens):
        assert found is None
        return
    assert found is not None
    event = incoming(found, OWN, MEMBER)
    assert event.mentioned == mentioned
    assert event.direct == direct
    assert event.aside == aside
    assert event.joins == (in_thread and not direct)
    called = mentioned or direct
    assert event.addressed == (called or (opens and not in_thread))
    assert event.author.is_bot == by_bot
    assert len(event.attachments) == with_file


@given(
    subtype=st.sampled_from(SYSTEM) | st.from_regex(r"[a-z_]{1,20}", fullmatch=True),
    in_thread=st.booleans(),
    direct=st.booleans(),
    by_bot=st.booleans(),
)
@examples(60)
def test_where_nobody_says_anything_nothing_is_heard(
    subtype: str, in_thread: bool, direct: bool, by_bot: bool
) -> None:
    message = placed(in_thread, direct) | {"subtype": subtype, "text": f"<@{BOT}> has joined"}
    message |= {"bot_id": "B0ALARM001"} if by_bot else {}
    whole = body(message)
    heard = subtype in SPEECH
    for everything in (False, True):
        assert (said(whole, OWN, everything) is not None) == heard
        assert said({**whole, "event": {**whole["event"], "hidden": True}}, OWN, everything) is None
    assert (past(whole["event"], CHANNEL, OWN) is not None) == heard
    assert (as_spoken(whole["event"], CHANNEL, OWN, direct=direct) is not None) == heard


@pytest.mark.parametrize("subtype", SPEECH)
def test_speech_is_heard(subtype: str) -> None:
    assert said(body({"subtype": subtype, "thread_ts": BEFORE}), OWN) is not None


TEAMS = st.sampled_from([None, "", TEAM, "T0THERE001", ENTERPRISE, "E0THERE001"])


@given(user_team=TEAMS, team=TEAMS, program=TEAMS, own=st.sampled_from([OWN, GRID]))
@examples(100)
def test_whoever_a_message_calls_an_outsider_is_one(
    user_team: str | None, team: str | None, program: str | None, own: Own
) -> None:
    message: dict[str, Any] = {"thread_ts": BEFORE, "user_team": user_team, "team": team}
    if program is not None:
        message["bot_id"] = "B0ALARM001"
        message["bot_profile"] = {"name": "alarm", "team_id": program}
    told = [each for each in (user_team, team, program) if each]
    belongs = told[0] if told else ""
    # Within an organisation a workspace tells nothing: it may be one of its own.
    outside = {
        "": False,
        TEAM: False,
        "T0THERE001": own is OWN,
        ENTERPRISE: own is OWN,
        "E0THERE001": True,
    }[belongs]
    found = said(body(message), own)
    assert found is not None
    assert found.is_outside == outside
    author = incoming(found, own, MEMBER).author
    assert author.is_outside == outside and not author.is_unknown
    before = past(body(message)["event"], CHANNEL, own)
    assert before is not None and before.is_outside == outside


@given(
    told=st.sampled_from([True, False, None, 0, "", "false", "absent"]),
    direct=st.booleans(),
    by_bot=st.booleans(),
)
@examples(20)
def test_another_organisation_reads_along_unless_slack_says_no(
    told: object, direct: bool, by_bot: bool
) -> None:
    message = placed(True, direct) | ({"bot_id": "B0ALARM001"} if by_bot else {})
    whole = body(message, is_ext_shared_channel=told)
    if told == "absent":
        del whole["is_ext_shared_channel"]
    found = said(whole, OWN)
    assert found is not None
    assert incoming(found, OWN, MEMBER).shared == (told is not False)


@pytest.mark.parametrize(
    ("message", "ours"),
    [
        ({"user": BOT}, True),
        ({"user": "USLACK"}, True),
        ({"user": "USLACKBOT", "bot_id": "B0ALARM001"}, True),
        ({"user": ADA, "bot_id": "B0BOBBIN01"}, True),
        ({"bot_id": "B0BOBBIN01"}, True),
        ({"user": ADA, "bot_id": "B0ALARM001"}, False),
        ({"user": ADA}, False),
        ({}, False),
    ],
)
def test_what_is_ours(message: dict[str, Any], ours: bool) -> None:
    assert is_ours(message, OWN) is ours


def test_who_does_not_know_its_own_programs_id_takes_no_empty_one_for_it() -> None:
    nameless = replace(OWN, bot="")
    message = {"user": ADA, "bot_id": "", "thread_ts": BEFORE}
    assert not is_ours(message, nameless)
    found = past(body(message)["event"], CHANNEL, nameless)
    assert found is not None and found.user == ADA


def test_what_is_spoken_is_its_writers_whoever_that_is() -> None:
    alarm = {"ts": NOW, "bot_id": "B0ALARM001", "attachments": [{"fallback": "CPU at 100%"}]}
    found = as_spoken(alarm, CHANNEL, OWN, direct=False)
    assert found is not None
    assert (found.user, found.text, found.bot) == ("B0ALARM001", "CPU at 100%", "")
    person = as_spoken({"ts": NOW, "user": ADA, "text": ""}, CHANNEL, OWN, direct=True)
    assert person is not None
    assert (person.user, person.text, person.bot, person.direct) == (ADA, "", None, True)


@pytest.mark.parametrize("value", [None, "", 7, ["x"], {"x": 1}, True])
def test_a_text_that_has_to_be_there_is_one(value: object) -> None:
    with pytest.raises(ValueError):
        text_in({"name": value}, "name")
    with pytest.raises(KeyError):
        text_in({"other": value}, "name")


@pytest.mark.parametrize("value", [7, ["x"], {"x": 1}])
@pytest.mark.parametrize("name", ["text", "thread_ts"])
def test_a_message_whose_text_or_thread_is_no_text_is_malformed(name: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        said(body({name: value}), OWN)


INSTALLED = {"team_id": TEAM, "enterprise_id": ENTERPRISE}


@pytest.mark.parametrize(
    ("given_", "space"),
    [
        ({"authorizations": [INSTALLED | {"is_enterprise_install": False}]}, TEAM),
        ({"authorizations": [INSTALLED]}, TEAM),
        ({"authorizations": [INSTALLED | {"is_enterprise_install": True}]}, ENTERPRISE),
        # As forms of commands write it.
        (INSTALLED | {"is_enterprise_install": "true"}, ENTERPRISE),
        (INSTALLED | {"is_enterprise_install": "false"}, TEAM),
        (
            {
                "is_enterprise_install": True,
                "enterprise": {"id": ENTERPRISE},
                "team": {"id": TEAM},
            },
            ENTERPRISE,
        ),
        (
            {
                "is_enterprise_install": True,
                "enterprise_id": ENTERPRISE,
                "enterprise": {"id": "E0OTHER001"},
            },
            ENTERPRISE,
        ),
        # Nothing tells which organisation it is.
        ({"is_enterprise_install": True, "team": {"id": TEAM}}, TEAM),
        ({"is_enterprise_install": True, "team_id": TEAM, "enterprise": None}, TEAM),
        # A window is the business of where the app is, whoever opened it.
        ({"view": {"app_installed_team_id": TEAM}, "team": {"id": "T0THERE001"}}, TEAM),
        ({"view": {"app_installed_team_id": None}, "team": {"id": TEAM}}, TEAM),
        ({"view": {"app_installed_team_id": "T0THERE001"}, "team_id": TEAM}, TEAM),
        ({"team_id": TEAM, "team": {"id": "T0THERE001"}}, TEAM),
        ({"team": {"id": TEAM}}, TEAM),
        ({"authorizations": [{"user_id": BOT}], "team_id": TEAM}, TEAM),
        ({"authorizations": [], "team_id": TEAM}, TEAM),
        ({"team": None, "enterprise": {"id": ENTERPRISE}}, ""),
    ],
)
def test_what_a_payload_was_sent_for(given_: dict[str, Any], space: str) -> None:
    assert workspace(given_) == space


HEADED = [{"type": "header", "text": {"type": "plain_text", "text": "CPU at 100%"}}]
ALERT = [{"team": TEAM, "channel": CHANNEL, "ts": NOW, "message": {"blocks": HEADED}}]


@pytest.mark.parametrize(
    ("message", "text", "attached", "shared"),
    [
        ({"text": "so?"}, "so?", 0, 0),
        ({"files": [{"id": "F1", "name": "a.png"}]}, "", 1, 0),
        ({"attachments": [{"is_share": True, "text": "old news"}]}, "", 0, 1),
        ({"attachments": [{"is_share": True, "message_blocks": ALERT}]}, "", 0, 1),
        ({"attachments": [{"is_share": True, "message_blocks": "none"}]}, None, 0, 0),
        ({"attachments": [{"text": "a preview"}]}, None, 0, 0),
        (
            {
                "bot_id": "B0ALARM001",
                "attachments": [{"text": "CPU at *100%*", "fallback": "CPU"}, {"fallback": "hot"}],
            },
            "CPU at *100%*\nhot",
            0,
            0,
        ),
        ({"bot_id": "B0ALARM001", "text": "so?", "attachments": [{"text": "more"}]}, "so?", 0, 0),
    ],
)
def test_what_says_something_is_part_of_the_past(
    message: dict[str, Any], text: str | None, attached: int, shared: int
) -> None:
    found = past({"user": ADA, "ts": NOW, **message}, CHANNEL, OWN)
    if text is None:
        assert found is None
        return
    assert found is not None
    assert (found.text, len(found.attached), len(found.shared)) == (text, attached, shared)


def test_what_is_forwarded_without_a_word_is_said_to_everybody_in_a_channel() -> None:
    shared = [{"is_share": True, "text": "", "message_blocks": ALERT, "author_name": "alarm"}]
    found = said(body({"text": "", "attachments": shared}), OWN, everything=True)
    assert found is not None and found.opens
    assert earlier(found, OWN, MEMBER).text == "> Forwarded message by alarm:\n> **CPU at 100%**"
    assert said(body({"text": "", "attachments": []}), OWN, everything=True) is None


def test_what_was_forwarded_before_is_told_once_and_not_if_it_is_to_be_ignored() -> None:
    def told(text: str) -> str:
        forward = {"is_share": True, "text": text, "author_name": "Ben", "fallback": text}
        found = past({"user": ADA, "ts": NOW, "text": "", "attachments": [forward]}, CHANNEL, OWN)
        assert found is not None
        return earlier(found, OWN, MEMBER).text

    assert told("old news") == "> Forwarded message by Ben:\n> old news"
    assert told("!ignore this") == ""
