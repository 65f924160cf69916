"""files.*: what a file is, and the three-step upload."""

from __future__ import annotations

import mimetypes
from typing import Any

from tests.simulators.slack_sim.arguments import Method, invalid
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.model import Channel, File, Message
from tests.simulators.slack_sim.render import file_json

MAX_SNIPPET = 2**20


def info(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """files.info."""
    file = call.state.files.get(a["file"])
    if file is None or file.team != call.workspace.id or not file.completed:
        raise ApiError("file_not_found")
    return {"file": file_json(call.state, file, full=True), "comments": []}


def get_upload_url(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """files.getUploadURLExternal."""
    if a["length"] < 1:
        raise invalid("length must be at least 1")
    if "snippet_type" in a and a["length"] > MAX_SNIPPET:
        raise ApiError("snippet_too_large", violation="snippet of more than 1 MB")
    kind = mimetypes.guess_type(a["filename"])[0] or "text/plain"
    file = call.state.add_file(call.workspace.id, call.workspace.bot.id, a["filename"], b"", kind)
    file.uploaded = file.completed = False
    file.declared = a["length"]
    file.upload_path = call.state.next_id("up")
    url = f"{call.state.base_url}/upload/v1/{file.upload_path}"
    return {"upload_url": url, "file_id": file.id}


def complete_upload(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """files.completeUploadExternal: shares the files, as one message per channel."""
    files = [_uploaded(call, entry) for entry in a["files"]]
    targets = a["channels"].split(",") if "channels" in a else []
    targets += [a["channel_id"]] if "channel_id" in a else []
    if "thread_ts" in a and not targets:
        raise invalid("thread_ts without a channel")
    channels = [call.writable(target) for target in targets]
    for file in files:
        file.completed = True
    for channel in channels:
        _share(call, channel, files, a)
    call.state.signal.changed()
    return {"files": [file_json(call.state, file, full=True) for file in files]}


def _uploaded(call: Call, entry: Any) -> File:
    if not isinstance(entry, dict) or set(entry) - {"id", "title", "highlight_type"}:
        raise invalid("files must be objects with id and title")
    file = call.state.files.get(entry.get("id", ""))
    if file is None or file.user != call.workspace.bot.id:
        raise ApiError("file_not_found", violation="completing an unknown file")
    if not file.uploaded or file.completed:
        raise ApiError("file_update_failed", violation="completing a file that is not uploaded")
    file.title = entry.get("title", file.name)
    return file


def _share(call: Call, channel: Channel, files: list[File], a: dict[str, Any]) -> None:
    thread_ts = a.get("thread_ts")
    root = call.state.messages.get((channel.id, thread_ts or ""))
    if thread_ts is not None and (root is None or root.is_reply):
        raise ApiError("invalid_thread_ts", violation="thread_ts is not a thread root")
    message = Message(
        call.state.next_ts(),
        channel.id,
        channel.team,
        call.workspace.bot.id,
        [call.state.new_version(a.get("initial_comment", ""))],
        thread_ts=thread_ts,
        subtype="file_share",
        bot_id=call.workspace.bot_id,
        app_id=call.app.id,
        by_app=True,
        files=[file.id for file in files],
    )
    for file in files:
        file.shares.append((channel.id, message.ts))
    call.state.end_status(channel.id, message.root_ts, "reply")
    call.state.add_message(message)
    call.emitter.posted(channel, message)


METHODS = {
    "files.info": Method(
        info,
        {"file": "str!", "count": "int", "cursor": "str", "limit": "int", "page": "int"},
        ("files:read",),
        tier=4,
        json=False,
    ),
    "files.getUploadURLExternal": Method(
        get_upload_url,
        {"filename": "str!", "length": "int!", "alt_txt": "str", "snippet_type": "str"},
        ("files:write",),
        tier=4,
        json=False,
    ),
    "files.completeUploadExternal": Method(
        complete_upload,
        {
            "files": "list!",
            "channel_id": "str",
            "channels": "str",
            "initial_comment": "str",
            "thread_ts": "ts",
        },
        ("files:write",),
        tier=4,
    ),
}
