"""Records as Slack writes them in JSON, and a channel as a person reads it."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from tests.simulators.slack_sim.mentions import wire_text
from tests.simulators.slack_sim.model import Channel, File, Message, User, Version
from tests.simulators.slack_sim.state import State


def message_json(
    state: State, message: Message, version: Version | None = None, *, with_metadata: bool = False
) -> dict[str, Any]:
    """Return a message object.

    Args:
        state: the world.
        message: what to render.
        version: which state of it; the newest by default.
        with_metadata: include what only ``include_all_metadata`` shows.
    """
    shown = version or message.versions[-1]
    body: dict[str, Any] = {"type": "message", "ts": message.ts, "text": wire_text(shown.text)}
    optional = {
        "subtype": message.subtype,
        "user": message.user or None,
        "username": message.username,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "client_msg_id": message.client_msg_id,
        "thread_ts": message.thread_ts,
    }
    body.update({key: value for key, value in optional.items() if value is not None})
    body["team"] = message.team
    author = state.users.get(message.user)
    if author is not None and author.external_team is not None:
        body["team"] = body["user_team"] = body["source_team"] = author.external_team
    if message.bot_id is not None and author is not None:
        body["bot_profile"] = bot_json(author)
    body["blocks"] = list(shown.blocks) or [_rich_text(shown.text, message.ts)]
    if shown.attachments:
        body["attachments"] = list(shown.attachments)
    if shown.metadata is not None and with_metadata:
        body["metadata"] = shown.metadata
    if shown.edited_ts is not None:
        body["edited"] = {"user": shown.editor, "ts": shown.edited_ts}
    if message.files:
        body["files"] = [file_json(state, state.files[file]) for file in message.files]
        body["upload"] = False
    if message.reactions:
        body["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)}
            for name, users in message.reactions.items()
        ]
    _add_thread_fields(state, message, body)
    body.update(message.extra)
    return body


def _add_thread_fields(state: State, message: Message, body: dict[str, Any]) -> None:
    if message.is_reply:
        root = state.messages.get((message.channel, message.root_ts))
        if root is not None:
            body["parent_user_id"] = root.user
    elif message.thread_ts is not None:
        replies = [m for m in state.in_thread(message.channel, message.ts) if m is not message]
        users = list(dict.fromkeys(m.user for m in replies))
        body.update(
            reply_count=len(replies),
            reply_users_count=len(users),
            reply_users=users[:5],
            latest_reply=replies[-1].ts if replies else message.ts,
            is_locked=False,
            subscribed=True,
        )


def _rich_text(text: str, ts: str) -> dict[str, Any]:
    block_id = hashlib.sha1(ts.encode(), usedforsecurity=False).hexdigest()[:5]
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def bot_json(user: User) -> dict[str, Any]:
    """Return a ``bot_profile`` / ``bot`` object."""
    return {
        "id": user.bot_id,
        "deleted": user.deleted,
        "name": user.display_name,
        "updated": 0,
        "app_id": user.app_id,
        "user_id": user.id,
        "team_id": user.team,
        "icons": {"image_36": "https://example.invalid/36.png"},
    }


def user_json(user: User) -> dict[str, Any]:
    """Return a ``user`` object as users.info does."""
    body: dict[str, Any] = {
        "id": user.id,
        "team_id": user.external_team or user.team,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.display_name,
        "tz": user.tz,
        "profile": {
            "real_name": user.display_name,
            "real_name_normalized": user.display_name,
            "display_name": user.display_name,
            "display_name_normalized": user.display_name,
            "team": user.external_team or user.team,
        },
        "is_admin": user.admin,
        "is_owner": False,
        "is_restricted": user.guest,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
    if user.external_team is not None:
        body["is_stranger"] = True
    if user.bot_id is not None:
        body["profile"]["bot_id"] = user.bot_id
        body["profile"]["api_app_id"] = user.app_id or ""
    return body


def channel_json(state: State, channel: Channel, *, num_members: bool = False) -> dict[str, Any]:
    """Return a ``channel`` object as conversations.info does."""
    bot = state.workspace_of(channel).bot.id
    body: dict[str, Any] = {
        "id": channel.id,
        "created": 0,
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_archived": channel.archived,
        "is_ext_shared": channel.shared,
        "context_team_id": channel.team,
    }
    if channel.kind == "im":
        body["user"] = next((m for m in channel.members if m != bot), bot)
        body["is_user_deleted"] = False
    else:
        body.update(
            name=channel.name,
            name_normalized=channel.name,
            is_channel=channel.kind == "channel",
            is_group=channel.kind == "group",
            is_private=channel.kind != "channel",
            is_member=bot in channel.members,
            is_general=False,
            is_shared=channel.shared,
            topic={"value": "", "creator": "", "last_set": 0},
            purpose={"value": "", "creator": "", "last_set": 0},
        )
    if num_members:
        body["num_members"] = len(channel.members)
    return body


def file_json(state: State, file: File, *, full: bool = False) -> dict[str, Any]:
    """Return a ``file`` object; a Slack Connect stub unless ``full``."""
    if file.deleted:
        return {"id": file.id, "mode": "tombstone"}
    if file.stub and not full:
        return {"id": file.id, "mode": "file_access", "file_access": "check_file_info"}
    link = f"{state.base_url}/files-pri/{file.team}-{file.id}"
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2] or "text",
        "pretty_type": file.mimetype,
        "user": file.user,
        "user_team": file.team,
        "mode": "hosted",
        "size": len(file.data) if file.announced is None else file.announced,
        "is_external": False,
        "is_public": False,
        "file_access": "visible",
        "url_private": f"{link}/{file.name}",
        "url_private_download": f"{link}/download/{file.name}",
        "permalink": f"https://example.invalid/files/{file.user}/{file.id}/{file.name}",
        "channels": [channel for channel, _ in file.shares],
        **({"shares": _shares(state, file)} if full else {}),
        **file.fields,
    }


def _shares(state: State, file: File) -> dict[str, Any]:
    """Where messages show a file: by kind of place, then by channel."""
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for channel, ts in file.shares:
        kind = "public" if state.channels[channel].kind == "channel" else "private"
        root = state.messages[channel, ts].thread_ts
        share = {"ts": ts, **({"thread_ts": root} if root else {})}
        found.setdefault(kind, {}).setdefault(channel, []).append(share)
    return found


def permalink(state: State, channel: str, message: Message) -> str:
    """Return the link people copy from a message."""
    domain = state.workspaces[message.team].domain
    link = f"https://{domain}.slack.com/archives/{channel}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel}"
    return link


def transcript(state: State, channel: Channel, root_ts: str | None = None) -> str:
    """Return a conversation, or one thread of it, as people see it."""
    title = {"channel": "#", "group": "private #"}.get(channel.kind, f"{channel.kind} ")
    lines = [f"{title}{channel.name}"]
    roots = [m for m in state.in_channel(channel.id) if not m.is_reply]
    for root in sorted(roots, key=lambda m: Decimal(m.ts)):
        if root_ts is not None and root.ts != root_ts:
            continue
        lines += _lines(state, root, "")
        for reply in state.in_thread(channel.id, root.ts):
            if reply is not root:
                lines += _lines(state, reply, "    ")
    for note in state.ephemerals:
        hidden = note.deleted or note.replaced or not note.visible
        if note.channel == channel.id and not hidden and root_ts in (None, note.thread_ts):
            lines.append(f"(only {_name(state, note.user)} sees) {note.text}")
    return "\n".join(lines)


def _lines(state: State, message: Message, indent: str) -> list[str]:
    author = message.username or _name(state, message.user)
    edited = " (edited)" if len(message.versions) > 1 else ""
    first, *rest = message.text.split("\n")
    lines = [f"{indent}{author}: {first}"]
    lines += [f"{indent}  {line}" for line in rest]
    lines[-1] += edited
    lines += [f"{indent}  [file {state.files[file].name}]" for file in message.files]
    if message.reactions:
        marks = " ".join(f":{n}: {len(users)}" for n, users in message.reactions.items())
        lines.append(f"{indent}  {marks}")
    return lines


def _name(state: State, user: str) -> str:
    found = state.users.get(user)
    return found.display_name if found is not None else user or "Slack"
