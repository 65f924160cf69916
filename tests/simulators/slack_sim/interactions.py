"""Commands, shortcuts, clicks and submitted modals, with what comes back to the person."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.blocks import elements
from tests.simulators.slack_sim.emitter import Emitter
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.events import interaction, slash_payload
from tests.simulators.slack_sim.methods_views import check_view, new_hash, view_object
from tests.simulators.slack_sim.model import (
    JSON,
    Ack,
    Channel,
    Ephemeral,
    Message,
    ResponseUrl,
    Shown,
    Trigger,
    User,
    View,
    Workspace,
)
from tests.simulators.slack_sim.render import message_json
from tests.simulators.slack_sim.response_urls import show
from tests.simulators.slack_sim.sockets import Envelope, Sockets
from tests.simulators.slack_sim.state import State
from tests.simulators.slack_sim.view_rules import check_values


class Interaction:
    """Something a person did that Slack handed to the app.

    ``payload`` is what the app received, ``trigger`` the trigger id in it, and ``response_url``
    the record behind its response_url (``None`` for modals and global shortcuts).
    """

    def __init__(
        self,
        state: State,
        payload: JSON,
        trigger: Trigger | None,
        response_url: ResponseUrl | None,
    ) -> None:
        self._state = state
        self.payload = payload
        self.trigger = trigger
        self.response_url = response_url
        self.envelope: Envelope | None = None

    async def acked(self, timeout: float = 50.0) -> Ack:
        """Wait for the acknowledgement.

        Raises:
            TimeoutError: ``dispatch_failed`` (no socket was open) or ``operation_timeout``
                (no acknowledgement within three simulated seconds).
        """
        envelope = self.envelope
        assert envelope is not None
        await self._state.signal.until(
            lambda: envelope.state in ("acked", "lost"), timeout, lambda: self.error or "no answer"
        )
        if envelope.ack is None:
            raise TimeoutError(self.error)
        return envelope.ack

    @property
    def error(self) -> str | None:
        """What Slack tells the person when the app did not take the interaction."""
        if self.envelope is None or self.envelope.state != "lost":
            return None
        failed = self.envelope.reason == "connection_failed"
        return "dispatch_failed" if failed else "operation_timeout"

    @property
    def responses(self) -> list[Shown]:
        """What came back through the acknowledgement and the response_url, as it arrived."""
        return [] if self.response_url is None else self.response_url.shown

    async def responded(self, count: int = 1, timeout: float = 50.0) -> list[Shown]:
        """Wait until at least ``count`` responses have come back, and return them."""
        await self._state.signal.until(
            lambda: len(self.responses) >= count, timeout, lambda: f"responses: {self.responses}"
        )
        return self.responses


class SlashCall(Interaction):
    """A slash command somebody typed."""

    @property
    def ephemerals(self) -> list[Ephemeral]:
        """The private answers to this command that still show."""
        shown = {response.ts for response in self.responses}
        return [e for e in self._state.ephemerals if e.ts in shown and not e.deleted]


class Interactions:
    """Builds interactive payloads and sends them."""

    def __init__(self, state: State, sockets: Sockets, emitter: Emitter) -> None:
        self._state = state
        self._sockets = sockets
        self._emitter = emitter

    def slash(self, channel: Channel, user: User, command: str, text: str) -> SlashCall:
        """Send a slash command."""
        workspace = self._state.workspace_of(channel)
        if command not in workspace.app.commands:
            raise ValueError(f"{command} is not in the manifest: Slack would not send it")
        trigger = self._trigger(workspace, user)
        link = self._response_url(workspace, channel, user, None)
        payload = slash_payload(
            self._state,
            workspace,
            channel,
            user,
            command=command,
            text=text,
            response_url=self._address(link),
            trigger_id=trigger.id,
        )
        call = SlashCall(self._state, payload, trigger, link)

        def answered(ack: Ack) -> None:
            if ack.payload:
                self._show(link, ack.payload)

        call.envelope = self._sockets.send(
            workspace.app, "slash_commands", payload, accepts_response=True, on_ack=answered
        )
        return call

    def message_shortcut(
        self, callback_id: str, channel: Channel, message: Message, user: User
    ) -> Interaction:
        """Use a shortcut from a message's menu."""
        workspace = self._known_shortcut(channel.team, callback_id, "message")
        trigger = self._trigger(workspace, user)
        link = self._response_url(workspace, channel, user, None)
        payload = {
            **interaction(workspace, user, "message_action", trigger.id),
            "callback_id": callback_id,
            "action_ts": self._state.next_ts(),
            "channel": {"id": channel.id, "name": channel.name},
            "message_ts": message.ts,
            "message": message_json(self._state, message),
            "response_url": self._address(link),
        }
        return self._send(workspace, payload, trigger, link)

    def global_shortcut(self, callback_id: str, user: User) -> Interaction:
        """Use a shortcut from the search bar or the composer."""
        workspace = self._known_shortcut(user.team, callback_id, "global")
        trigger = self._trigger(workspace, user)
        payload = {
            **interaction(workspace, user, "shortcut", trigger.id),
            "callback_id": callback_id,
            "action_ts": self._state.next_ts(),
        }
        return self._send(workspace, payload, trigger, None)

    def click(
        self,
        target: Message | Ephemeral | View,
        action_id: str,
        user: User,
        *,
        value: str | None = None,
    ) -> Interaction:
        """Use a button, menu or feedback element."""
        workspace = self._state.workspaces[user.team]
        blocks = target.view["blocks"] if isinstance(target, View) else target.blocks
        action = find_action(blocks, action_id, value, self._state.next_ts())
        trigger = self._trigger(workspace, user)
        payload = {
            **interaction(workspace, user, "block_actions", trigger.id),
            "actions": [action],
            "state": {"values": {}},
        }
        if isinstance(target, View):
            payload["container"] = {"type": "view", "view_id": target.id}
            payload["view"] = view_object(target, workspace.app.id, workspace.bot_id)
            return self._send(workspace, payload, trigger, None)
        channel = self._state.channels[target.channel]
        link = self._response_url(workspace, channel, user, target.ts)
        hidden = isinstance(target, Ephemeral)
        payload["response_url"] = self._address(link)
        payload["channel"] = {"id": channel.id, "name": channel.name}
        payload["container"] = {
            "type": "message",
            "message_ts": target.ts,
            "channel_id": channel.id,
            "is_ephemeral": hidden,
        }
        if target.thread_ts is not None:
            payload["container"]["thread_ts"] = target.thread_ts
        if isinstance(target, Message):
            payload["message"] = message_json(self._state, target)
        return self._send(workspace, payload, trigger, link)

    def submit(self, view: View, user: User, values: JSON) -> Interaction:
        """Submit a modal; ``values`` is ``view.state.values``."""
        check_values(view.view, values)
        workspace = self._state.workspaces[view.team]
        trigger = self._trigger(workspace, user)
        shown = view_object(view, workspace.app.id, workspace.bot_id)
        payload = {
            **interaction(workspace, user, "view_submission", trigger.id),
            "view": {**shown, "state": {"values": values}},
            "response_urls": [],
        }

        def answered(ack: Ack) -> None:
            self._after_submit(view, ack.payload or {})

        call = Interaction(self._state, payload, trigger, None)
        call.envelope = self._sockets.send(
            workspace.app, "interactive", payload, accepts_response=True, on_ack=answered
        )
        return call

    def close(self, view: View, user: User) -> Interaction | None:
        """Close a modal; the app hears of it only with ``notify_on_close``."""
        view.closed = True
        self._state.signal.changed()
        if not view.view.get("notify_on_close"):
            return None
        workspace = self._state.workspaces[view.team]
        payload = {
            **interaction(workspace, user, "view_closed", ""),
            "view": view_object(view, workspace.app.id, workspace.bot_id),
            "is_cleared": False,
        }
        del payload["trigger_id"]
        return self._send(workspace, payload, None, None)

    def _after_submit(self, view: View, answer: JSON) -> None:
        action = answer.get("response_action")
        if action in (None, "clear"):
            view.closed = True
        elif action in ("update", "push"):
            try:
                check_view(answer.get("view", {}), "modal")
            except ApiError as refusal:
                self._state.violate(f"view_submission: {refusal.violation}")
                return
            view.history.append(view.view)
            view.view, view.hash = answer["view"], new_hash(self._state)
        elif action != "errors" or not isinstance(answer.get("errors"), dict):
            self._state.violate(f"view_submission: response_action {action}")
        self._state.signal.changed()

    def _send(
        self,
        workspace: Workspace,
        payload: JSON,
        trigger: Trigger | None,
        link: ResponseUrl | None,
    ) -> Interaction:
        call = Interaction(self._state, payload, trigger, link)
        call.envelope = self._sockets.send(workspace.app, "interactive", payload)
        return call

    def _show(self, link: ResponseUrl, body: JSON) -> None:
        try:
            show(self._state, self._emitter, link, body, "ack")
        except ApiError as refusal:
            self._state.violate(f"acknowledgement of a command: {refusal.violation}")

    def _known_shortcut(self, team: str, callback_id: str, kind: str) -> Workspace:
        workspace = self._state.workspaces[team]
        if workspace.app.shortcuts.get(callback_id) != kind:
            raise ValueError(f"{callback_id} is not a {kind} shortcut of the manifest")
        return workspace

    def _trigger(self, workspace: Workspace, user: User) -> Trigger:
        expires = self._state.clock() + self._state.timing.trigger
        trigger = Trigger(self._state.next_id("trigger."), workspace.id, user.id, expires)
        self._state.triggers[trigger.id] = trigger
        return trigger

    def _response_url(
        self, workspace: Workspace, channel: Channel, user: User, original: str | None
    ) -> ResponseUrl:
        link = ResponseUrl(
            f"{workspace.id}/{self._state.next_id('R')}",
            workspace.id,
            channel.id,
            user.id,
            self._state.clock() + self._state.timing.response_url,
            original,
        )
        self._state.response_urls[link.path] = link
        return link

    def _address(self, link: ResponseUrl) -> str:
        return f"{self._state.base_url}/response/{link.path}"


def find_action(blocks: Any, action_id: str, value: str | None, ts: str) -> JSON:
    """Return the ``actions`` entry for using an element.

    Args:
        blocks: where to look.
        action_id: which element.
        value: which option, or which of the two feedback buttons.
        ts: the action's timestamp.

    Raises:
        ValueError: there is nothing like that to click on.
    """
    for number, block in enumerate(blocks):
        for element in elements(block):
            if element.get("action_id") == action_id:
                base = {
                    "action_id": action_id,
                    "block_id": block.get("block_id", f"b{number}"),
                    "type": element["type"],
                    "action_ts": ts,
                }
                if block["type"] == "input":
                    return base | _typed(block, value)
                return base | _chosen(element, value)
    raise ValueError(f"no element {action_id!r} to click on")


def _typed(block: JSON, value: str | None) -> JSON:
    """What a field tells when somebody presses Enter in it."""
    element = block["element"]
    if not block.get("dispatch_action") or element["type"] != "plain_text_input":
        raise ValueError("nobody is told of what is typed there")
    config = element.get("dispatch_action_config", {})
    if "on_enter_pressed" not in config.get("trigger_actions_on", ["on_enter_pressed"]):
        raise ValueError("nobody is told of Enter there")
    if value is not None and len(value) > element.get("max_length", 3000):
        raise ValueError("the field takes no more characters")
    return {"value": value or None}


def _chosen(element: JSON, value: str | None) -> JSON:
    if element["type"] == "feedback_buttons":
        buttons = [element["positive_button"], element["negative_button"]]
        chosen = next((b for b in buttons if value in (None, b["value"])), None)
        if chosen is None:
            raise ValueError(f"no feedback button with value {value!r}")
        return {"text": chosen["text"], "value": chosen["value"]}
    if element["type"] == "conversations_select":
        return {"selected_conversation": value}
    if "options" in element:
        option = next((o for o in element["options"] if o.get("value") == value), None)
        if option is None:
            raise ValueError(f"no option with value {value!r}")
        return {"selected_option": option}
    return {key: element[key] for key in ("text", "value") if key in element}
