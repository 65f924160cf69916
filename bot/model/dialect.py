"""Which optional fields of a request an endpoint takes."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Mapping

from bot.model.port import Message, Picture, Prompt
from bot.model.settings import ModelSettings

logger = logging.getLogger(__name__)

_NEW_LIMIT = "max_completion_tokens"
_OLD_LIMIT = "max_tokens"
_NEW_LIMIT_MODELS = re.compile(r"gpt-(?:[5-9]|\d\d)(?![\w])|o\d(?!\w)")

_CACHE_OPTIONS = "prompt_cache_options"
_BREAKPOINT_MODELS = re.compile(r"gpt-(?:5\.(?:[6-9]|\d\d)|[6-9]|\d\d)(?!\w)")
"""Models whose prompt cache matches at breakpoints only."""

_MARKED = 2
"""Breakpoints in a prompt: where the one before it ended, and where the next can begin."""

_UNSUPPORTED = re.compile(
    r"unsupported|not supported|(?:does not|doesn't) support|unknown|unrecogni[sz]ed|unexpected|"
    r"not permitted|not allowed|additional propert|no such (?:field|parameter|argument)|"
    r"extra (?:fields|inputs)|incompatible",
    re.IGNORECASE,
)


class Dialect:
    """The optional fields of one endpoint; what it refuses once is left out from then on."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._refused: set[str] = set()
        newer = settings.is_openai or (
            settings.dialect == "auto" and _NEW_LIMIT_MODELS.match(settings.name) is not None
        )
        self._limits = (_NEW_LIMIT, _OLD_LIMIT) if newer else (_OLD_LIMIT, _NEW_LIMIT)

    def fields(self, prompt: Prompt) -> dict[str, object]:
        """The optional fields to send with `prompt`."""
        settings = self._settings
        fields: dict[str, object] = {"stream_options": {"include_usage": True}}
        limit = prompt.max_output_tokens or settings.max_output_tokens
        if limit is not None:
            name = next((name for name in self._limits if name not in self._refused), "")
            fields[name] = limit
        if settings.temperature is not None:
            fields["temperature"] = settings.temperature
        if self._marks:
            # The implicit breakpoint is at the very end, where the clock stands: never met again.
            fields[_CACHE_OPTIONS] = {"mode": "explicit"}
        if settings.is_openai:
            fields["prompt_cache_key"] = prompt.cache_key
            fields["safety_identifier"] = prompt.user
        return {
            name: value
            for name, value in fields.items()
            if name and value != "" and name not in self._refused
        }

    def messages(self, prompt: Prompt) -> list[dict[str, object]]:
        """The messages to send, with cache breakpoints where the model needs them.

        The newest message ends with what changes from turn to turn, so the last user messages
        before it are marked: everything up to them is sent again unchanged.
        """
        stable = [n for n, message in enumerate(prompt.messages[:-1]) if message.role == "user"]
        marked = set(stable[-_MARKED:]) if self._marks else set[int]()
        return [_sent(message, n in marked) for n, message in enumerate(prompt.messages)]

    @property
    def _marks(self) -> bool:
        settings = self._settings
        return (
            settings.is_openai
            and _CACHE_OPTIONS not in self._refused
            and _BREAKPOINT_MODELS.match(settings.name) is not None
        )

    def learn(self, sent: Mapping[str, object], param: str, message: str) -> bool:
        """Take a client error as the refusal of one of the fields that were `sent`.

        Args:
            sent: What `fields` returned for the refused request.
            param: The parameter that the server names, empty if it names none.
            message: The server's words.

        Returns:
            Whether the request is worth repeating with what `fields` returns now.
        """
        if not _UNSUPPORTED.search(message):
            return False
        named = param.partition(".")[0]
        refused = named if named in sent else _first_named(sent, message)
        if "prompt_cache_breakpoint" in f"{param} {message}":
            refused = _CACHE_OPTIONS
        if not refused:
            return False
        self._refused.add(refused)
        logger.warning("the model's server does not take %s; it is left out from now on", refused)
        return True


def _sent(message: Message, marked: bool) -> dict[str, object]:
    """The message as it is sent; half characters, which no encoder takes, are replaced."""
    text = message.content.encode("utf-8", "replace").decode("utf-8")
    if not marked and not message.pictures:
        return {"role": message.role, "content": text}
    part: dict[str, object] = {"type": "text", "text": text}
    if marked:
        part["prompt_cache_breakpoint"] = {"mode": "explicit"}
    return {"role": message.role, "content": [part, *map(_image, message.pictures)]}


def _image(picture: Picture) -> dict[str, object]:
    """A picture as a part of a message: in the request itself, since no server need fetch it."""
    data = base64.b64encode(picture.data).decode("ascii")
    image = {"url": f"data:{picture.media_type};base64,{data}"}
    if picture.detail != "auto":
        image["detail"] = picture.detail
    return {"type": "image_url", "image_url": image}


def _first_named(sent: Mapping[str, object], message: str) -> str:
    places = {name: re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message) for name in sent}
    found = [(place.start(), name) for name, place in places.items() if place is not None]
    return min(found)[1] if found else ""
