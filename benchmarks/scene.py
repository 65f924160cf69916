"""What is said in the measured conversations, and how fast the model says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

MODEL = "gpt-6-luna"

_WORDS = (
    "The loom keeps every thread in place so that one hand can let go and the next can take it up "
    "where it was left. Warp goes first, weft goes over and under, and a good edge needs no knot. "
    "When yarn runs out you lay the new end next to the old one and beat both in at once. Count "
    "twice, cut once, and note what you did, for a plan that is only in your head is lost by noon."
).split()
_CODE = ("```python\n", "for ", "row ", "in ", "plan:\n", "    ", "lift(", "row)\n", "```\n\n")
_MARK = re.compile(r"question #(\d+)")


@dataclass(frozen=True, slots=True)
class Pace:
    """How the model answers.

    Attributes:
        first_token: Seconds to its first token.
        rate: Tokens per second after that; 0 for all at once.
        tokens: Length of the answer.
    """

    first_token: float = 0.2
    rate: float = 50.0
    tokens: int = 400


@dataclass(frozen=True, slots=True)
class Conversation:
    """One question and its answer, as the platform saw them; times in monotonic seconds.

    Attributes:
        number: What the question carries, so that the model's log can be laid beside it.
        asked: When the question was posted.
        first_text: When the first text of the answer stood in the channel, None for never.
        final: When the whole answer stood there, None for never.
    """

    number: int
    asked: float
    first_text: float | None = None
    final: float | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the model said to one question; times in monotonic seconds.

    Attributes:
        first: When the first token went out.
        readable: When the fourth one did: four whole words, the least that Bobbin shows.
        last: When the last one did.
    """

    first: float
    readable: float
    last: float


def question(number: int) -> str:
    """The text of a question."""
    return f"please answer question #{number} about weaving"


def number_in(text: str) -> int | None:
    """The number of the last question that a prompt's text holds."""
    found = _MARK.findall(text)
    return int(found[-1]) if found else None


def pieces(tokens: int) -> list[str]:
    """An answer as the model streams it: words, with a block of code after each hundred tokens."""
    found: list[str] = []
    words = 0
    while len(found) < tokens:
        if len(found) % 100 == 80 and tokens - len(found) > len(_CODE):
            found[-1] = found[-1].rstrip() + "\n\n"
            found += _CODE
        found.append(_WORDS[words % len(_WORDS)] + " ")
        words += 1
    found[-1] = "done."
    return found


def answer(tokens: int) -> str:
    """The same as one text."""
    return "".join(pieces(tokens))
