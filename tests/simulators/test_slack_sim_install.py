"""Installing an app, tokens that expire, and what windows may hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.manifest import manifest
from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.methods_views import check_view
from tests.simulators.slack_sim.sdk import failing
from tests.simulators.slack_sim.view_rules import check_values

HOST = "https://bobbin.example.com"
GIVEN = manifest(f"{HOST}/slack/events", redirect=f"{HOST}/slack/oauth_redirect")


@pytest.fixture
async def sim() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(manifest=GIVEN) as running:
        running.workspace.installed = False
        yield running


@pytest.fixture
async def client(sim: SlackSimulator) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(base_url=sim.api_url, session=session)


def page(sim: SlackSimulator, **changes: str) -> str:
    """Slack's page for installing, as the app links to it."""
    query = {"client_id": sim.workspace.app.client_id, "scope": "chat:write", "state": "s"}
    sent = "&".join(f"{name}={value}" for name, value in {**query, **changes}.items())
    return f"{sim.base_url}/oauth/v2/authorize?{sent}"


def code(sim: SlackSimulator) -> str:
    """Agree, and return the code."""
    return sim.approve(page(sim), sim.workspace).partition("code=")[2]


def credentials(sim: SlackSimulator) -> dict[str, str]:
    app = sim.workspace.app
    return {"client_id": app.client_id, "client_secret": app.client_secret}


async def test_a_code_is_good_once_and_for_whoever_has_the_secret(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    given = code(sim)
    wrong = {**credentials(sim), "client_secret": "wrong"}
    assert await failing(client.oauth_v2_access(code=given, **wrong)) == "bad_client_secret"
    answer = await client.oauth_v2_access(code=given, **credentials(sim))
    assert (answer["token_type"], answer["scope"]) == ("bot", "chat:write")
    assert answer["team"]["id"] == sim.workspace.id
    assert answer["expires_in"] == 43_200
    assert await failing(client.oauth_v2_access(code=given, **credentials(sim))) == (
        "code_already_used"
    )
    assert await failing(client.oauth_v2_access(code="x", **credentials(sim))) == "invalid_code"
    assert sim.violations == []
    who = await client.auth_test(token=answer["access_token"])
    assert who["user_id"] == answer["bot_user_id"]
    await client.auth_revoke(token=answer["access_token"])
    assert await failing(client.auth_test(token=answer["access_token"])) == "account_inactive"


async def test_a_refresh_token_is_good_once_and_the_old_token_until_it_expires(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    first = await client.oauth_v2_access(code=code(sim), **credentials(sim))
    more: dict[str, Any] = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        **credentials(sim),
    }
    second = await client.oauth_v2_access(**more)
    assert second["access_token"] != first["access_token"]
    for answer in (first, second):
        await client.auth_test(token=answer["access_token"])
    assert await failing(client.oauth_v2_access(**more)) == "invalid_refresh_token"
    assert sim.violations == ["oauth.v2.access: refresh token used twice"]
    sim.expire(sim.workspace)
    assert await failing(client.auth_test(token=second["access_token"])) == "token_expired"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "1.1"}, "invalid_client_id"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"redirect_uri": "https://evil.example.com/"}, "bad_redirect_uri"),
    ],
)
async def test_slack_shows_an_error_in_the_browser(
    sim: SlackSimulator, changes: dict[str, str], error: str
) -> None:
    with pytest.raises(ValueError, match=error):
        sim.approve(page(sim, **changes), sim.workspace)


def text(words: str, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": kind, "text": words}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": text("T"), "blocks": list(blocks), **more}


def menu(*options: tuple[str, str], kind: str = "static_select") -> dict[str, Any]:
    return {
        "type": kind,
        "action_id": "a",
        "options": [{"text": text(name), "value": value} for name, value in options],
    }


def field(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": "b", "label": text("L"), "element": element, **more}


@pytest.mark.parametrize(
    "view",
    [
        modal({"type": "markdown", "text": "for messages only"}),
        modal(),
        modal({"type": "section", "text": text("x" * 3001, "mrkdwn")}),
        modal({"type": "context", "elements": [{"type": "button"}]}),
        modal({"type": "actions", "elements": [menu()]}),
        modal({"type": "actions", "elements": [menu(("x" * 76, "v"))]}),
        modal({"type": "actions", "elements": [menu(("x", "v" * 151))]}),
        modal({"type": "actions", "elements": [menu(("x", "v"), ("y", "v"))]}),
        modal({"type": "actions", "elements": [menu(*(("x", f"{n}") for n in range(101)))]}),
        modal(
            {"type": "actions", "elements": [menu(*(("x", f"{n}") for n in range(6)))]}
            | {"elements": [menu(*(("x", f"{n}") for n in range(6)), kind="overflow")]}
        ),
        modal(field({"type": "button", "action_id": "a"}), submit=text("Go")),
        modal(field({"type": "plain_text_input", "action_id": "a"})),
        modal(
            field(
                {
                    "type": "plain_text_input",
                    "action_id": "a",
                    "max_length": 3,
                    "initial_value": "long",
                }
            ),
            submit=text("Go"),
        ),
        modal({"type": "divider"}, external_id="x" * 256),
        modal({"type": "divider"}, private_metadata="x" * 3001),
        {"type": "home", "title": text("T"), "blocks": [{"type": "divider"}]},
    ],
)
def test_a_view_that_slack_refuses_is_refused(view: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        check_view(view, view["type"])


def test_nobody_sends_off_what_is_not_filled_in() -> None:
    asked = field({"type": "plain_text_input", "action_id": "a"})
    view = modal(asked, submit=text("Go"))
    check_view(view, "modal")
    check_values(view, {"b": {"a": {"value": "words"}}})
    check_values(modal({**asked, "optional": True}, submit=text("Go")), {})
    for wrong in ({}, {"b": {"a": {"value": ""}}}, {"c": {}}):
        with pytest.raises(ValueError):
            check_values(view, wrong)
    with pytest.raises(ValueError, match="no button"):
        check_values(modal({"type": "divider"}), {})
