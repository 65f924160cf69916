"""What Slack tells of edits and deletions, as the engine takes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.slack.changes import edit, removal
from adapters.slack.values import Own
from bot.chat import Removal
from tests.payloads import slack

ORGANISATION = "E0WEAVERS1"
HERE = Own(slack.TEAM, slack.BOT_USER, slack.BOT_ID)
AS_A_WHOLE = Own(ORGANISATION, slack.BOT_USER, slack.BOT_ID, enterprise=ORGANISATION)


@pytest.mark.parametrize(
    ("own", "home"),
    [
        (HERE, {"team_id": slack.TEAM}),
        (
            replace(HERE, enterprise=ORGANISATION),
            {
                "team_id": "T0LOOMS001",
                "enterprise_user": {"enterprise_id": ORGANISATION, "teams": [slack.TEAM]},
            },
        ),
        (
            AS_A_WHOLE,
            {"team_id": slack.TEAM, "enterprise_user": {"enterprise_id": ORGANISATION}},
        ),
    ],
)
def test_who_leaves_a_workspace_or_the_whole_organisation_is_forgotten(
    own: Own, home: dict[str, object]
) -> None:
    closed = {"id": slack.ADA, "deleted": True, **home}
    event = {"type": "user_change", "user": closed}
    assert removal(slack.callback(event), own) == Removal("slack", own.team, person=slack.ADA)
    assert removal(slack.callback({**event, "user": {**closed, "deleted": False}}), own) is None
    stranger = {**closed, "team_id": "T0OTHERS01", "enterprise_user": {}}
    assert removal(slack.callback({**event, "user": stranger}), own) is None


@pytest.mark.parametrize(
    ("changes", "edited"),
    [
        ({}, False),
        ({"attachments": [{"from_url": "https://example.org"}]}, False),
        (
            {"files": [{"id": "F1", "mode": "hosted", "thumb_64": "https://a.b/t"}]},
            False,
        ),
        ({"files": []}, True),
        ({"files": [{"id": "F1", "mode": "tombstone"}]}, True),
        ({"text": "other words"}, True),
    ],
)
def test_only_other_words_or_files_are_an_edit(changes: dict[str, object], edited: bool) -> None:
    file = {"id": "F1", "mode": "hosted"}
    before = {"user": slack.ADA, "ts": "1700000000.000001", "text": "look", "files": [file]}
    event = {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C0GENERAL1",
        "message": {**before, **changes},
        "previous_message": before,
        "ts": "1700000009.000001",
    }
    assert (edit(slack.callback(event), HERE) is not None) == edited
