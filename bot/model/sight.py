"""Tells from a provider's words that a model takes no pictures."""

from __future__ import annotations

import re

_PHRASES = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"image_url.{0,80}(?:only supported|not supported|unsupported|unknown|invalid|expected)",
        r"(?:unknown variant|invalid content type|unsupported content).{0,80}image",
        r"(?:does not|doesn't|do not|cannot|can't|not) (?:support|accept|process|handle|take)\w*"
        r".{0,40}(?:image|vision|multi-?modal)",
        r"(?:image|vision|multi-?modal)\w*(?: \w+){0,4} (?:is|are|be)?\s*"
        r"(?:not supported|unsupported|not available|not enabled|not allowed)",
        r"no endpoints? .{0,40}support.{0,20}image",
        r"not a (?:multi-?modal|vision)",
        r"missing data required for image",
        r"at most 0 image",
        r"mmproj",
    )
)


def takes_no_pictures(message: str) -> bool:
    """Whether an error's words say that pictures are what is wrong with a request.

    Args:
        message: The provider's words about a request that had pictures in it.
    """
    return any(phrase.search(message) for phrase in _PHRASES)
