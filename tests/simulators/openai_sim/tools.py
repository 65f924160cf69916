"""Checks of function tools, which are the same on both APIs but for where their parts stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.simulators.openai_sim.validate import reject

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_KEYS = {"name", "description", "parameters", "strict"}
MOST = 128


def check_tools(tools: Any, *, nested: bool) -> None:
    """Whether tools are proper: names, keys, and schemas that keep what `strict` promises.

    Args:
        tools: As sent.
        nested: Chat completions have a tool's parts under "function", responses beside its type;
            and on responses a tool is strict unless it says otherwise.

    Raises:
        Rejected: They are not.
    """
    if not isinstance(tools, list) or not 1 <= len(tools) <= MOST:
        raise reject("Invalid 'tools': expected an array of 1 to 128 tools.", "tools")
    names: list[str] = []
    for number, tool in enumerate(tools):
        place = f"tools[{number}]"
        if not isinstance(tool, dict) or tool.get("type") not in ("function", "custom"):
            raise reject(f"Invalid value for '{place}.type'.", f"{place}.type", "invalid_value")
        body = tool.get("function") if nested else tool
        if tool["type"] == "custom":
            continue
        if not isinstance(body, dict):
            raise reject(f"Missing required parameter: '{place}.function'.", place)
        place = f"{place}.function" if nested else place
        unknown = set(body) - _KEYS - (set() if nested else {"type"})
        if unknown:
            name = f"{place}.{min(unknown)}"
            raise reject(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        if not _NAME.fullmatch(str(body.get("name", ""))):
            raise reject(f"Invalid '{place}.name'.", f"{place}.name", "invalid_value")
        names.append(body["name"])
        _check_schema(body, f"{place}.parameters", strict=body.get("strict", not nested))
    if len(set(names)) < len(names):
        raise reject("Invalid 'tools': names must be unique.", "tools", "invalid_value")


def check_choice(choice: Any, tools: Any) -> None:
    """Whether `tool_choice` is one. Raises Rejected."""
    if choice is None:
        return
    if not tools:
        raise reject("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    if isinstance(choice, str) and choice not in ("none", "auto", "required"):
        raise reject(f"Invalid value: '{choice}'.", "tool_choice", "invalid_value")


def _check_schema(body: Mapping[str, Any], place: str, *, strict: bool) -> None:
    schema = body.get("parameters")
    if schema is None and not strict:
        return
    wrong = "schema must be an object" if not isinstance(schema, dict) else None
    if isinstance(schema, dict):
        if schema.get("type") != "object":
            wrong = (
                f"schema must be a JSON Schema of 'type: \"object\"', got {schema.get('type')!r}"
            )
        elif strict:
            wrong = next(_loose(schema, ()), None)
    if wrong is not None:
        message = f"Invalid schema for function '{body['name']}': {wrong}."
        raise reject(message, place, "invalid_function_parameters")


def _loose(schema: Any, path: Sequence[str]) -> Iterator[str]:
    """Where a schema leaves open what a strict one must say."""
    where = f"In context={tuple(path)}"
    if not isinstance(schema, dict):
        yield f"{where}, a schema must be an object"
        return
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "object" in kinds:
        properties = schema.get("properties")
        if schema.get("additionalProperties") is not False:
            yield f"{where}, 'additionalProperties' is required to be supplied and to be false"
        if not isinstance(properties, dict):
            yield f"{where}, 'properties' is required"
            return
        if set(schema.get("required") or ()) != set(properties):
            yield (
                f"{where}, 'required' is required to be supplied and to be an array including "
                "every key in properties"
            )
        for name, each in properties.items():
            yield from _loose(each, (*path, "properties", name))
    if "array" in kinds:
        if "items" not in schema:
            yield f"{where}, array schema missing items"
        else:
            yield from _loose(schema["items"], (*path, "items"))
    if not any(key in schema for key in ("type", "anyOf", "$ref", "enum", "const")):
        yield f"{where}, schema must have a 'type' key"
    for number, each in enumerate(schema.get("anyOf") or ()):
        yield from _loose(each, (*path, "anyOf", str(number)))
