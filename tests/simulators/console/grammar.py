"""What a line typed into the console means."""

from __future__ import annotations

import re
from dataclasses import dataclass

HELP = """\
  discord general ada: @Bobbin hello     say something; a new thread is numbered when it appears
  discord thread 1 grace: and then?      say something in thread 1
  discord dm ada: hello                  say something to the bot alone
  slack general ada: @Bobbin hello       the same on Slack
  discord general ada: /help             use a slash command; options follow as name=value
  show                                   everything that stands in the channels, and violations
  watch / unwatch                        print every message and edit as it lands, or stop that
  help, quit"""

_SAY = re.compile(r"(?P<town>\w+)\s+(?P<place>\w+(?:\s+\d+)?)\s+(?P<who>[\w-]+):\s*(?P<text>.+)")
_SLASH = re.compile(r"/(?P<name>[\w-]+)\s*(?P<rest>.*)", re.DOTALL)
_OPTION = re.compile(r"(?:^|\s)([\w-]+)=")
_MENTION = re.compile(r"@bobbin\b", re.IGNORECASE)
WORDS = frozenset({"show", "watch", "unwatch", "help", "quit"})


class Unclear(Exception):
    """The line cannot be carried out; the text says why."""


@dataclass(frozen=True, slots=True)
class Word:
    """One of `WORDS`."""

    verb: str


@dataclass(frozen=True, slots=True)
class Say:
    """Somebody says something, or uses a command if the text begins with a slash.

    Attributes:
        town: "discord" or "slack".
        place: A channel's name, "dm" or "thread".
        thread: The thread's number, None outside of threads.
    """

    town: str
    place: str
    thread: int | None
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Slash:
    """A slash command; `options` holds the values of an argument list `name=value name=value`."""

    name: str
    rest: str
    options: dict[str, str]


def parse(line: str) -> Word | Say | None:
    """Read a line; None for a blank one or a comment.

    Raises:
        Unclear: It is neither a word of the console nor a thing to say.
    """
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    if line in WORDS:
        return Word(line)
    found = _SAY.fullmatch(line)
    if found is None:
        raise Unclear("I do not understand that; help lists what can be typed")
    place, _, number = found["place"].partition(" ")
    if (place == "thread") != bool(number.strip()):
        raise Unclear("a thread has a number, and nothing else has: discord thread 1 ada: hello")
    thread = int(number) if number else None
    return Say(found["town"], place, thread, found["who"], found["text"])


def slash(text: str) -> Slash | None:
    """Read a slash command, None for other texts."""
    found = _SLASH.fullmatch(text)
    if found is None:
        return None
    rest = found["rest"].strip()
    marks = list(_OPTION.finditer(rest))
    ends = [*(mark.start() for mark in marks[1:]), len(rest)]
    values = {
        mark[1]: rest[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=False)
    }
    return Slash(found["name"], rest, values)


def mentioned(text: str, mention: str) -> str:
    """Put the platform's mention in the place of `@Bobbin`."""
    return _MENTION.sub(mention, text)
