"""The names that the model sees before each message: one line, unambiguous, unique."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Protocol

MAX_NAME = 64
"""Longest name in characters."""

BOT_NAME = "Bobbin"

NAMELESS = "Someone"
"""Stands for a name of which nothing readable is left."""

_RESERVED = (BOT_NAME, "Assistant", "System")

_COLONS = ":：﹕︓︰∶꞉ː˸։׃܃܄፡"
_INVISIBLE = "\u115f\u1160\u2800\u3164\uffa0"
_REPLACED = {
    **dict.fromkeys(map(ord, _COLONS + _INVISIBLE), " "),
    **dict.fromkeys(map(ord, "[［【〔"), "("),
    **dict.fromkeys(map(ord, "]］】〕"), ")"),
}


class Person(Protocol):
    """Somebody with a stable id and a display name."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


def speaker_name(name: str) -> str:
    """A display name made safe to stand before "`: `" at the start of a message.

    One line of at most `MAX_NAME` characters without colons or square brackets, since a colon
    ends the name and a bracket starts what Bobbin itself says about the conversation. Control and
    invisible characters go. The result is a fixed point of this function.
    """
    visible = (
        " " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char
        for char in name.translate(_REPLACED)
        if unicodedata.category(char) not in ("Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(visible).split())[:MAX_NAME].rstrip() or NAMELESS


def unique_name(names: Mapping[str, str], author: Person) -> str:
    """The name of `author` in a thread whose people are called `names` (id → name) so far.

    Whoever has a name keeps it, so that what the model has read stays true when somebody renames
    themselves; only an id, which stood in for a name that was not known in time, gives way to one.
    A name that is taken, or that reads like the bot's, gets a number: "Ada (2)".
    """
    known = names.get(author.id)
    nameless = known == speaker_name(author.id)
    if known is not None and not (nameless and author.name != author.id):
        return known
    others = (name for id_, name in names.items() if id_ != author.id)
    taken = {_key(name) for name in (*others, *_RESERVED)}
    base = speaker_name(author.name)
    name, number = base, 1
    while _key(name) in taken:
        number += 1
        suffix = f" ({number})"
        name = base[: MAX_NAME - len(suffix)].rstrip() + suffix
    return name


def _key(name: str) -> str:
    """Names with the same key look alike."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
