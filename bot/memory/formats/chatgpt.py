"""ChatGPT's export of conversations: trees of messages, of which the branch shown last is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.memory.formats.items import Broken, Talk, Turn
from bot.memory.formats.shape import mapping, seconds, sequence, text
from bot.memory.formats.streams import Element

PROGRAM = "ChatGPT"
_SHOWN = ("text", "multimodal_text")
"""Other contents are thoughts, searches, programs and their output."""
_ROLES: Mapping[str, Any] = {"user": "user", "assistant": "assistant"}


def read(elements: Iterable[Element]) -> Iterator[Talk | Broken]:
    """The conversations in order; empty ones too."""
    for element in elements:
        yield _talk(element)


def _talk(element: Element) -> Talk | Broken:
    where = f"conversation {element.number}"
    talk = mapping(element.value)
    nodes = mapping(talk.get("mapping"))
    name = text(talk.get("conversation_id")) or text(talk.get("id"))
    if not isinstance(talk.get("mapping"), dict):
        return Broken(where, "it has no mapping of messages")
    if not name:
        return Broken(where, "it has no id")
    began = seconds(talk.get("create_time"))
    turns = tuple(_turns(_branch(nodes, text(talk.get("current_node"))), began))
    return Talk(where, name, PROGRAM, text(talk.get("title")).strip(), began, turns)


def _branch(nodes: Mapping[str, Any], last: str) -> list[Mapping[str, Any]]:
    """The messages from the first to the one shown last."""
    if last not in nodes:
        last = max(nodes, key=lambda name: _said_at(nodes[name]), default="")
    branch: list[Mapping[str, Any]] = []
    met: set[str] = set()
    # A file that leads in a circle is read once round.
    while last in nodes and last not in met:
        met.add(last)
        node = mapping(nodes[last])
        branch.append(mapping(node.get("message")))
        last = text(node.get("parent"))
    branch.reverse()
    return branch


def _said_at(node: Any) -> float:
    return seconds(mapping(mapping(node).get("message")).get("create_time"))


def _turns(branch: Iterable[Mapping[str, Any]], began: float) -> Iterator[Turn]:
    at = began
    for message in branch:
        at = max(at, seconds(message.get("create_time")))
        role = _ROLES.get(text(mapping(message.get("author")).get("role")))
        metadata = mapping(message.get("metadata"))
        if role is None or metadata.get("is_visually_hidden_from_conversation"):
            continue
        if text(message.get("recipient")) not in ("", "all"):
            # It speaks to a tool.
            continue
        if words := _words(mapping(message.get("content"))):
            model = text(metadata.get("model_slug")) if role == "assistant" else ""
            yield Turn(role, words, at, model)


def _words(content: Mapping[str, Any]) -> str:
    if text(content.get("content_type")) not in _SHOWN:
        return ""
    parts = [_part(part) for part in sequence(content.get("parts"))]
    return "\n\n".join(part for part in parts if part)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part.strip()
    kind = text(mapping(part).get("content_type"))
    if words := text(mapping(part).get("text")).strip():
        return words
    return "[picture]" if kind == "image_asset_pointer" else ""
