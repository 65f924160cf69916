"""How the bot behaves in one channel, where those who look after it want it otherwise. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

LONGEST_PERSONA = 600
"""Characters; it is sent with every question in the channel."""

LONGEST_HOURS = 8760.0

DEFAULT_WORDS = frozenset({"default", "off", "none", "reset", "-"})
"""What takes a setting back."""


REMEMBERS = "on"
"""How `ChannelSettings.memory` is stored, and what people say."""


class Mention(StrEnum):
    """When a message is answered that does not address the bot."""

    ONLY = "only"
    """Never."""
    THREADS = "threads"
    """In conversations that it takes part in."""
    ALWAYS = "always"
    """There, and whatever begins a conversation in the channel."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What is set for a channel.

    Attributes:
        mention: See `Mention`; None as everywhere else.
        hours: So long nobody has to talk with the bot until it waits for a mention again; 0 for
            never, None as everywhere else.
        persona: How it should be there, told to the model; empty for nothing special.
        memory: What people say there is remembered also when nobody asks for it.
    """

    mention: Mention | None = None
    hours: float | None = None
    persona: str = ""
    memory: bool = False


NOTHING_SET = ChannelSettings()


def to_fields(settings: ChannelSettings) -> Mapping[str, str]:
    """As they are stored; empty for what is not set."""
    hours = "" if settings.hours is None else f"{settings.hours:g}"
    return {
        "mention": settings.mention or "",
        "hours": hours,
        "persona": settings.persona,
        "memory": REMEMBERS if settings.memory else "",
    }


def from_fields(fields: Mapping[str, str]) -> ChannelSettings:
    """The reverse of `to_fields`; what can't be read counts as not set."""
    try:
        hours = float(fields.get("hours") or "nan")
    except ValueError:
        hours = float("nan")
    mention = fields.get("mention", "")
    return ChannelSettings(
        Mention(mention) if mention in set(Mention) else None,
        hours if 0 <= hours <= LONGEST_HOURS else None,
        fields.get("persona", ""),
        fields.get("memory") == REMEMBERS,
    )


def changed(settings: ChannelSettings, options: Mapping[str, str]) -> ChannelSettings | str:
    """The settings after a change, or the name of the option that is not understood."""
    if "reset" in options:
        settings = NOTHING_SET
    for name, given in options.items():
        value, takes_back = given.strip(), given.strip().casefold() in DEFAULT_WORDS
        match name:
            case "mention":
                if not takes_back and value.casefold() not in set(Mention):
                    return name
                mention = None if takes_back else Mention(value.casefold())
                settings = replace(settings, mention=mention)
            case "hours":
                hours = None if takes_back else _hours(value)
                if hours is None and not takes_back:
                    return name
                settings = replace(settings, hours=hours)
            case "persona":
                if len(value) > LONGEST_PERSONA:
                    return name
                settings = replace(settings, persona="" if takes_back else value)
            case "memory":
                if not takes_back and value.casefold() != REMEMBERS:
                    return name
                settings = replace(settings, memory=not takes_back)
            case _:
                continue
    return settings


def _hours(text: str) -> float | None:
    """Hours, or days as in "3d"."""
    digits, unit = text.casefold().removesuffix("h"), 1.0
    if digits.endswith("d"):
        digits, unit = digits[:-1], 24.0
    try:
        hours = float(digits.replace(",", ".")) * unit
    except ValueError:
        return None
    return hours if 0 <= hours <= LONGEST_HOURS else None
