"""assistant.threads.* and agents.sessions.*: status line, title, prompts, session state."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.agent import STOP_EVENT, check_messages_tab
from tests.simulators.slack_sim.arguments import Method, invalid
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.model import Channel, Session, Status

SESSION_STATES = ("active", "processing", "suspended", "closed")
MAX_TITLE = 200


def set_status(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """assistant.threads.setStatus; an empty status takes the line down."""
    if "status" not in a:
        raise invalid("missing required field: status")
    channel = _thread(call, a)
    loading = a.get("loading_messages", [])
    if len(loading) > 10 or not all(isinstance(text, str) for text in loading):
        raise invalid("loading_messages must be at most 10 strings")
    if any(key in a for key in ("username", "icon_emoji", "icon_url")):
        call.require("chat:write.customize")
    call.state.show_status(
        Status(channel.id, a["thread_ts"], a["status"], call.state.clock(), tuple(loading))
    )
    return {}


def set_title(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """assistant.threads.setTitle."""
    channel = _thread(call, a)
    call.state.titles[channel.id, a["thread_ts"]] = a["title"]
    call.state.signal.changed()
    return {}


def set_suggested_prompts(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """assistant.threads.setSuggestedPrompts; without a thread they belong to the whole DM."""
    channel = call.writable(a["channel_id"])
    check_messages_tab(call, channel)
    if "thread_ts" in a:
        _thread(call, a)
    prompts = a["prompts"]
    if not 1 <= len(prompts) <= 4:
        raise invalid("prompts must be 1 to 4")
    for prompt in prompts:
        if not isinstance(prompt, dict) or set(prompt) != {"title", "message"}:
            raise invalid("a prompt needs title and message")
    call.state.prompts[channel.id, a.get("thread_ts")] = prompts
    call.state.signal.changed()
    return {}


def session_status(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """agents.sessions.setStatus; makes the session when there is none."""
    if a["status"] not in SESSION_STATES:
        raise invalid(f"unknown session status {a['status']}")
    session = _session(call, a, create=True)
    if "title" in a:
        session.title = _title(a)
    session.initiator = a.get("initiator_user_id", session.initiator)
    session.history.append((call.state.clock(), a["status"]))
    # Sessions and the status line share one place in the client; the last writer has it.
    call.state.end_status(session.channel, session.thread_ts, "app")
    call.state.signal.changed()
    answer: dict[str, Any] = {
        "status": a["status"],
        "agent_status": a["status"],
        "title": session.title,
    }
    if a["status"] == "processing" and STOP_EVENT not in call.app.events:
        warning = "missing_agent_session_stopped_event_subscription"
        answer["warning"] = warning
        answer["response_metadata"] = {"warnings": [warning]}
    return answer


def session_rename(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """agents.sessions.rename."""
    session = _session(call, a, create=False)
    session.title = _title(a)
    call.state.signal.changed()
    return {"title": session.title}


def _title(a: dict[str, Any]) -> str:
    if len(a["title"]) > MAX_TITLE:
        raise invalid(f"title is longer than {MAX_TITLE} characters")
    return str(a["title"])


def _thread(call: Call, a: dict[str, Any]) -> Channel:
    channel = call.writable(a["channel_id"])
    root = call.state.messages.get((channel.id, a["thread_ts"]))
    if root is None or root.is_reply:
        raise ApiError("invalid_thread_ts", violation=f"{a['thread_ts']} is not a thread root")
    return channel


def _session(call: Call, a: dict[str, Any], *, create: bool) -> Session:
    if "thread_ts" in a:
        channel, thread_ts = _thread(call, a), str(a["thread_ts"])
    else:
        channel, thread_ts = call.writable(a["channel_id"]), ""
    found = call.state.sessions.get((channel.id, thread_ts))
    if found is None:
        if not create:
            raise ApiError("session_not_found")
        found = Session(channel.id, thread_ts)
        call.state.sessions[channel.id, thread_ts] = found
    return found


_THREAD = {"channel_id": "str!", "thread_ts": "ts!"}
_AUTHOR = {"username": "str", "icon_emoji": "str", "icon_url": "str"}

METHODS = {
    "assistant.threads.setStatus": Method(
        set_status,
        {**_THREAD, "status": "str", "loading_messages": "list", **_AUTHOR},
        ("assistant:write", "chat:write"),
        tier=None,
    ),
    "assistant.threads.setTitle": Method(
        set_title, {**_THREAD, "title": "str!"}, ("assistant:write",), tier=3
    ),
    "assistant.threads.setSuggestedPrompts": Method(
        set_suggested_prompts,
        {"channel_id": "str!", "thread_ts": "ts", "title": "str", "prompts": "list!"},
        ("assistant:write",),
        tier=3,
    ),
    "agents.sessions.setStatus": Method(
        session_status,
        {
            "channel_id": "str!",
            "status": "str!",
            "thread_ts": "ts",
            "title": "str",
            "initiator_user_id": "str",
            **_AUTHOR,
        },
        ("assistant:write",),
        tier=3,
    ),
    "agents.sessions.rename": Method(
        session_rename,
        {"channel_id": "str!", "title": "str!", "thread_ts": "ts"},
        ("assistant:write",),
        tier=3,
    ),
}
