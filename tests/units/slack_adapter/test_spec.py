"""What operators are told about Slack's settings."""

from __future__ import annotations

import subprocess
import sys

import pytest

from adapters.slack import SPEC
from adapters.slack.adapter import create
from bot.errors import NeedsOperator, SettingsError
from bot.settings import read_settings

BOT = {"SLACK_BOT_TOKEN": "xoxb-1"}
APP = {"SLACK_APP_TOKEN": "xapp-1"}
SECRET = {"SLACK_SIGNING_SECRET": "0123456789abcdef"}
PORT = {"SLACK_HTTP_PORT": "3000"}


def test_two_tokens_are_enough() -> None:
    assert read_settings({**BOT, **APP}, [SPEC]).adapters == (SPEC,)
    assert read_settings({**BOT, **APP, **SECRET}, [SPEC]).unknown == {}


def test_http_mode_needs_no_app_token() -> None:
    settings = read_settings({**BOT, **SECRET, **PORT}, [SPEC])
    assert settings.adapters == (SPEC,)
    assert settings.text("SLACK_HTTP_HOST") == "127.0.0.1"


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({**BOT, **PORT}, "SLACK_SIGNING_SECRET"),
        ({**BOT, **APP, **PORT, "SLACK_SIGNING_SECRET": "  "}, "SLACK_SIGNING_SECRET"),
        ({**BOT, **PORT, "SLACK_SIGNING_SECRET": "short"}, "SLACK_SIGNING_SECRET"),
        ({**SECRET, **PORT}, "SLACK_BOT_TOKEN"),
        ({**BOT, **SECRET, "SLACK_HTTP_PORT": "0"}, "SLACK_HTTP_PORT"),
        (BOT, "SLACK_APP_TOKEN"),
        ({**BOT, **SECRET}, "SLACK_APP_TOKEN"),
        (APP, "SLACK_BOT_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xapp-1", "SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN"),
        ({**BOT, "SLACK_APP_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN"),
        ({**BOT, **APP, "SLACK_STREAMING": "sometimes"}, "SLACK_STREAMING"),
    ],
)
def test_what_is_missing_or_mixed_up_is_named(values: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(values, [SPEC])
    (problem,) = caught.value.problems
    assert problem.variable == variable
    assert "xoxb-1" not in problem.wrong


def test_both_ways_are_named_when_none_is_set() -> None:
    with pytest.raises(SettingsError, match="needs it or SLACK_HTTP_PORT beside SLACK_BOT_TOKEN"):
        read_settings(BOT, [SPEC])


def test_settings_are_read_without_the_sdk() -> None:
    code = "import sys, adapters.slack; sys.exit('slack_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


MANY = {
    "SLACK_CLIENT_ID": "1234567890.1234",
    "SLACK_CLIENT_SECRET": "0123456789abcdef",
    "SLACK_INSTALL_KEYS": "A" * 43 + "=",
}


def test_many_workspaces_need_no_bot_token() -> None:
    assert read_settings({**MANY, **SECRET, **PORT}, [SPEC]).adapters == (SPEC,)
    assert read_settings({**MANY, **APP}, [SPEC]).adapters == (SPEC,)
    both = MANY["SLACK_INSTALL_KEYS"] + ", " + "b/+4" * 10 + "abc="
    assert read_settings({**MANY, **APP, "SLACK_INSTALL_KEYS": both}, [SPEC]).adapters == (SPEC,)


@pytest.mark.parametrize(
    ("changed", "variable"),
    [
        ({"SLACK_CLIENT_SECRET": ""}, "SLACK_CLIENT_SECRET"),
        ({"SLACK_INSTALL_KEYS": ""}, "SLACK_INSTALL_KEYS"),
        ({"SLACK_INSTALL_KEYS": "hunter2"}, "SLACK_INSTALL_KEYS"),
        ({"SLACK_CLIENT_ID": "A0123"}, "SLACK_CLIENT_ID"),
        ({"SLACK_APP_TOKEN": ""}, "SLACK_APP_TOKEN"),
    ],
)
def test_what_many_workspaces_need_is_named(changed: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({**MANY, **APP, **changed}, [SPEC])
    assert [problem.variable for problem in caught.value.problems] == [variable]
    assert "hunter2" not in str(caught.value)


def test_one_workspace_and_many_at_once_is_refused_with_what_to_do() -> None:
    with pytest.raises(NeedsOperator) as caught:
        create({**MANY, **BOT, **APP})
    assert "Remove SLACK_CLIENT_ID" in caught.value.hint
