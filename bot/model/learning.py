"""What a server turns out not to take, learnt from its refusals. Pure but for its memory."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

logger = logging.getLogger(__name__)

TOOLS = "tools"
STRICT = "strict"
"""Not a field, but the promise within each tool that a schema is kept."""

CACHE_OPTIONS = "prompt_cache_options"

_UNSUPPORTED = re.compile(
    r"unsupported|not supported|(?:does not|doesn't) support|unknown|unrecogni[sz]ed|unexpected|"
    r"not permitted|not allowed|additional propert|no such (?:field|parameter|argument)|"
    r"extra (?:fields|inputs)|incompatible",
    re.IGNORECASE,
)
_NO_TOOLS = re.compile(
    r"(?:not|n't|un)\s?(?:support|accept|allow|available|enabled)\w*.{0,60}?"
    r"\b(?:tools?|functions?)\b|"
    r"\b(?:tools?|function[ _-]?calls?|function[ _-]?calling)\b.{0,80}?"
    r"(?:not (?:be )?(?:supported|available|enabled|allowed)|unsupported|requires? )|"
    r"support tool use",
    re.IGNORECASE | re.DOTALL,
)
_STRICT = re.compile(r"\bstrict\b", re.IGNORECASE)
_BAD_REQUEST = frozenset({400, 422})
_NO_TOOLS_STATUS = _BAD_REQUEST | {404, 500, 501}
"""Of servers that look for a model which takes tools, or fail on them."""


class Learned:
    """The fields that one endpoint has refused; each is left out from then on."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def refuses(self, name: str) -> bool:
        """It is known that the server does not take this field."""
        return name in self._refused

    def learn(
        self, sent: Mapping[str, object], param: str, message: str, status: int = 400
    ) -> bool:
        """Take an error as the refusal of one of the fields that were `sent`.

        Args:
            sent: The optional fields of the refused request.
            param: The parameter that the server names, empty if it names none.
            message: The server's words.
            status: The HTTP status.

        Returns:
            Whether the request is worth repeating with what is sent now.
        """
        refused = _field(sent, param, message) if status in _BAD_REQUEST else ""
        if TOOLS in sent and refused in ("", TOOLS):
            refused = self._about_tools(param, message, status) or refused
        if not refused:
            return False
        self._refused.add(refused)
        logger.warning("the model's server does not take %s; it is left out from now on", refused)
        return True

    def _about_tools(self, param: str, message: str, status: int) -> str:
        """What of the tools is refused. An answer without them is better than none."""
        bad = status in _BAD_REQUEST
        named = bad and (_root(param) == TOOLS or _UNSUPPORTED.search(message) is not None)
        if named and not self.refuses(STRICT) and _STRICT.search(f"{param} {message}"):
            return STRICT
        if bad and _root(param) == TOOLS:
            return TOOLS
        return TOOLS if status in _NO_TOOLS_STATUS and _NO_TOOLS.search(message) else ""


def _field(sent: Mapping[str, object], param: str, message: str) -> str:
    if not _UNSUPPORTED.search(message):
        return ""
    if "prompt_cache_breakpoint" in f"{param} {message}":
        return CACHE_OPTIONS
    named = _root(param)
    return named if named in sent else _first_named(sent, message)


def _root(param: str) -> str:
    return re.split(r"[.\[]", param, maxsplit=1)[0]


def _first_named(sent: Mapping[str, object], message: str) -> str:
    places = {name: re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message) for name in sent}
    found = [(place.start(), name) for name, place in places.items() if place is not None]
    return min(found)[1] if found else ""
