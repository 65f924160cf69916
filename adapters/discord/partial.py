"""Interactions name their channel in part, and the SDK wants all of it.

Where the bot is no member, or does not know a thread, the SDK makes the channel from these parts
alone, and an interaction without one of them would be lost. What is missing is of no use here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

MISSING: Mapping[str, Any] = {
    "name": "",
    "position": 0,
    "owner_id": "0",
    "message_count": 0,
    "member_count": 0,
}


def completed(parse: Callable[[Any], None]) -> Callable[[Any], None]:
    """`parse` for interactions whose channel lacks fields."""

    def parse_completed(data: Any) -> None:
        channel: object = data.get("channel")
        if isinstance(channel, dict):
            fields = cast("dict[str, Any]", channel)
            for name, value in MISSING.items():
                fields.setdefault(name, value)
        parse(data)

    return parse_completed
