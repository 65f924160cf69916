"""Parts of other programs' JSON, of which nobody has promised the shape."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

END_OF_TIME = 253_402_300_800.0
"""The year 10000, which no calendar of ours can write."""


def mapping(value: Any) -> Mapping[str, Any]:
    """An object's parts; none for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Any]:
    """An array's parts; none for anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()


def text(value: Any) -> str:
    """A string; empty for anything else."""
    return value if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    """The strings of an array."""
    return tuple(each for each in sequence(value) if isinstance(each, str))


def seconds(value: Any) -> float:
    """Seconds since the epoch, of a number of them or an ISO 8601 time; 0 for no time at all.

    A time without a zone is taken for UTC.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) and 0 <= value < END_OF_TIME else 0.0
    if not isinstance(value, str):
        return 0.0
    try:
        when = datetime.fromisoformat(value)
        at = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return at if 0 <= at < END_OF_TIME else 0.0


def digest(*parts: str) -> str:
    """32 characters that are always the same for the same parts."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:32]
