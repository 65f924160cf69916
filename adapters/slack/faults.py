"""What goes wrong at Slack, in the words of `bot.errors`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.values import fields
from bot.errors import (
    BadToken,
    MessageGone,
    NotAllowed,
    NotTaken,
    PlatformBusy,
    PlatformError,
    PlatformUnreachable,
)
from bot.unreached import unreached

NETWORK = (aiohttp.ClientError, OSError, TimeoutError)
"""What a call raises when no answer came."""

UPLOAD = "upload"
"""What the sending of a file's bytes is counted as."""

RETRY_SECONDS = 1.0
"""For a rate limit that does not say how long it lasts."""

_TOKEN = frozenset(
    {
        "account_inactive",
        "app_uninstalled",
        "invalid_auth",
        "invalid_refresh_token",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "token_expired",
        "token_revoked",
        "user_removed_from_team",
    }
)
_BUSY = frozenset(
    {
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_GONE = frozenset(
    {
        "channel_not_found",
        "invalid_thread_ts",
        "message_not_found",
        "thread_not_found",
    }
)
_REFUSED = {
    "access_denied": "A policy of the workspace refuses the call.",
    "ekm_access_denied": "A policy of the workspace refuses the call.",
    "missing_scope": "Reinstall the app from the manifest, so that it gets all its scopes.",
    "no_permission": "Reinstall the app from the manifest, so that it gets all its scopes.",
    "not_in_channel": "Invite the bot to the channel.",
    "is_archived": "The channel is archived.",
    "cannot_dm_bot": "Bots take no direct messages.",
    "cannot_reply_to_message": "The thread takes no replies.",
    "cant_delete_message": "Slack lets the bot delete its own messages only.",
    "cant_update_message": "Slack lets the bot edit its own messages only.",
    "edit_window_closed": "The workspace's settings forbid edits after some time.",
    "messages_tab_disabled": "Switch on the Messages Tab in the app's settings, page App Home.",
    "restricted_action": "The workspace's settings forbid this.",
    "user_not_in_channel": "Only members of a channel can be answered privately in it.",
}
_TOLD = {
    "not_in_channel": "I'm not in this channel. Invite me with `/invite` and ask again.",
    "is_archived": "This channel is archived, so I can't write in it.",
}


NOT_HERE = frozenset(
    {
        "access_denied",
        "feature_not_enabled",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "paid_teams_only",
        "team_not_eligible",
        "unknown_method",
    }
)
"""Refusals of what not every workspace has. They hold for all of it, others for a channel."""

_WORD = re.compile(r"[\w.:-]{1,60}")


class Refused(NotTaken):
    """Slack answered with an error word that none of the other classes stands for.

    Attributes:
        code: The word.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Unaccepted(BadToken):
    """Slack does not accept the token.

    Attributes:
        code: Slack's error word.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Denied(NotAllowed):
    """Slack refuses the call.

    Attributes:
        code: Slack's error word.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(
            message,
            user_text=_TOLD.get(code),
            hint=_REFUSED.get(code),
        )
        self.code = code


def of_answer(
    status: int, body: Mapping[str, Any], retry_after: float | None = None
) -> PlatformError:
    """The error that a refusal stands for.

    Args:
        status: HTTP status.
        body: The answer, empty when it held no JSON object.
        retry_after: Seconds, from the header.
    """
    told = str(body.get("error") or "")
    # Whatever is not a word of Slack's may be a proxy's page, and repeat what was sent.
    code = told if _WORD.fullmatch(told) else ""
    said = f"{code} (HTTP {status})" if code else f"HTTP {status}"
    fault: PlatformError
    if status == 429 or code in _LIMITED:
        fault = PlatformBusy(said, retry_after=retry_after or RETRY_SECONDS)
    elif code in _TOKEN:
        fault = Unaccepted(f"Slack does not accept the token ({said})", code)
    elif code in _BUSY or status >= 500 or not code:
        fault = PlatformBusy(said)
    elif code in _GONE:
        fault = MessageGone(said)
    elif code in _REFUSED or code.startswith("restricted_action"):
        needed = body.get("needed")
        fault = Denied(f"{said}, needed: {needed}" if needed else said, code)
    else:
        fault = Refused(said, code)
    return fault


def of_exception(error: BaseException) -> PlatformError | None:
    """The error that an exception of the SDK or of aiohttp stands for; None for a bug of ours."""
    if isinstance(error, PlatformError):
        return error
    if isinstance(error, SlackApiError):
        return _of_api_error(error)
    if isinstance(error, NETWORK):
        why = unreached(error, "Slack")
        return PlatformUnreachable(f"no answer from Slack: {why.reason}", hint=why.fix)
    status = _upload_status(error)
    if status is not None:
        return of_answer(status, {})
    if isinstance(error, SlackClientError):
        return PlatformError(f"the SDK refused the call: {type(error).__name__}")
    if isinstance(error, RuntimeError) and "closed" in str(error).casefold():
        return PlatformBusy("the connection to Slack is closed")
    return None


def fix_of(fault: PlatformError) -> str:
    """What whoever runs `bobbin doctor` can do about a fault."""
    if isinstance(fault, PlatformUnreachable):
        return fault.hint
    return "Check the network and try again."


def limited(error: BaseException) -> str | None:
    """The Web API method that Slack answered with 429, None for any other fault."""
    if _upload_status(error) == 429:
        return UPLOAD
    if not isinstance(error, SlackApiError):
        return None
    response: Any = cast("Any", error).response
    if not isinstance(response, AsyncSlackResponse):
        return None
    answer = cast("Any", response)
    return str(answer.api_url).rpartition("/")[2] if answer.status_code == 429 else None


def _upload_status(error: BaseException) -> int | None:
    """How a file's bytes were refused, which the SDK tells in words only; None for other errors."""
    if not isinstance(error, SlackRequestError):
        return None
    match = re.match(r"Failed to upload a file \(status: (\d{3}),", str(error))
    return int(match[1]) if match else None


def _of_api_error(error: SlackApiError) -> PlatformError:
    response: Any = cast("Any", error).response
    if not isinstance(response, AsyncSlackResponse):
        return PlatformBusy("Slack's answer is not JSON")
    answer = cast("Any", response)
    return of_answer(
        answer.status_code, fields(answer.data), seconds(answer.headers.get("Retry-After"))
    )


def seconds(text: str | None) -> float | None:
    """What a Retry-After header says, None when it says nothing."""
    try:
        return max(float(text), 0.0) if text else None
    except ValueError:
        return None
