"""What `bobbin doctor` looks at of the agent surface: the Messages tab, and Slack's Stop button.

No method tells these settings, so what shows them is done once in a direct message that exists:
suggestions are set, as they are whenever somebody opens it, and its session is processing for a
moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.slack.agent import prompts
from adapters.slack.calls import Calls
from adapters.slack.faults import NOT_HERE, Denied, Refused, fix_of
from adapters.slack.sessions import warns_of_no_stop
from adapters.slack.values import fields, objects
from bot.errors import PlatformError
from bot.spec import Finding

SURFACE = "Slack agent surface"
STOP = "Slack's Stop button"

PASTE = (
    "Paste adapters/slack/manifest.json into the app's settings (page App Manifest) and install "
    "the app anew."
)
TAB = "In the app's settings, page App Home, switch the Messages Tab on and allow messages in it."
NOBODY = (
    "not looked at, since nobody has a direct message with the bot yet; write to it once and run "
    "this again"
)
PLAIN = "this workspace has none; in direct messages answers are posted and edited"
DISABLED = "messages_tab_disabled"


async def surface(calls: Calls) -> Sequence[Finding]:
    """Look at what a direct message with the bot can show."""
    try:
        channel = await _direct_message(calls)
        if not channel:
            return [Finding(SURFACE, True, NOBODY)]
        await calls.answer(
            lambda client: client.assistant_threads_setSuggestedPrompts(
                channel_id=channel, prompts=list(prompts())
            ),
            patient=True,
        )
        works = Finding(SURFACE, True, "direct messages have suggestions, streams and sessions")
        return [works, await _stop(calls, channel)]
    except (Denied, Refused) as refusal:
        return [_refused(refusal)]
    except PlatformError as error:
        return [Finding(SURFACE, False, str(error), fix_of(error))]


async def _direct_message(calls: Calls) -> str:
    answer = await calls.answer(
        lambda client: client.conversations_list(types="im", limit=100), patient=True
    )
    found = (
        str(channel.get("id") or "")
        for channel in objects(answer.get("channels"))
        if not channel.get("is_user_deleted") and channel.get("user") != "USLACKBOT"
    )
    return next(found, "")


async def _stop(calls: Calls, channel: str) -> Finding:
    answer: Mapping[str, Any] = fields(None)
    try:
        answer = await _set(calls, channel, "processing")
    finally:
        await _set(calls, channel, "active")
    if warns_of_no_stop(answer):
        told = "Slack shows none: the app does not subscribe to agent_session_stopped."
        return Finding(STOP, False, told, PASTE)
    return Finding(STOP, True, "shown while the bot answers in a direct message")


async def _set(calls: Calls, channel: str, status: str) -> Mapping[str, Any]:
    return await calls.answer(
        lambda client: client.agents_sessions_setStatus(channel_id=channel, status=status),
        patient=True,
    )


def _refused(refusal: Denied | Refused) -> Finding:
    if refusal.code == DISABLED:
        return Finding(SURFACE, False, "the app's Messages tab is switched off.", TAB)
    if refusal.code == "missing_scope":
        return Finding(SURFACE, False, f"a scope is missing: {refusal}.", PASTE)
    if refusal.code in NOT_HERE:
        return Finding(SURFACE, True, PLAIN)
    return Finding(SURFACE, False, f"Slack refuses it: {refusal}.", PASTE)
