"""What `bobbin doctor` looks at on Slack's side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.slack.adapter import own_of
from adapters.slack.calls import Calls
from adapters.slack.manifest import PURPOSES
from adapters.slack.socket import REFUSED, address
from adapters.slack.values import Timing
from bot.errors import BadToken, PlatformError
from bot.spec import Finding

TOKEN = "Slack bot token"
SCOPES = "Slack scopes"
SOCKET = "Slack Socket Mode"

REINSTALL = (
    "Paste adapters/slack/manifest.json into the app's settings (page App Manifest), install the "
    "app anew, and put the new token into SLACK_BOT_TOKEN."
)
NETWORK = "Check the network and try again."


async def check(values: Mapping[str, str]) -> Sequence[Finding]:
    """Look at tokens, scopes and Socket Mode."""
    token = values.get("SLACK_BOT_TOKEN", "")
    app_token = values.get("SLACK_APP_TOKEN", "")
    calls = Calls(token, values.get("SLACK_API_URL", ""), Timing())
    try:
        return [*await _bot(calls, token), await _socket(calls, app_token)]
    finally:
        await calls.close()


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
        return [Finding(TOKEN, False, str(error), NETWORK)]
    who = f"accepted; the bot is {answer.get('user')} in {own.title or own.team}"
    return [Finding(TOKEN, True, who), _scopes(headers.get("x-oauth-scopes"))]


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
        return Finding(SOCKET, False, str(error), NETWORK)
    return Finding(SOCKET, True, "SLACK_APP_TOKEN is accepted, and a connection is offered")
