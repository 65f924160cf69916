"""Which optional fields of a request an endpoint takes."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from bot.model.port import Prompt
from bot.model.settings import ModelSettings

logger = logging.getLogger(__name__)

_NEW_LIMIT = "max_completion_tokens"
_OLD_LIMIT = "max_tokens"
_NEW_LIMIT_MODELS = re.compile(r"gpt-(?:[5-9]|\d\d)(?![\w])|o\d(?!\w)")

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
        if settings.is_openai:
            fields["prompt_cache_key"] = prompt.cache_key
            fields["safety_identifier"] = prompt.user
        return {
            name: value
            for name, value in fields.items()
            if name and value != "" and name not in self._refused
        }

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
        if not refused:
            return False
        self._refused.add(refused)
        logger.warning("the model's server does not take %s; it is left out from now on", refused)
        return True


def _first_named(sent: Mapping[str, object], message: str) -> str:
    places = {name: re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message) for name in sent}
    found = [(place.start(), name) for name, place in places.items() if place is not None]
    return min(found)[1] if found else ""
