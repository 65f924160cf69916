"""What Discord tells of a server and nobody here asks for is not kept.

The SDK keeps all that it is told for as long as the bot is in a server, and there may be thousands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

UNUSED = (
    "guild_scheduled_events",
    "presences",
    "soundboard_sounds",
    "stage_instances",
    "voice_states",
)


def lean(parse: Callable[[Any], None]) -> Callable[[Any], None]:
    """`parse` for a server, without the topics of its channels and the like.

    Names that many servers give to their channels and roles are kept once.
    """

    def parse_lean(data: Any) -> None:
        for name in UNUSED:
            data.pop(name, None)
        for channel in data.get("channels", ()):
            channel.pop("topic", None)
        for named in (*data.get("channels", ()), *data.get("roles", ())):
            if isinstance(name := named.get("name"), str):
                named["name"] = sys.intern(name)
        parse(data)

    return parse_lean
