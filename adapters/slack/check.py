"""What `bobbin doctor` looks at on Slack's side."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

import aiohttp
from slack_sdk.signature import SignatureVerifier

from adapters.slack import INSTALL_PATH, LOOPBACK, PATH, REDIRECT_PATH
from adapters.slack.calls import Calls
from adapters.slack.check_surface import surface
from adapters.slack.faults import NETWORK, fix_of
from adapters.slack.http import SECRET
from adapters.slack.identity import own_of
from adapters.slack.manifest import PURPOSES
from adapters.slack.socket import REFUSED, address
from adapters.slack.values import Timing
from bot.errors import BadToken, PlatformBusy, PlatformError
from bot.spec import Finding

TOKEN = "Slack bot token"
SCOPES = "Slack scopes"
PEOPLE = "Slack people"
SOCKET = "Slack Socket Mode"
HTTP = "Slack HTTP mode"
CLIENT = "Slack installation"

REINSTALL = (
    "Paste adapters/slack/manifest.json into the app's settings (page App Manifest), install the "
    "app anew, and put the new token into SLACK_BOT_TOKEN."
)
CHALLENGE = "bobbin-doctor"
NO_SUCH_CODE = "invalid_code"
CREDENTIALS = (
    "Copy Client ID and Client Secret (Basic Information of the Slack app) into SLACK_CLIENT_ID "
    "and SLACK_CLIENT_SECRET."
)
ONE_OF_BOTH = (
    "Remove SLACK_CLIENT_ID to answer in one workspace, or SLACK_BOT_TOKEN to answer in all that "
    "install the app."
)
PAGE = (
    f"People install it by https://YOUR-HOST{INSTALL_PATH}; https://YOUR-HOST{REDIRECT_PATH} has "
    "to be a Redirect URL of the app (OAuth & Permissions)."
)
REACH = (
    "Slack has to reach it by https: the Request URL of Event Subscriptions, Interactivity and "
    f"each slash command is https://YOUR-HOST{PATH}, and Socket Mode is switched off."
)
ELSE = "Set SLACK_HTTP_PORT to a free port, or restart the bot that has another signing secret."


async def check(values: Mapping[str, str], commands: object = ()) -> Sequence[Finding]:
    """Look at tokens and scopes, and at what the chosen way of hearing from Slack needs."""
    token = values.get("SLACK_BOT_TOKEN", "")
    app_token = values.get("SLACK_APP_TOKEN", "")
    many = "SLACK_CLIENT_ID" in values
    calls = Calls(token, values.get("SLACK_API_URL", ""), Timing())
    try:
        found = [await _client(calls, values)] if many else list(await _bot(calls, token))
        if many and token:
            found.append(Finding(TOKEN, False, "SLACK_CLIENT_ID is set, too.", ONE_OF_BOTH))
        # With many workspaces the port is for the pages, and the app-level token chooses.
        if values.get("SLACK_HTTP_PORT") and not (many and app_token):
            return [*found, await _http(calls, values)]
        return [*found, await _socket(calls, app_token)]
    finally:
        await calls.close()


async def _client(calls: Calls, values: Mapping[str, str]) -> Finding:
    """Show a code that cannot be: Slack looks at who shows it first."""
    try:
        await calls.answer(
            lambda client: client.oauth_v2_access(
                client_id=values["SLACK_CLIENT_ID"],
                client_secret=values.get("SLACK_CLIENT_SECRET", ""),
                code=CHALLENGE,
            )
        )
    except PlatformBusy as error:
        return Finding(CLIENT, False, str(error), fix_of(error))
    except PlatformError as error:
        if getattr(error, "code", "") != NO_SUCH_CODE:
            return Finding(CLIENT, False, f"Slack does not accept the app ({error}).", CREDENTIALS)
    if not values.get("SLACK_HTTP_PORT"):
        told = "accepted; without SLACK_HTTP_PORT nobody can install the app here"
        return Finding(CLIENT, True, told)
    return Finding(CLIENT, True, f"accepted. {PAGE}")


async def _bot(calls: Calls, token: str) -> Sequence[Finding]:
    if not token.startswith("xoxb-"):
        return [
            Finding(
                TOKEN,
                False,
                "SLACK_BOT_TOKEN is no bot token; those begin with xoxb-.",
                "Take the Bot User OAuth Token from the app's settings (OAuth & Permissions).",
            )
        ]
    try:
        answer, headers = await calls.response(lambda client: client.auth_test(), patient=True)
        own = own_of(answer)
    except BadToken:
        return [Finding(TOKEN, False, "Slack does not accept SLACK_BOT_TOKEN.", REINSTALL)]
    except PlatformError as error:
        return [Finding(TOKEN, False, str(error), fix_of(error))]
    who = f"accepted; the bot is {answer.get('user')} in {own.title or own.team}"
    scopes = _scopes(headers.get("x-oauth-scopes"))
    people = await _people(calls, own.user)
    return [Finding(TOKEN, True, who), scopes, people, *await surface(calls)]


async def _people(calls: Calls, user: str) -> Finding:
    """Ask for somebody who is there for certain: the bot itself."""
    try:
        await calls.answer(lambda client: client.users_info(user=user), patient=True)
    except PlatformBusy as error:
        return Finding(PEOPLE, False, str(error), fix_of(error))
    except PlatformError as error:
        told = f"Slack does not tell who people are ({error}), so all of them count as outsiders."
        return Finding(PEOPLE, False, told, error.hint or REINSTALL)
    return Finding(PEOPLE, True, "Slack tells who they are: members, guests and admins")


def _scopes(header: str | None) -> Finding:
    if header is None:
        return Finding(SCOPES, False, "Slack does not say which are granted.", REINSTALL)
    granted = {scope.strip() for scope in header.split(",")}
    missing = [scope for scope in PURPOSES if scope not in granted]
    if not missing:
        return Finding(SCOPES, True, f"all {len(PURPOSES)} are granted")
    lost = "; ".join(f"{scope} (to {PURPOSES[scope]})" for scope in missing)
    return Finding(SCOPES, False, f"not granted: {lost}.", REINSTALL)


async def _socket(calls: Calls, app_token: str) -> Finding:
    if not app_token.startswith("xapp-"):
        wrong = (
            "SLACK_APP_TOKEN is no app-level token; those begin with xapp-."
            if app_token
            else "Socket Mode needs SLACK_APP_TOKEN, which is not set."
        )
        return Finding(SOCKET, False, wrong, REFUSED)
    try:
        await address(calls, app_token)
    except BadToken as error:
        return Finding(SOCKET, False, str(error), REFUSED)
    except PlatformError as error:
        return Finding(SOCKET, False, str(error), fix_of(error))
    return Finding(SOCKET, True, "SLACK_APP_TOKEN is accepted, and a connection is offered")


async def _http(calls: Calls, values: Mapping[str, str]) -> Finding:
    """Ask the address as Slack does when it is entered there: by a challenge, signed."""
    secret = values.get("SLACK_SIGNING_SECRET", "")
    if not secret.strip():
        return Finding(HTTP, False, "SLACK_SIGNING_SECRET is not set.", SECRET)
    host, port = values.get("SLACK_HTTP_HOST", LOOPBACK), values["SLACK_HTTP_PORT"]
    reached = {"0.0.0.0": LOOPBACK, "::": "[::1]"}.get(host, host)
    body = json.dumps({"type": "url_verification", "challenge": CHALLENGE})
    try:
        async with calls.session.post(
            f"http://{reached}:{port}{PATH}", data=body, headers=signed(secret, body)
        ) as response:
            answer = await response.text()
    except aiohttp.ClientConnectorError:
        told = f"nothing listens on {host}:{port} yet; the bot will. {REACH}"
        return Finding(HTTP, True, told)
    except NETWORK as error:
        return Finding(HTTP, False, f"{host}:{port}: {type(error).__name__}", ELSE)
    if answer == CHALLENGE:
        return Finding(HTTP, True, f"a bot answers on {host}:{port}, with this secret. {REACH}")
    return Finding(HTTP, False, f"what listens on {host}:{port} does not know the secret.", ELSE)


def signed(secret: str, body: str) -> dict[str, str]:
    """The headers with which Slack would send this body now."""
    now = str(int(time.time()))
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": str(
            SignatureVerifier(secret).generate_signature(timestamp=now, body=body)
        ),
    }
