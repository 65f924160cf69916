"""response_url: what an app may do with it, and what people then see."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.blocks import check_blocks
from tests.simulators.slack_sim.emitter import Emitter
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.model import Ephemeral, Message, ResponseUrl, Shown
from tests.simulators.slack_sim.state import State

MAX_USES = 5
_KEYS = frozenset(
    {
        "text",
        "blocks",
        "attachments",
        "response_type",
        "replace_original",
        "delete_original",
        "thread_ts",
        "unfurl_links",
        "unfurl_media",
        "metadata",
        "mrkdwn",
        "parse",
        "link_names",
    }
)


def show(
    state: State, emitter: Emitter, target: ResponseUrl, body: dict[str, Any], source: str
) -> Shown:
    """Put an answer to a command or click where people see it.

    Args:
        state: the world.
        emitter: for messages that become visible to everybody.
        target: whose response it is.
        body: what the app sent.
        source: ``ack`` or ``response_url``.

    Raises:
        ApiError: the answer is malformed.
    """
    unknown = set(body) - _KEYS
    if unknown:
        raise ApiError("invalid_payload", violation=f"unknown keys {sorted(unknown)}")
    check_blocks(body.get("blocks", []))
    kind = body.get("response_type", "ephemeral")
    if kind not in ("ephemeral", "in_channel"):
        raise ApiError("invalid_payload", violation=f"response_type {kind}")
    text = body.get("text", "")
    delete = bool(body.get("delete_original"))
    if not delete and not text and not body.get("blocks") and not body.get("attachments"):
        raise ApiError("no_text", violation="an answer without content")
    if delete or body.get("replace_original"):
        _remove_original(state, emitter, target, body)
    ts = None if delete else _place(state, emitter, target, body, kind, source)
    shown = Shown(
        source,
        text,
        kind,
        tuple(body.get("blocks", ())),
        bool(body.get("replace_original")),
        delete,
        body.get("thread_ts"),
        ts,
    )
    target.shown.append(shown)
    state.signal.changed()
    return shown


def _place(
    state: State,
    emitter: Emitter,
    target: ResponseUrl,
    body: dict[str, Any],
    kind: str,
    source: str,
) -> str:
    blocks = tuple(body.get("blocks", ()))
    original = state.messages.get((target.channel, target.original or ""))
    if body.get("replace_original") and original is not None:
        return original.ts
    if kind == "ephemeral":
        note = Ephemeral(
            state.next_ts(),
            target.channel,
            target.user,
            body.get("text", ""),
            blocks,
            body.get("thread_ts"),
            source,
        )
        state.ephemerals.append(note)
        return note.ts
    workspace = state.workspaces[target.team]
    message = Message(
        state.next_ts(),
        target.channel,
        target.team,
        workspace.bot.id,
        [state.new_version(body.get("text", ""), blocks=blocks)],
        thread_ts=body.get("thread_ts"),
        bot_id=workspace.bot_id,
        app_id=workspace.app.id,
        by_app=True,
        unfurl_links=body.get("unfurl_links"),
        unfurl_media=body.get("unfurl_media"),
    )
    state.add_message(message)
    emitter.posted(state.channels[target.channel], message)
    return message.ts


def _remove_original(
    state: State, emitter: Emitter, target: ResponseUrl, body: dict[str, Any]
) -> None:
    delete = bool(body.get("delete_original"))
    for note in state.ephemerals:
        if note.ts == target.original and note.channel == target.channel:
            note.deleted, note.replaced = delete, not delete
    message = state.message(target.channel, target.original or "")
    if message is None:
        return
    channel = state.channels[target.channel]
    if delete:
        message.deleted = True
        emitter.deleted(channel, message)
        return
    before = message.versions[-1]
    edited = f"{state.unix_time}.000000"
    version = state.new_version(
        body.get("text", ""), blocks=tuple(body.get("blocks", ())), edited_ts=edited
    )
    state.add_version(message, version)
    emitter.changed(channel, message, before)


class ResponseUrls:
    """Serves the POSTs to response URLs."""

    def __init__(self, state: State, emitter: Emitter) -> None:
        self._state = state
        self._emitter = emitter

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Take one use of a response_url; return status and body."""
        target = self._state.response_urls.get(path)
        if target is None:
            self._state.violate("response_url: unknown URL")
            return 404, "no_service"
        if target.expires < self._state.clock():
            self._state.violate("response_url: used after it expired")
            return 404, "expired_url"
        if target.uses >= MAX_USES:
            self._state.violate(f"response_url: used more than {MAX_USES} times")
            return 404, "used_url"
        if not isinstance(body, dict):
            self._state.violate("response_url: body is not an object")
            return 400, "invalid_payload"
        try:
            show(self._state, self._emitter, target, body, "response_url")
        except ApiError as refusal:
            self._state.violate(f"response_url: {refusal.violation}")
            return 400, refusal.code
        target.uses += 1
        return 200, "ok"
