"""Application commands: what may be registered, and what a person can fill in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulators.discord_sim.errors import ApiError, invalid_form, problem
from tests.simulators.discord_sim.fields import (
    Check,
    Tree,
    anything,
    array,
    check_body,
    nested,
    number,
    one_of,
    optional,
    text,
    truth,
    whole,
)
from tests.simulators.discord_sim.locales import translated
from tests.simulators.discord_sim.model import Channel, Role, Upload, User
from tests.simulators.discord_sim.rest import Call, Endpoint
from tests.simulators.discord_sim.world import World

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(3, 12)
_LIMITS = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
_NAME = re.compile(r"^[-_'\w]{1,32}$")
_CHARACTERS = 8000


def _name(value: Any) -> Tree | None:
    if tree := text(1, 32)(value):
        return tree
    if not _NAME.match(value) or value != value.lower():
        return problem(
            "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid (lower case, no spaces)"
        )
    return None


def _value(value: Any) -> Tree | None:
    return None if isinstance(value, int | float) else text(1, 100)(value)


CHOICE = nested(
    {
        "name": text(1, 100),
        "value": _value,
        "name_localizations": translated(text(1, 100)),
    },
    ("name", "value"),
)
"""One of an option's choices, whether it is registered or completes what is typed."""


def _options(value: Any) -> Tree | None:
    return array(_option, 25)(value)


def _option(value: Any) -> Tree | None:
    if tree := nested(_OPTION, ("type", "name", "description"))(value):
        return tree
    options = value.get("options") or []
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        return {"options": _ORDER}
    if value.get("autocomplete") and value.get("choices"):
        return {"autocomplete": problem("APPLICATION_COMMAND_AUTOCOMPLETE", "Not with choices")}
    if any(len(set(names)) < len(names) for names in _named(options).values()):
        message = "Option names must be unique"
        return {"options": problem("APPLICATION_COMMAND_OPTIONS_NAME_INVALID", message)}
    return None


def _named(items: Sequence[Mapping[str, Any]]) -> Mapping[str, list[str]]:
    """Return what things are called in each language; by their first names where it has none."""
    locales = {locale for item in items for locale in item.get("name_localizations") or ()}
    return {
        locale: [(item.get("name_localizations") or {}).get(locale, item["name"]) for item in items]
        for locale in ("", *sorted(locales))
    }


_ORDER = problem(
    "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
    "Required options must be placed before non-required options",
)
_OPTION: dict[str, Check] = {
    "type": whole(1, 11),
    "name": _name,
    "description": text(1, 100),
    "name_localizations": translated(_name),
    "description_localizations": translated(text(1, 100)),
    "required": truth,
    "choices": array(CHOICE, 25),
    "options": _options,
    "channel_types": array(whole()),
    "min_value": number,
    "max_value": number,
    "min_length": whole(0, 6000),
    "max_length": whole(1, 6000),
    "autocomplete": truth,
}
_COMMAND: dict[str, Check] = {
    "id": anything,
    "name": text(1, 32),
    # A menu's names may have spaces and capitals.
    "name_localizations": translated(text(1, 32)),
    "description": text(0, 100),
    "description_localizations": translated(text(1, 100)),
    "options": _options,
    "default_member_permissions": optional(anything),
    "dm_permission": optional(truth),
    "default_permission": optional(truth),
    "type": one_of(1, 2, 3),
    "nsfw": truth,
    "integration_types": optional(array(one_of(0, 1))),
    "contexts": optional(array(one_of(0, 1, 2))),
    "handler": anything,
}


class CommandRoutes:
    """Handlers for application commands, global and of guilds."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        """Return the routes."""
        found: list[Endpoint] = []
        for place in ("", "/guilds/{guild_id}"):
            base = "/applications/{application_id}" + place + "/commands"
            found += [
                Endpoint("GET", base, self.list),
                Endpoint("PUT", base, self.replace),
                Endpoint("POST", base, self.create),
                Endpoint("DELETE", base + "/{command_id}", self.delete),
            ]
        return found

    def _place(self, call: Call) -> int | None:
        if call.id("application_id") != self._world.application_id:
            raise ApiError(10002)
        if "guild_id" not in call.request.path:
            return None
        guild_id = call.id("guild_id")
        if guild_id not in self._world.guilds:
            raise ApiError(50001)
        return guild_id

    async def list(self, call: Call) -> list[dict[str, Any]]:
        """Return what is registered."""
        return self._world.commands.get(self._place(call), [])

    async def replace(self, call: Call) -> list[dict[str, Any]]:
        """Register exactly these commands."""
        place = self._place(call)
        if not isinstance(call.body, list):
            raise invalid_form(problem("LIST_TYPE_CONVERT", "Only iterables may be used."))
        old = {_key(command): command["id"] for command in self._world.commands.get(place, [])}
        made: list[dict[str, Any]] = []
        errors: Tree = {}
        for at, item in enumerate(call.body):
            try:
                made.append(self._command(call, place, item, old))
            except ApiError as error:
                errors[str(at)] = error.errors
        if errors:
            raise invalid_form(errors)
        for kind in _LIMITS:
            alike = [command for command in made if command["type"] == kind]
            if any(len(set(names)) < len(names) for names in _named(alike).values()):
                raise invalid_form(
                    problem("APPLICATION_COMMANDS_DUPLICATE_NAME", "Names must be unique")
                )
        for kind, most in _LIMITS.items():
            if sum(command["type"] == kind for command in made) > most:
                raise ApiError(30032, message="Maximum number of application commands reached")
        self._world.commands[place] = made
        self._world.on_change()
        return made

    async def create(self, call: Call) -> dict[str, Any]:
        """Register one command, in place of an older one of the same name."""
        place = self._place(call)
        present = self._world.commands.setdefault(place, [])
        old = {_key(command): command["id"] for command in present}
        made = self._command(call, place, call.body, old)
        self._world.commands[place] = [
            *(command for command in present if _key(command) != _key(made)),
            made,
        ]
        self._world.on_change()
        return made

    async def delete(self, call: Call) -> None:
        """Take a command away."""
        place, wanted = self._place(call), call.request.path["command_id"]
        present = self._world.commands.get(place, [])
        if all(command["id"] != wanted for command in present):
            raise ApiError(10063)
        self._world.commands[place] = [item for item in present if item["id"] != wanted]

    def _command(
        self, call: Call, place: int | None, raw: Any, old: Mapping[tuple[int, str], str]
    ) -> dict[str, Any]:
        body = check_body(raw, _COMMAND, ("name",), call.request.route, self._world.violations)
        kind = body.get("type", CHAT_INPUT)
        if kind == CHAT_INPUT:
            tree = _name(body["name"]) or translated(_name)(body.get("name_localizations"))
            if tree:
                raise invalid_form({"name": tree})
            if not body.get("description"):
                message = "This field is required"
                raise invalid_form({"description": problem("BASE_TYPE_REQUIRED", message)})
            if tree := _option({"type": 1, "name": "x", "description": "x", **_tail(body)}):
                raise invalid_form(tree)
        elif body.get("description") or body.get("options"):
            message = "Context menu commands cannot have description or options"
            raise invalid_form({"description": problem("APPLICATION_COMMAND_MENU", message)})
        if _characters(body) > _CHARACTERS:
            message = f"Command exceeds maximum size ({_CHARACTERS})"
            raise invalid_form(problem("APPLICATION_COMMAND_TOO_LARGE", message))
        permissions = body.get("default_member_permissions")
        made = {
            **body,
            "id": old.get((kind, body["name"])) or str(self._world.new_id()),
            "application_id": str(self._world.application_id),
            "version": str(self._world.new_id()),
            "type": kind,
            "description": body.get("description", ""),
            "default_member_permissions": None if permissions is None else str(permissions),
        }
        if place is not None:
            made["guild_id"] = str(place)
        return made


def _tail(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"options": body["options"]} if "options" in body else {}


def _key(command: Mapping[str, Any]) -> tuple[int, str]:
    return (command["type"], command["name"])


def _characters(item: Mapping[str, Any]) -> int:
    """Count names, descriptions and choice values, each in its longest language."""
    total = _longest(item, "name") + _longest(item, "description")
    for choice in item.get("choices") or ():
        total += _longest(choice, "name") + len(str(choice["value"]))
    return total + sum(_characters(option) for option in item.get("options") or ())


def _longest(item: Mapping[str, Any], name: str) -> int:
    told = [item.get(name, ""), *(item.get(f"{name}_localizations") or {}).values()]
    return max(map(len, told))


def find(world: World, guild_id: int | None, name: str, kind: int = CHAT_INPUT) -> dict[str, Any]:
    """Return a command that is registered for a guild or everywhere.

    Raises:
        LookupError: there is none.
    """
    for place in (guild_id, None):
        for command in world.commands.get(place, []):
            if _key(command) != (kind, name):
                continue
            return command
    known = [command["name"] for command in world.commands.get(None, [])]
    raise LookupError(f"/{name} is not registered; there are {known}")


def descend(command: Mapping[str, Any], words: list[str]) -> tuple[list[dict[str, Any]], list[int]]:
    """Follow subcommand words; return the options that are left and the types passed through.

    Raises:
        LookupError: there is no such subcommand.
    """
    options: list[dict[str, Any]] = list(command.get("options") or [])
    types: list[int] = []
    for word in words:
        match = [item for item in options if item["name"] == word and item["type"] <= GROUP]
        if not match:
            raise LookupError(f"no subcommand {word!r}")
        types.append(match[0]["type"])
        options = list(match[0].get("options") or [])
    return options, types


class Filled:
    """Option values as a client sends them, with the objects they name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.resolved: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, dict[str, Any]] = {}

    def fill(self, known: list[dict[str, Any]], values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the options of an interaction.

        Raises:
            ValueError: a value is missing, unknown, or one that a client would not accept.
        """
        names = {option["name"] for option in known}
        if unknown := set(values) - names:
            raise ValueError(f"no such options: {sorted(unknown)}")
        filled: list[dict[str, Any]] = []
        for option in known:
            name = option["name"]
            if name not in values:
                if option.get("required"):
                    raise ValueError(f"option {name!r} is required")
                continue
            value = self._value(option, values[name])
            filled.append({"name": name, "type": option["type"], "value": value})
        return filled

    def _value(self, option: Mapping[str, Any], value: Any) -> Any:
        kind, name = option["type"], option["name"]
        if isinstance(value, User | Channel | Role):
            if kind not in (USER, CHANNEL, ROLE, MENTIONABLE):
                raise ValueError(f"option {name!r} takes no {type(value).__name__}")
            group = {User: "users", Channel: "channels", Role: "roles"}[type(value)]
            self.objects.setdefault(group, {})[str(value.id)] = value
            return str(value.id)
        if isinstance(value, Upload):
            if kind != FILE:
                raise ValueError(f"option {name!r} takes no file")
            made = self._world.attachments([value])[0]
            self.objects.setdefault("attachments", {})[str(made.id)] = made
            return str(made.id)
        expected = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: int | float}.get(kind)
        wrong = expected is None or not isinstance(value, expected)
        if wrong or (isinstance(value, bool) and kind != BOOLEAN):
            raise ValueError(f"option {name!r} of type {kind} cannot be {value!r}")
        choices = option.get("choices")
        if choices and value not in [choice["value"] for choice in choices]:
            raise ValueError(f"{value!r} is no choice of {name!r}")
        size = len(str(value)) if kind == STRING else value
        low = option.get("min_length" if kind == STRING else "min_value")
        high = option.get("max_length" if kind == STRING else "max_value")
        if (low is not None and size < low) or (high is not None and size > high):
            raise ValueError(f"option {name!r} is out of range: {json.dumps(value)[:80]}")
        return value
