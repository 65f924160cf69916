"""Claude's export of conversations: messages in order, with branches where one was asked anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.memory.formats.items import Broken, Talk, Turn
from bot.memory.formats.shape import mapping, seconds, sequence, text
from bot.memory.formats.streams import Element

PROGRAM = "Claude"
_ROLES: Mapping[str, Any] = {"human": "user", "assistant": "assistant"}


def read(elements: Iterable[Element]) -> Iterator[Talk | Broken]:
    """The conversations in order; empty ones too."""
    for element in elements:
        yield _talk(element)


def _talk(element: Element) -> Talk | Broken:
    where = f"conversation {element.number}"
    talk = mapping(element.value)
    if not isinstance(talk.get("chat_messages"), list):
        return Broken(where, "it has no chat_messages")
    name = text(talk.get("uuid"))
    if not name:
        return Broken(where, "it has no uuid")
    began = seconds(talk.get("created_at"))
    messages = [mapping(each) for each in sequence(talk.get("chat_messages"))]
    branch = _branch(messages, text(talk.get("current_leaf_message_uuid")))
    model = text(talk.get("model"))
    turns = tuple(_turns(branch, began, model))
    return Talk(where, name, PROGRAM, text(talk.get("name")).strip(), began, turns)


def _branch(messages: Sequence[Mapping[str, Any]], last: str) -> Sequence[Mapping[str, Any]]:
    """The messages from the first to the one shown last; all where nothing tells of branches."""
    by_name = {text(each.get("uuid")): each for each in messages}
    if not any(text(each.get("parent_message_uuid")) in by_name for each in messages):
        return messages
    if last not in by_name:
        last = text(messages[-1].get("uuid"))
    branch: list[Mapping[str, Any]] = []
    met: set[str] = set()
    while last in by_name and last not in met:
        met.add(last)
        branch.append(by_name[last])
        last = text(by_name[last].get("parent_message_uuid"))
    branch.reverse()
    return branch


def _turns(branch: Iterable[Mapping[str, Any]], began: float, model: str) -> Iterator[Turn]:
    at = began
    for message in branch:
        at = max(at, seconds(message.get("created_at")))
        role = _ROLES.get(text(message.get("sender")))
        if role is None:
            continue
        words = "\n\n".join(part for part in (_words(message), *_enclosed(message)) if part)
        if words:
            yield Turn(role, words, at, model if role == "assistant" else "")


def _words(message: Mapping[str, Any]) -> str:
    """What was shown as text; tools and thoughts are left out."""
    blocks = [mapping(each) for each in sequence(message.get("content"))]
    parts = [text(each.get("text")).strip() for each in blocks if each.get("type") == "text"]
    return "\n\n".join(part for part in parts if part) or text(message.get("text")).strip()


def _enclosed(message: Mapping[str, Any]) -> Iterator[str]:
    """Files as lines, with their text where the export has it."""
    for each in map(mapping, sequence(message.get("attachments"))):
        name = text(each.get("file_name")).strip() or "file"
        words = text(each.get("extracted_content")).strip()
        yield f"[{name}]\n{words}" if words else f"[{name}]"
    for each in map(mapping, sequence(message.get("files"))):
        if name := text(each.get("file_name")).strip():
            yield f"[{name}]"
