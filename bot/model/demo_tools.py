"""How the demo model calls a tool: one, when it is told to remember something. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from bot.model.demo_memory import Conversation, shorten
from bot.model.port import Prompt, ToolCall, ToolSpec
from bot.model.wire import mapping, sequence, string

REMEMBER = "remember"
_ASKED = re.compile(
    r"\W*(?:(?:hello|hi|hey|ok|okay|bobbin|please)\W+)*remember (?:that |this: ?)?(?P<what>\S.*)",
    re.I | re.S,
)
_TOLD_ELSEWHERE = re.compile(r"\b(?:do not|don['’]t) repeat\b", re.I)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
_CONTENT = ("content", "text", "memory")
"""What the words to remember may be called in a tool's schema."""

_EMPTY: Mapping[str, object] = {
    "null": None,
    "array": [],
    "boolean": False,
    "string": "",
    "number": 0,
    "integer": 0,
    "object": {},
}


def result_of(prompt: Prompt) -> str | None:
    """What to say once the tool was called: its own first sentence; None if it was not.

    What the tool asks not to be repeated is only acknowledged.
    """
    last = prompt.messages[-1] if prompt.messages else None
    if last is None or last.role != "tool":
        return None
    if _TOLD_ELSEWHERE.search(last.content):
        return "Noted."
    # What follows it is often meant for a model that can think.
    return shorten(_SENTENCE_END.split(last.content, maxsplit=1)[0], 600) or "Done."


def call_for(prompt: Prompt, conversation: Conversation) -> ToolCall | None:
    """The call that the newest message asks for, where there is such a tool."""
    tool = next((tool for tool in prompt.tools if tool.name == REMEMBER), None)
    found = _ASKED.fullmatch(conversation.fresh[-1].text) if conversation.fresh else None
    if tool is None or found is None or not prompt.may_call:
        return None
    return ToolCall("call_demo", REMEMBER, _arguments(tool, found["what"].strip()))


def _arguments(tool: ToolSpec, what: str) -> str:
    """Arguments that fit the schema, and say what there is to say."""
    properties = mapping(tool.parameters.get("properties"))
    name = next((name for name in _CONTENT if name in properties), "")
    filled = {key: _least(mapping(each)) for key, each in properties.items()}
    return json.dumps({**filled, name: what} if name else filled, ensure_ascii=False)


def _least(schema: Mapping[str, object]) -> object:
    """The least that a schema takes."""
    kinds: Sequence[object] = sequence(schema.get("type")) or [schema.get("type")]
    if "null" in kinds:
        return None
    if choices := sequence(schema.get("enum")):
        return choices[-1]
    if options := sequence(schema.get("anyOf")):
        each = [mapping(option) for option in options]
        return None if any(one.get("type") == "null" for one in each) else _least(each[0])
    return _EMPTY.get(string(kinds[0]))
