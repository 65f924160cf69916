"""How an endpoint is spoken to over the Responses API, and which optional fields it takes.

Nothing is stored there: every request brings the whole conversation. Within an answer that calls
tools, what the model has put out goes back as it came, its encrypted reasoning included.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain

from bot.model.dialect import MARK, data_url, marks, sendable, stable
from bot.model.learning import CACHE_OPTIONS, STRICT, TOOLS, Learned
from bot.model.port import Message, Picture, Prompt, ToolSpec
from bot.model.settings import ModelSettings
from bot.model.wire import encodable

LEAST_OUTPUT = 16
"""Tokens; the API takes no lower limit."""


class ResponsesDialect:
    """The optional fields of one endpoint; what it refuses once is left out from then on."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._learned = Learned()

    @property
    def takes_tools(self) -> bool:
        """As far as is known."""
        return not self._learned.refuses(TOOLS)

    def fields(self, prompt: Prompt) -> dict[str, object]:
        """The optional fields to send with `prompt`."""
        settings = self._settings
        fields: dict[str, object] = {
            "store": False,
            "include": ["reasoning.encrypted_content"],
        }
        limit = prompt.max_output_tokens or settings.max_output_tokens
        if limit is not None:
            fields["max_output_tokens"] = max(LEAST_OUTPUT, limit)
        if settings.temperature is not None:
            fields["temperature"] = settings.temperature
        if marks(settings, self._learned):
            fields[CACHE_OPTIONS] = MARK
        if prompt.tools:
            strict = not self._learned.refuses(STRICT)
            fields[TOOLS] = [_tool(spec, strict) for spec in prompt.tools]
            if not prompt.may_call:
                fields["tool_choice"] = "none"
        if settings.is_openai:
            fields["prompt_cache_key"] = prompt.cache_key
            fields["safety_identifier"] = prompt.user
        return sendable(fields, self._learned)

    def items(self, prompt: Prompt) -> list[dict[str, object]]:
        """The input to send, with cache breakpoints where the model needs them."""
        marked = stable(prompt) if marks(self._settings, self._learned) else frozenset[int]()
        sent = (_sent(message, n in marked) for n, message in enumerate(prompt.messages))
        return list(chain.from_iterable(sent))

    def learn(
        self, sent: Mapping[str, object], param: str, message: str, status: int = 400
    ) -> bool:
        """See `Learned.learn`."""
        return self._learned.learn(sent, param, message, status)


def _tool(spec: ToolSpec, strict: bool) -> dict[str, object]:
    return {
        "type": "function",
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters,
        # Without a word the API takes a schema for strict.
        STRICT: strict,
    }


def _sent(message: Message, marked: bool) -> Iterator[dict[str, object]]:
    """The items that stand for a message."""
    text = encodable(message.content)
    if message.role == "tool":
        yield {"type": "function_call_output", "call_id": message.call_id, "output": text}
    elif message.role == "assistant":
        if message.carried:
            yield from (json.loads(item) for item in message.carried)
            return
        if text or not message.calls:
            yield {"role": "assistant", "content": text}
        for call in message.calls:
            yield {
                "type": "function_call",
                "call_id": call.id,
                "name": call.name,
                "arguments": call.arguments,
            }
    else:
        part: dict[str, object] = {"type": "input_text", "text": text}
        if marked:
            part["prompt_cache_breakpoint"] = MARK
        yield {"role": message.role, "content": [part, *map(_image, message.pictures)]}


def _image(picture: Picture) -> dict[str, object]:
    return {"type": "input_image", "image_url": data_url(picture), "detail": picture.detail}
