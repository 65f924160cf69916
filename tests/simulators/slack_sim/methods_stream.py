"""chat.startStream, appendStream and stopStream: text that grows in place."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.agent import check_messages_tab, check_recipient, check_size
from tests.simulators.slack_sim.arguments import Method, invalid
from tests.simulators.slack_sim.blocks import check_blocks
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.methods_assistant import SESSION_STATES
from tests.simulators.slack_sim.methods_chat import (
    MAX_MARKDOWN_TEXT,
    check_author,
    check_metadata,
    check_root,
)
from tests.simulators.slack_sim.model import Message, Session, Stream

_CHUNKS = {
    "markdown_text": frozenset({"type", "text"}),
    "task_update": frozenset({"type", "id", "title", "status", "details", "output", "sources"}),
    "plan_update": frozenset({"type", "title"}),
    "blocks": frozenset({"type", "blocks"}),
}
_MAX_CHUNK = 256


def start(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """chat.startStream."""
    channel = call.writable(a["channel"])
    check_author(call, a)
    check_messages_tab(call, channel)
    if "thread_ts" in a:
        check_root(call, channel, a["thread_ts"])
    elif channel.kind == "im":
        raise invalid("in a direct message a stream is a reply: thread_ts")
    check_recipient(call, channel, a)
    if a.get("task_display_mode") not in (None, "timeline", "plan"):
        raise invalid("unknown task_display_mode")
    text, _ = _added(a)
    message = Message(
        call.state.next_ts(),
        channel.id,
        channel.team,
        call.workspace.bot.id,
        [call.state.new_version(text, markdown=True)],
        thread_ts=a.get("thread_ts"),
        bot_id=call.workspace.bot_id,
        app_id=call.app.id,
        username=a.get("username"),
        by_app=True,
    )
    ends = call.state.clock() + call.state.timing.stream
    message.stream = Stream(a.get("recipient_user_id"), ends)
    call.state.end_status(channel.id, message.root_ts, "reply")
    call.state.add_message(message)
    _session(call, message, "processing")
    call.emitter.posted(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def append(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """chat.appendStream."""
    message = _streaming(call, a)
    text, chunks = _added(a)
    if not text and not chunks:
        raise ApiError("no_text", violation="chat.appendStream without content")
    _grow(call, message, text, {})
    return {"channel": message.channel, "ts": message.ts}


def stop(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """chat.stopStream."""
    message = _streaming(call, a)
    text, _ = _added(a)
    check_blocks(a.get("blocks", []))
    changes: dict[str, Any] = {"blocks": tuple(a.get("blocks", ()))}
    if "metadata" in a:
        check_metadata(a["metadata"])
        changes["metadata"] = a["metadata"]
    status = a.get("session_status", "active")
    if status not in SESSION_STATES:
        raise invalid(f"unknown session status {status}")
    before = message.versions[-1]
    _grow(call, message, text, changes)
    assert message.stream is not None
    message.stream.state = "stopped"
    _session(call, message, status)
    call.emitter.changed(call.state.channels[message.channel], message, before)
    return {"channel": message.channel, "ts": message.ts}


def _streaming(call: Call, a: dict[str, Any]) -> Message:
    channel = call.writable(a["channel"])
    message = call.message(channel, a["ts"])
    if not message.by_app or message.user != call.workspace.bot.id:
        raise ApiError("message_not_owned_by_app", violation="streaming into another's message")
    stream = message.stream
    if stream is not None and stream.state == "stopped_by_user":
        raise ApiError("stopped_by_user")
    if stream is None or stream.state != "open" or stream.ends < call.state.clock():
        raise ApiError("message_not_in_streaming_state")
    return message


def _added(a: dict[str, Any]) -> tuple[str, list[Any]]:
    """Check the new content; return its Markdown and its chunks."""
    chunks = a.get("chunks", [])
    if chunks and "markdown_text" in a:
        raise ApiError("markdown_text_conflict", violation="markdown_text beside chunks")
    text = a.get("markdown_text", "")
    for chunk in chunks:
        known = _CHUNKS.get(chunk.get("type", "")) if isinstance(chunk, dict) else None
        if known is None or set(chunk) - known:
            raise ApiError("invalid_chunks", violation=f"malformed chunk {chunk!r:.80}")
        if chunk["type"] == "markdown_text":
            text += str(chunk["text"])
        elif chunk["type"] == "blocks":
            check_blocks(chunk["blocks"])
        elif len(str(chunk.get("title", ""))) > _MAX_CHUNK:
            raise ApiError("invalid_chunks", violation="chunk title is too long")
    if len(text) > MAX_MARKDOWN_TEXT:
        raise ApiError("msg_too_long", violation=f"stream chunk of {len(text)} characters")
    return text, chunks


def _grow(call: Call, message: Message, text: str, changes: dict[str, Any]) -> None:
    check_size(message, text)
    before = message.versions[-1]
    version = call.state.copy_version(before, text=before.text + text, **changes)
    call.state.add_version(message, version)


def _session(call: Call, message: Message, status: str) -> None:
    key = (message.channel, message.root_ts)
    session = call.state.sessions.setdefault(key, Session(*key))
    session.history.append((call.state.clock(), status))
    call.state.signal.changed()


_PLACE = {"channel": "str!", "ts": "ts!", "markdown_text": "str", "chunks": "list"}

METHODS = {
    "chat.startStream": Method(
        start,
        {
            "channel": "str!",
            "thread_ts": "ts",
            "markdown_text": "str",
            "chunks": "list",
            "recipient_user_id": "str",
            "recipient_team_id": "str",
            "task_display_mode": "str",
            "username": "str",
            "icon_emoji": "str",
            "icon_url": "str",
        },
        ("chat:write",),
        tier=2,
    ),
    "chat.appendStream": Method(append, _PLACE, ("chat:write",), tier=4),
    "chat.stopStream": Method(
        stop,
        {**_PLACE, "blocks": "list", "metadata": "dict", "session_status": "str"},
        ("chat:write",),
        tier=2,
    ),
}
