"""views.*: modals and the Home tab."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.arguments import Method, invalid
from tests.simulators.slack_sim.blocks import check_blocks
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.model import Trigger, View
from tests.simulators.slack_sim.state import State
from tests.simulators.slack_sim.view_rules import check_view_blocks

_KEYS = frozenset(
    {
        "type",
        "title",
        "submit",
        "close",
        "blocks",
        "callback_id",
        "private_metadata",
        "clear_on_close",
        "notify_on_close",
        "external_id",
        "submit_disabled",
    }
)


def open_(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """views.open: a modal for whoever caused the trigger id."""
    trigger = _trigger(call, a)
    check_view(a["view"], "modal")
    trigger.used = True
    view = View(
        call.state.next_id("V"), trigger.team, trigger.user, new_hash(call.state), a["view"]
    )
    call.state.views[view.id] = view
    call.state.signal.changed()
    return {"view": view_json(call, view)}


def push(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """views.push: another window over the one in which something was pressed."""
    return open_(call, a)


def _trigger(call: Call, a: dict[str, Any]) -> Trigger:
    trigger = call.state.triggers.get(a.get("trigger_id", ""))
    if trigger is None or not call.serves(trigger.team):
        raise ApiError("invalid_trigger_id", violation="unknown trigger_id")
    if trigger.used:
        raise ApiError("exchanged_trigger_id", violation="trigger_id used twice")
    if trigger.expires < call.state.clock():
        raise ApiError("expired_trigger_id")
    return trigger


def update(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """views.update."""
    if "view_id" not in a and "external_id" not in a:
        raise invalid("view_id or external_id is needed")
    views = call.state.views.values()
    view = next((v for v in views if _is(v, a) and call.serves(v.team)), None)
    if view is None or view.closed:
        raise ApiError("not_found")
    check_view(a["view"], "modal")
    _write(call, view, a)
    return {"view": view_json(call, view)}


def publish(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """views.publish: the Home tab of one user."""
    user = call.state.users.get(a["user_id"])
    if user is None or not call.serves(user.team):
        raise ApiError("user_not_found", violation="views.publish for an unknown user")
    check_view(a["view"], "home")
    home = call.state.homes.get((user.team, user.id))
    if home is None:
        if "hash" in a:
            raise ApiError("hash_conflict")
        home = View(call.state.next_id("V"), user.team, user.id, new_hash(call.state), a["view"])
        call.state.homes[user.team, user.id] = home
        call.state.signal.changed()
    else:
        _write(call, home, a)
    return {"view": view_json(call, home)}


def _is(view: View, a: dict[str, Any]) -> bool:
    if "view_id" in a:
        return view.id == a["view_id"]
    return view.view.get("external_id") == a["external_id"]


def _write(call: Call, view: View, a: dict[str, Any]) -> None:
    if "hash" in a and a["hash"] != view.hash:
        raise ApiError("hash_conflict")
    view.history.append(view.view)
    view.view, view.hash = a["view"], new_hash(call.state)
    call.state.signal.changed()


def new_hash(state: State) -> str:
    """What tells a view's states apart."""
    return f"{state.unix_time}.{state.random.getrandbits(32):08x}"


def check_view(view: dict[str, Any], kind: str) -> None:
    """Refuse a view that Slack would refuse.

    Raises:
        ApiError: ``invalid_arguments`` or ``invalid_blocks``.
    """
    if view.get("type") != kind:
        raise invalid(f"view type must be {kind}")
    if set(view) - _KEYS:
        raise invalid(f"unknown view keys {sorted(set(view) - _KEYS)}")
    if not isinstance(view.get("blocks"), list):
        raise invalid("view without blocks")
    check_blocks(view["blocks"], view=True)
    check_view_blocks(view)
    if not 0 < len(view.get("external_id", "x")) <= 255:
        raise invalid("external_id has 1 to 255 characters")
    if kind == "home" and {"title", "submit", "close"} & set(view):
        raise invalid("a home tab has no title and no buttons of its own")
    if len(view.get("private_metadata", "")) > 3000:
        raise invalid("private_metadata is longer than 3000 characters")
    if len(view.get("callback_id", "")) > 255:
        raise invalid("callback_id is longer than 255 characters")
    if kind == "modal":
        _check_labels(view)


def _check_labels(view: dict[str, Any]) -> None:
    if "title" not in view:
        raise invalid("modal without title")
    for key in ("title", "submit", "close"):
        label = view.get(key)
        if label is None:
            continue
        if not isinstance(label, dict) or label.get("type") != "plain_text":
            raise invalid(f"{key} must be plain_text")
        if not 1 <= len(label.get("text", "")) <= 24:
            raise invalid(f"{key} must have 1 to 24 characters")
    if "submit" not in view and any(b.get("type") == "input" for b in view["blocks"]):
        raise invalid("a modal with input blocks needs submit")


def view_json(call: Call, view: View) -> dict[str, Any]:
    """Return the view object of an answer."""
    return view_object(view, call.app.id, call.workspace.bot_id)


def view_object(view: View, app_id: str, bot_id: str) -> dict[str, Any]:
    """Return a view as answers and payloads show it."""
    return {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "state": {"values": {}},
        **view.view,
        "id": view.id,
        "team_id": view.team,
        "app_installed_team_id": view.team,
        "hash": view.hash,
        "root_view_id": view.id,
        "previous_view_id": None,
        "app_id": app_id,
        "bot_id": bot_id,
    }


METHODS = {
    "views.open": Method(
        open_, {"trigger_id": "str", "interactivity_pointer": "str", "view": "dict!"}, tier=4
    ),
    "views.push": Method(push, {"trigger_id": "str!", "view": "dict!"}, tier=4),
    "views.update": Method(
        update,
        {"view": "dict!", "view_id": "str", "external_id": "str", "hash": "str"},
        tier=4,
    ),
    "views.publish": Method(publish, {"user_id": "str!", "view": "dict!", "hash": "str"}, tier=4),
}
