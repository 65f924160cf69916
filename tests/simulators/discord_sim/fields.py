"""Strict checks of request bodies, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.simulators.discord_sim.errors import invalid_form, problem
from tests.simulators.discord_sim.model import (
    COMPONENTS_V2,
    EPHEMERAL,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    VOICE_MESSAGE,
)

Tree = dict[str, Any]
Check = Callable[[Any], Tree | None]
Schema = Mapping[str, Check]


def text(low: int = 0, high: int = 10**9) -> Check:
    """Accept a string of some length, in code points."""

    def check(value: Any) -> Tree | None:
        if not isinstance(value, str):
            return problem("STRING_TYPE_CONVERT", "Could not interpret value as string.")
        if len(value) > high:
            return problem("BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        if len(value.strip()) < low:
            return problem("BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        return None

    return check


def whole(low: int = 0, high: int = 2**63) -> Check:
    """Accept an integer in a range."""

    def check(value: Any) -> Tree | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return problem("NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        if not low <= value <= high:
            return problem("NUMBER_TYPE_MAX", f"int value should be between {low} and {high}.")
        return None

    return check


def number(value: Any) -> Tree | None:
    """Accept any number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return problem("NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
    return None


def truth(value: Any) -> Tree | None:
    """Accept a boolean."""
    if not isinstance(value, bool):
        return problem("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    return None


def snowflake(value: Any) -> Tree | None:
    """Accept an id, as a string or an integer."""
    if isinstance(value, bool) or not str(value).isdigit():
        return problem("NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    return None


def anything(_value: Any) -> Tree | None:
    """Accept every value."""
    return None


def one_of(*values: Any) -> Check:
    """Accept one of some values."""

    def check(value: Any) -> Tree | None:
        if isinstance(value, bool) or value not in values:
            return problem("BASE_TYPE_CHOICES", f"Value must be one of {values}.")
        return None

    return check


def optional(inner: Check) -> Check:
    """Accept null as well."""
    return lambda value: None if value is None else inner(value)


def array(inner: Check, high: int = 10**6) -> Check:
    """Accept a list of checked values."""

    def check(value: Any) -> Tree | None:
        if not isinstance(value, list):
            return problem("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
        if len(value) > high:
            return problem("BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        found = {str(at): tree for at, item in enumerate(value) if (tree := inner(item))}
        return found or None

    return check


def nested(schema: Schema, required: tuple[str, ...] = ()) -> Check:
    """Accept an object with exactly known fields."""

    def check(value: Any) -> Tree | None:
        if not isinstance(value, dict):
            return problem("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType.")
        return errors_of(value, schema, required) or None

    return check


def flags(*allowed: int) -> Check:
    """Accept a set of flags."""
    mask = sum(allowed)

    def check(value: Any) -> Tree | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return problem("NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        if value & ~mask:
            return problem("FLAGS_NOT_ALLOWED", f"Flags {value & ~mask} cannot be set here.")
        return None

    return check


def errors_of(body: Mapping[str, Any], schema: Schema, required: tuple[str, ...]) -> Tree:
    """Return what is wrong with the known and the missing fields."""
    found: Tree = {}
    for name in required:
        if name not in body:
            found[name] = problem("BASE_TYPE_REQUIRED", "This field is required")
    for name, value in body.items():
        if name in schema and (tree := schema[name](value)):
            found[name] = tree
    return found


def check_body(
    body: Any, schema: Schema, required: tuple[str, ...], where: str, violations: list[str]
) -> dict[str, Any]:
    """Return the body when it is right.

    Unknown fields are ignored by Discord; here they are noted as violations.

    Raises:
        ApiError: a field is wrong or missing.
    """
    if not isinstance(body, dict):
        raise invalid_form(problem("MODEL_TYPE_CONVERT", "Only dictionaries may be used."))
    violations.extend(f"{where}: unknown field {name!r}" for name in body if name not in schema)
    if found := errors_of(body, schema, required):
        raise invalid_form(found)
    return body


def _mentions(value: Any) -> Tree | None:
    tree = _mention_fields(value)
    if tree or value is None:
        return tree
    for kind in ("users", "roles"):
        if kind in (value.get("parse") or ()) and value.get(kind):
            return {
                kind: problem(
                    "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                    f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
                )
            }
    return None


_mention_fields = optional(
    nested(
        {
            "parse": array(one_of("users", "roles", "everyone"), 3),
            "users": array(snowflake, 100),
            "roles": array(snowflake, 100),
            "replied_user": truth,
        }
    )
)

_ATTACHMENT = nested(
    {
        "id": snowflake,
        "filename": text(1, 1024),
        "description": optional(text(0, 1024)),
        "content_type": anything,
        "size": anything,
        "url": anything,
        "proxy_url": anything,
        "height": anything,
        "width": anything,
        "spoiler": anything,
        "flags": anything,
        "ephemeral": anything,
    },
    ("id",),
)
_REFERENCE = nested(
    {
        "type": one_of(0, 1),
        "message_id": snowflake,
        "channel_id": snowflake,
        "guild_id": snowflake,
        "fail_if_not_exists": truth,
    },
    ("message_id",),
)
_NONCE_TEXT = text(0, 25)


def _nonce(value: Any) -> Tree | None:
    return whole()(value) if isinstance(value, int) else _NONCE_TEXT(value)


def _components(value: Any) -> Tree | None:
    return array(nested(_COMPONENT, ("type",)), 40)(value)


def _child(value: Any) -> Tree | None:
    return nested(_COMPONENT, ("type",))(value)


_COMPONENT: dict[str, Check] = {
    "type": whole(1, 30),
    "id": whole(),
    "custom_id": text(1, 100),
    "style": whole(1, 6),
    "label": optional(text(0, 80)),
    "emoji": optional(nested({"id": anything, "name": anything, "animated": anything})),
    "url": text(1, 512),
    "disabled": truth,
    "components": _components,
    "content": text(1, 4000),
    "accessory": _child,
    "options": array(anything, 25),
    "placeholder": optional(text(0, 150)),
    "min_values": whole(0, 25),
    "max_values": whole(0, 25),
    "accent_color": optional(whole()),
    "spoiler": truth,
    "divider": truth,
    "spacing": one_of(1, 2),
    "items": array(anything, 10),
    "media": anything,
    "file": anything,
    "description": optional(text(0, 1024)),
    "required": truth,
    "value": anything,
    "min_length": optional(whole(0, 4000)),
    "max_length": optional(whole(0, 4000)),
    "component": _child,
    "default_values": anything,
    "channel_types": anything,
}


def _embed(value: Any) -> Tree | None:
    if not isinstance(value, dict):
        return problem("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType.")
    tree = errors_of(value, {"title": text(0, 256), "description": text(0, 4096)}, ())
    return tree or None


MESSAGE: dict[str, Check] = {
    "content": optional(text(0, 2000)),
    "nonce": _nonce,
    "enforce_nonce": truth,
    "tts": truth,
    "embeds": optional(array(_embed, 10)),
    "allowed_mentions": _mentions,
    "message_reference": _REFERENCE,
    "components": optional(_components),
    "sticker_ids": array(snowflake, 3),
    "attachments": optional(array(_ATTACHMENT, 10)),
    "flags": flags(SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2, VOICE_MESSAGE),
    "poll": anything,
}

# discord.py sends tts with every edit as well.
EDIT: dict[str, Check] = {
    name: MESSAGE[name]
    for name in ("content", "embeds", "allowed_mentions", "components", "attachments", "tts")
} | {"flags": optional(flags(SUPPRESS_EMBEDS, COMPONENTS_V2))}

RESPONSE: dict[str, Check] = {
    name: MESSAGE[name]
    for name in (
        "content",
        "embeds",
        "allowed_mentions",
        "components",
        "attachments",
        "tts",
        "poll",
    )
} | {"flags": flags(SUPPRESS_EMBEDS, EPHEMERAL, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2)}

FOLLOWUP: dict[str, Check] = RESPONSE | {
    "username": text(1, 80),
    "avatar_url": text(),
    "thread_name": text(1, 100),
}

_ARCHIVE = one_of(60, 1440, 4320, 10080)
THREAD_FROM_MESSAGE: dict[str, Check] = {
    "name": text(1, 100),
    "auto_archive_duration": optional(_ARCHIVE),
    "rate_limit_per_user": optional(whole(0, 21600)),
}
THREAD: dict[str, Check] = THREAD_FROM_MESSAGE | {
    "type": one_of(10, 11, 12),
    "invitable": truth,
    "message": nested(MESSAGE),
    "applied_tags": array(snowflake, 5),
}
CHANNEL: dict[str, Check] = {
    "name": text(1, 100),
    "topic": optional(text(0, 1024)),
    "nsfw": truth,
    "position": optional(whole()),
    "rate_limit_per_user": optional(whole(0, 21600)),
    "archived": truth,
    "auto_archive_duration": _ARCHIVE,
    "locked": truth,
    "invitable": truth,
    "flags": whole(),
    "applied_tags": array(snowflake, 5),
}
