"""How an endpoint is spoken to over chat completions, and which optional fields it takes."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence

from bot.model.learning import CACHE_OPTIONS, STRICT, TOOLS, Learned
from bot.model.port import Message, Picture, Prompt, ToolSpec
from bot.model.settings import ModelSettings
from bot.model.wire import encodable, mapping

_NEW_LIMIT = "max_completion_tokens"
_OLD_LIMIT = "max_tokens"
_NEW_LIMIT_MODELS = re.compile(r"gpt-(?:[5-9]|\d\d)(?![\w])|o\d(?!\w)")
_BREAKPOINT_MODELS = re.compile(r"gpt-(?:5\.(?:[6-9]|\d\d)|[6-9]|\d\d)(?!\w)")
"""Models whose prompt cache matches at breakpoints only."""

_MARKED = 2
"""Breakpoints in a prompt: where the one before it ended, and where the next can begin."""

MARK = {"mode": "explicit"}
"""A breakpoint of the prompt cache, and the option by which there are no others."""


class Dialect:
    """The optional fields of one endpoint; what it refuses once is left out from then on."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._learned = Learned()
        newer = settings.is_openai or (
            settings.dialect == "auto" and _NEW_LIMIT_MODELS.match(settings.name) is not None
        )
        self._limits = (_NEW_LIMIT, _OLD_LIMIT) if newer else (_OLD_LIMIT, _NEW_LIMIT)

    @property
    def takes_tools(self) -> bool:
        """As far as is known."""
        return not self._learned.refuses(TOOLS)

    def fields(self, prompt: Prompt) -> dict[str, object]:
        """The optional fields to send with `prompt`."""
        settings, refuses = self._settings, self._learned.refuses
        fields: dict[str, object] = {"stream_options": {"include_usage": True}}
        limit = prompt.max_output_tokens or settings.max_output_tokens
        if limit is not None:
            name = next((name for name in self._limits if not refuses(name)), "")
            fields[name] = limit
        if settings.temperature is not None:
            fields["temperature"] = settings.temperature
        if marks(settings, self._learned):
            # The implicit breakpoint is at the very end, where the clock stands: never met again.
            fields[CACHE_OPTIONS] = MARK
        if prompt.tools and (prompt.may_call or settings.is_openai):
            strict = not refuses(STRICT)
            fields[TOOLS] = [_tool(spec, strict) for spec in prompt.tools]
            if not prompt.may_call:
                fields["tool_choice"] = "none"
        if settings.is_openai:
            fields["prompt_cache_key"] = prompt.cache_key
            fields["safety_identifier"] = prompt.user
        return sendable(fields, self._learned)

    def messages(self, prompt: Prompt) -> list[dict[str, object]]:
        """The messages to send, with cache breakpoints where the model needs them."""
        marked = stable(prompt) if marks(self._settings, self._learned) else frozenset[int]()
        return [_sent(message, n in marked) for n, message in enumerate(prompt.messages)]

    def learn(
        self, sent: Mapping[str, object], param: str, message: str, status: int = 400
    ) -> bool:
        """See `Learned.learn`."""
        return self._learned.learn(sent, param, message, status)


def marks(settings: ModelSettings, learned: Learned) -> bool:
    """Whether the model's prompt cache has to be told its breakpoints."""
    return (
        settings.is_openai
        and not learned.refuses(CACHE_OPTIONS)
        and _BREAKPOINT_MODELS.match(settings.name) is not None
    )


def stable(prompt: Prompt) -> frozenset[int]:
    """The numbers of the messages that are marked for the cache.

    The newest message ends with what changes from turn to turn, so the last user messages before it
    are marked: everything up to them is sent again unchanged.
    """
    users = [n for n, message in enumerate(prompt.messages[:-1]) if message.role == "user"]
    return frozenset(users[-_MARKED:])


def sendable(fields: Mapping[str, object], learned: Learned) -> dict[str, object]:
    """The fields that say something and that the server takes."""
    kept = {
        name: value
        for name, value in fields.items()
        if name and value != "" and not learned.refuses(name)
    }
    if TOOLS not in kept:
        kept.pop("tool_choice", None)
    elif fields.get("tool_choice") == "none" and "tool_choice" not in kept:
        # They could not be told to be let alone.
        del kept[TOOLS]
    return kept


def data_url(picture: Picture) -> str:
    """A picture in the request itself, since no server need fetch it."""
    data = base64.b64encode(picture.data).decode("ascii")
    return f"data:{picture.media_type};base64,{data}"


def _tool(spec: ToolSpec, strict: bool) -> dict[str, object]:
    function: dict[str, object] = {
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters,
    }
    return {"type": "function", "function": {**function, STRICT: True} if strict else function}


def _sent(message: Message, marked: bool) -> dict[str, object]:
    """The message as it is sent."""
    text = encodable(message.content)
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": text}
    if message.calls:
        return {"role": "assistant", "content": text or None, "tool_calls": _calls(message)}
    if not marked and not message.pictures:
        return {"role": message.role, "content": text}
    part: dict[str, object] = {"type": "text", "text": text}
    if marked:
        part["prompt_cache_breakpoint"] = MARK
    return {"role": message.role, "content": [part, *map(_image, message.pictures)]}


def _calls(message: Message) -> Sequence[dict[str, object]]:
    """The calls as they came, with what the server has put beside them for itself."""
    extras = [mapping(json.loads(text)) for text in message.carried]
    beside = {str(extra.get("id")): extra for extra in extras}
    return [
        {
            **beside.get(call.id, {}),
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in message.calls
    ]


def _image(picture: Picture) -> dict[str, object]:
    image = {"url": data_url(picture)}
    if picture.detail != "auto":
        image["detail"] = picture.detail
    return {"type": "image_url", "image_url": image}
