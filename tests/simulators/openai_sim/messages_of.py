"""The input of a Responses request as messages of a chat completion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def as_messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The request's input as messages of a chat completion, as the model reads it."""
    given = body.get("input")
    items: Sequence[Any] = given if isinstance(given, list) else []
    messages: list[dict[str, Any]] = []
    if isinstance(body.get("instructions"), str) and body["instructions"]:
        messages.append({"role": "system", "content": body["instructions"]})
    if isinstance(given, str):
        messages.append({"role": "user", "content": given})
    for item in items:
        if not isinstance(item, dict):
            continue
        match item.get("type", "message"):
            case "function_call":
                function = {"name": item.get("name"), "arguments": item.get("arguments")}
                call = {"id": item.get("call_id"), "type": "function", "function": function}
                last = messages[-1] if messages else {}
                if last.get("tool_calls"):
                    last["tool_calls"].append(call)
                else:
                    messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
            case "function_call_output":
                told = {"tool_call_id": item.get("call_id"), "content": item.get("output")}
                messages.append({"role": "tool", **told})
            case "message":
                messages.append({"role": item.get("role"), "content": _content(item)})
            case _:
                pass
    return messages


def _content(item: Mapping[str, Any]) -> Any:
    content = item.get("content")
    if not isinstance(content, list):
        return content
    return [_part(part) for part in content if isinstance(part, dict)]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") == "input_image":
        url = {"url": part.get("image_url"), "detail": part.get("detail", "auto")}
        return {"type": "image_url", "image_url": url}
    kept = {name: part[name] for name in ("prompt_cache_breakpoint",) if name in part}
    return {"type": "text", "text": part.get("text") or part.get("refusal") or "", **kept}
