"""Reading a method's arguments from JSON, form or query, as strictly as can be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulators.slack_sim.errors import ApiError

_TS = re.compile(r"\d{10}\.\d{6}")
_TIME = re.compile(r"\d+(\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Method:
    """What a Web API method takes and needs.

    ``arguments`` maps names to ``str``, ``ts`` (a message timestamp), ``time`` (any Unix time),
    ``bool``, ``int``, ``list`` or ``dict``; a trailing ``!`` marks a required one. ``scopes`` are
    alternatives; an empty tuple needs none. ``tier`` is Slack's rate tier, ``None`` for special
    limits. ``json`` says whether the method reads JSON bodies. ``token`` is ``bot`` or ``app``.
    """

    run: Callable[[Any, dict[str, Any]], dict[str, Any]]
    arguments: Mapping[str, str]
    scopes: tuple[str, ...] = ()
    tier: int | None = 3
    json: bool = True
    token: str = "bot"


def invalid(sentence: str) -> ApiError:
    """Return the refusal of a malformed call; it counts as a violation."""
    return ApiError("invalid_arguments", messages=(f"[ERROR] {sentence}",), violation=sentence)


def read(method: Method, given: Mapping[str, Any], *, from_json: bool) -> dict[str, Any]:
    """Return the arguments with their Python types.

    Args:
        method: the declaration.
        given: what came, text for form and query.
        from_json: whether types were visible on the wire.

    Raises:
        ApiError: unknown, missing or mistyped argument.
    """
    if from_json and not method.json:
        raise invalid("this method does not read JSON bodies")
    result: dict[str, Any] = {}
    for name, value in given.items():
        if name == "team_id":
            result[name] = str(value)
            continue
        kind = method.arguments.get(name)
        if kind is None:
            raise invalid(f"unknown argument {name}")
        result[name] = _convert(name, kind.rstrip("!"), value, from_json)
    for name, kind in method.arguments.items():
        if kind.endswith("!") and result.get(name) in (None, ""):
            raise invalid(f"missing required field: {name}")
    return result


def _convert(name: str, kind: str, value: Any, from_json: bool) -> Any:
    if value is None:
        raise invalid(f"null for argument {name}")
    if kind in ("list", "dict"):
        return _structure(name, kind, value)
    if from_json:
        expected = {"bool": bool, "int": int}.get(kind, str)
        if type(value) is not expected:
            raise invalid(f"must be {expected.__name__}: {name}")
    elif kind == "bool":
        return _flag(name, value)
    elif kind == "int":
        if not str(value).isdecimal():
            raise invalid(f"must be a number: {name}")
        return int(value)
    pattern = {"ts": _TS, "time": _TIME}.get(kind)
    if pattern is not None and not pattern.fullmatch(value):
        raise invalid(f"not a timestamp: {name}")
    return value


def _flag(name: str, value: str) -> bool:
    if value.lower() not in ("1", "0", "true", "false"):
        raise invalid(f"must be a boolean: {name}")
    return value.lower() in ("1", "true")


def _structure(name: str, kind: str, value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise invalid(f"not valid JSON: {name}") from None
    if not isinstance(value, list if kind == "list" else dict):
        raise invalid(f"must be a {kind}: {name}")
    return value
