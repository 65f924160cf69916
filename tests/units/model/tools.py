"""Tools for the tests of the model, and what is sent once they were called."""

from __future__ import annotations

from dataclasses import replace

from bot.model.port import Finished, Message, Prompt, ToolSpec

DICE = ToolSpec(
    "dice",
    "Throw a die.",
    {
        "type": "object",
        "properties": {"sides": {"type": "integer"}},
        "required": ["sides"],
        "additionalProperties": False,
    },
)


def after(prompt: Prompt, last: Finished, *results: str, text: str = "") -> Prompt:
    """The prompt that follows, with a result for each call."""
    told = (
        Message("tool", result, call_id=call.id)
        for call, result in zip(last.calls, results, strict=True)
    )
    called = Message("assistant", text, calls=last.calls, carried=last.carried)
    return replace(prompt, messages=(*prompt.messages, called, *told))
