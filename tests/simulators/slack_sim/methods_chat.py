"""chat.*: posting, editing and deleting."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.agent import check_messages_tab
from tests.simulators.slack_sim.arguments import Method, invalid
from tests.simulators.slack_sim.blocks import check_blocks
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.model import Channel, Ephemeral, Message, Version
from tests.simulators.slack_sim.render import message_json, permalink
from tests.simulators.slack_sim.tables import check_tables

MAX_POST_TEXT = 40_000
MAX_UPDATE_TEXT = 4_000
MAX_MARKDOWN_TEXT = 12_000
_PARSE = ("none", "client", "full")


def post_message(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """chat.postMessage."""
    channel = call.writable(a["channel"])
    check_author(call, a)
    check_messages_tab(call, channel)
    version = _content(call, a, parse=a.get("parse", "none"))
    thread_ts = a.get("thread_ts")
    if thread_ts is not None:
        check_root(call, channel, thread_ts)
    elif a.get("reply_broadcast"):
        raise invalid("reply_broadcast without thread_ts")
    message = Message(
        call.state.next_ts(),
        channel.id,
        channel.team,
        call.workspace.bot.id,
        [version],
        thread_ts=thread_ts,
        subtype="thread_broadcast" if a.get("reply_broadcast") else None,
        bot_id=call.workspace.bot_id,
        app_id=call.app.id,
        username=a.get("username"),
        by_app=True,
        unfurl_links=a.get("unfurl_links"),
        unfurl_media=a.get("unfurl_media"),
        broadcast=bool(a.get("reply_broadcast")),
    )
    call.state.end_status(channel.id, message.root_ts, "reply")
    call.state.add_message(message)
    call.emitter.posted(channel, message)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_json(call.state, message, with_metadata=True),
    }


def update(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """chat.update."""
    channel = call.writable(a["channel"])
    message = _own(call, channel, a["ts"], "cant_update_message")
    stream = message.stream
    if stream is not None and stream.state == "open" and stream.ends >= call.state.clock():
        # A process that takes over what another one was streaming finds out in this way.
        raise ApiError("streaming_state_conflict")
    before = message.versions[-1]
    # Unlike chat.postMessage, an update reads names and links out of the text by default.
    fresh = _content(call, a, parse=a.get("parse", "client"), limit=MAX_UPDATE_TEXT, old=before)
    version = call.state.copy_version(
        fresh, editor=call.workspace.bot.id, edited_ts=f"{call.state.unix_time}.000000"
    )
    call.state.add_version(message, version, previews=False)
    if a.get("reply_broadcast") and message.is_reply:
        message.broadcast, message.subtype = True, "thread_broadcast"
    call.emitter.changed(channel, message, before)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(call.state, message, with_metadata=True),
    }


def delete(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """chat.delete."""
    channel = call.writable(a["channel"])
    message = _own(call, channel, a["ts"], "cant_delete_message")
    message.deleted = True
    call.state.signal.changed()
    call.emitter.deleted(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """chat.postEphemeral."""
    channel = call.writable(a["channel"])
    check_author(call, a)
    version = _content(call, a, parse=a.get("parse", "none"))
    if a["user"] not in channel.members:
        raise ApiError("user_not_in_channel")
    thread_ts = a.get("thread_ts")
    active = True
    if thread_ts is not None:
        root = call.state.message(channel.id, thread_ts)
        # Slack accepts it, but shows an ephemeral reply only in a thread that has replies.
        active = root is not None and root.thread_ts is not None
    note = Ephemeral(
        call.state.next_ts(),
        channel.id,
        a["user"],
        version.text,
        version.blocks,
        thread_ts,
        visible=active,
    )
    call.state.ephemerals.append(note)
    call.state.signal.changed()
    return {"message_ts": note.ts}


def get_permalink(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """chat.getPermalink."""
    channel = call.channel(a["channel"])
    message = call.message(channel, a["message_ts"])
    return {"channel": channel.id, "permalink": permalink(call.state, channel.id, message)}


def _own(call: Call, channel: Channel, ts: str, refusal: str) -> Message:
    if any(e.ts == ts and e.channel == channel.id for e in call.state.ephemerals):
        raise ApiError("message_not_found", violation=f"{call.method} on an ephemeral message")
    message = call.message(channel, ts)
    if not message.by_app or message.user != call.workspace.bot.id:
        raise ApiError(refusal, violation=f"{call.method} on somebody else's message")
    return message


def check_author(call: Call, a: dict[str, Any]) -> None:
    """Refuse another name or icon without the scope for it."""
    if any(key in a for key in ("username", "icon_emoji", "icon_url")):
        call.require("chat:write.customize")


def check_root(call: Call, channel: Channel, thread_ts: str) -> None:
    """Refuse a ``thread_ts`` that is not the root of a thread."""
    root = call.state.messages.get((channel.id, thread_ts))
    if root is None:
        raise ApiError("thread_not_found", violation=f"thread_ts {thread_ts} is no message here")
    if root.is_reply:
        call.state.violate(f"{call.method}: thread_ts {thread_ts} is a reply, not a root")
        raise ApiError("cannot_reply_to_message")


def _content(
    call: Call,
    a: dict[str, Any],
    *,
    parse: str,
    limit: int | None = None,
    old: Version | None = None,
) -> Version:
    """Check what is to be said and return it as a version.

    ``old`` is the version being edited: blocks and attachments not mentioned are kept from it.
    """
    text, markdown = a.get("text"), a.get("markdown_text")
    if markdown is not None and ("text" in a or "blocks" in a):
        raise ApiError("markdown_text_conflict", violation="markdown_text beside text or blocks")
    if parse not in _PARSE:
        raise invalid(f"unknown parse mode {parse}")
    if markdown is not None and len(markdown) > MAX_MARKDOWN_TEXT:
        raise ApiError("msg_too_long", violation=f"markdown_text of {len(markdown)} characters")
    if limit is not None and text is not None and len(text) > limit:
        raise ApiError("msg_too_long", violation=f"{call.method}: text of {len(text)} characters")
    check_blocks(a.get("blocks", []))
    if markdown is not None:
        check_tables([markdown])
    metadata = a.get("metadata")
    if metadata is not None:
        check_metadata(metadata)
    if markdown is not None and old is not None and old.blocks:
        # Blocks are said to go with a new `text`, and to stay without one.
        call.state.violate(f"{call.method}: markdown_text for a message that has blocks")
    keep = old is not None and markdown is None
    blocks = tuple(a.get("blocks", old.blocks if old is not None and keep else ()))
    attachments = tuple(a.get("attachments", old.attachments if old is not None and keep else ()))
    said = markdown if markdown is not None else text or ""
    if not said.strip() and not a.get("blocks") and not a.get("attachments"):
        raise ApiError("no_text", violation=f"{call.method} without any content")
    if len(said) > MAX_POST_TEXT:
        call.state.violate(f"{call.method}: text of {len(said)} characters is truncated")
        said = said[:MAX_POST_TEXT]
    if metadata is None and old is not None:
        metadata = old.metadata
    return call.state.new_version(
        said,
        blocks=blocks,
        attachments=attachments,
        metadata=metadata or None,
        markdown=markdown is not None,
        parse=parse,
        link_names=bool(a.get("link_names")),
    )


def check_metadata(metadata: dict[str, Any]) -> None:
    """Refuse malformed message metadata."""
    if not metadata:
        return
    known = {"event_type", "event_payload", "entities"}
    if set(metadata) - known or not isinstance(metadata.get("event_type"), str):
        raise ApiError("invalid_metadata_format", violation="malformed metadata")
    if not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_schema", violation="metadata without event_payload")


_CONTENT = {
    "text": "str",
    "markdown_text": "str",
    "blocks": "list",
    "attachments": "list",
    "parse": "str",
    "link_names": "bool",
    "as_user": "bool",
}
_AUTHOR = {"username": "str", "icon_emoji": "str", "icon_url": "str"}
_WRITE = ("chat:write",)

METHODS = {
    "chat.postMessage": Method(
        post_message,
        {
            "channel": "str!",
            **_CONTENT,
            **_AUTHOR,
            "thread_ts": "ts",
            "reply_broadcast": "bool",
            "unfurl_links": "bool",
            "unfurl_media": "bool",
            "container_id": "str",
            "mrkdwn": "bool",
            "metadata": "dict",
        },
        _WRITE,
        tier=None,
    ),
    "chat.update": Method(
        update,
        {
            "channel": "str!",
            "ts": "ts!",
            **_CONTENT,
            "file_ids": "str",
            "reply_broadcast": "bool",
            "metadata": "dict",
        },
        _WRITE,
        tier=3,
    ),
    "chat.delete": Method(
        delete, {"channel": "str!", "ts": "ts!", "as_user": "bool"}, _WRITE, tier=3
    ),
    "chat.postEphemeral": Method(
        post_ephemeral,
        {"channel": "str!", "user": "str!", **_CONTENT, **_AUTHOR, "thread_ts": "ts"},
        _WRITE,
        tier=4,
    ),
    "chat.getPermalink": Method(
        get_permalink, {"channel": "str!", "message_ts": "ts!"}, tier=None, json=False
    ),
}
