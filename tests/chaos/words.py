"""The words of the pretend people and of the pretend model, made so that nothing can get lost.

Every message of a person carries a token of its own. An answer names the tokens it answers, says
how many words follow, counts them, and ends with a mark: whoever reads what stands on a platform
knows which messages an answer considered, and whether all of it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot import errors
from bot.engine import texts
from tests.simulators.openai_sim import Request

_TOKEN = re.compile(r"\bq\d{4}\b")
_HEAD = re.compile(r"A(?P<number>\d+) answers(?P<tokens>(?: q\d{4})*) in (?P<length>\d+):")
_WORDS_A_PARAGRAPH = 60


def token(number: int) -> str:
    """The token of the n-th message."""
    return f"q{number:04d}"


def tokens_in(text: str) -> list[str]:
    """The tokens in a text, in order."""
    return _TOKEN.findall(text)


def asked_now(request: Request) -> tuple[str, ...]:
    """The tokens of the messages that a request wants answered: those after the last answer.

    What starts with a bracket is the bot's own memory and background.
    """
    new: list[str] = []
    for message in request.messages:
        if message.role == "assistant":
            new.clear()
        elif message.role == "user" and not message.text.startswith("["):
            new += tokens_in(message.text)
    return tuple(new)


def answer_text(number: int, tokens: Sequence[str], length: int) -> str:
    """Answer `number` to some messages, with so many words between its head and its end."""
    words = [f"w{count}" for count in range(1, length + 1)]
    paragraphs = [
        " ".join(words[start : start + _WORDS_A_PARAGRAPH])
        for start in range(0, length, _WORDS_A_PARAGRAPH)
    ]
    named = "".join(f" {each}" for each in tokens)
    head = f"A{number} answers{named} in {length}:"
    return "\n\n".join((head, *paragraphs, end_mark(number)))


def end_mark(number: int) -> str:
    """What an answer ends with."""
    return f"end-A{number}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer as it stands on a platform.

    Attributes:
        number: The answer's.
        tokens: The messages it answers.
        whole: Nothing of it is missing and nothing is in it twice.
        excused: It says itself that it is not whole.
        messages: How many messages of the platform hold it.
    """

    number: int
    tokens: tuple[str, ...]
    whole: bool
    excused: bool = False
    messages: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """What the bot has left standing in one conversation.

    Attributes:
        answers: In the order in which they stand.
        apologies: Sentences that ask people to try again.
        notices: Sentences about an outage, after which the answer follows by itself.
        strays: Texts that belong to none of them.
    """

    answers: tuple[Reading, ...] = ()
    apologies: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()


NOTICES = frozenset({texts.STORE_AWAY})
EXCUSES = (texts.INTERRUPTED, texts.TOO_LONG, texts.FILTERED)


def _sentences() -> frozenset[str]:
    found = {texts.EMPTY, texts.ALL_THOUGHT, texts.GIVEN_UP}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.BobbinError):
            found.add(kind.user_text)
    return frozenset(found)


APOLOGIES = _sentences()
"""All that people can be told when there is no answer."""


def read_page(messages: Iterable[str]) -> Page:
    """Read the bot's messages of one conversation, in the order in which they stand."""
    answers: list[Reading] = []
    aside: dict[str, list[str]] = {"apologies": [], "notices": [], "strays": []}
    open_: list[str] = []
    for text in messages:
        said = text.strip()
        if said in NOTICES:
            aside["notices"].append(said)
        elif said in APOLOGIES:
            aside["apologies"].append(said)
        elif _HEAD.match(said):
            answers += _closed(open_)
            open_ = [said]
        elif open_:
            open_.append(said)
        else:
            aside["strays"].append(said)
            continue
        if open_ and _ends(open_[-1]):
            answers += _closed(open_)
            open_ = []
    answers += _closed(open_)
    return Page(tuple(answers), **{name: tuple(found) for name, found in aside.items()})


def _ends(text: str) -> bool:
    return text.endswith(EXCUSES) or re.search(r"end-A\d+$", text) is not None


def _closed(parts: Sequence[str]) -> Iterator[Reading]:
    if not parts:
        return
    text = "\n\n".join(parts)
    head = _HEAD.match(text)
    assert head is not None
    number, length = int(head["number"]), int(head["length"])
    tokens = tuple(tokens_in(head["tokens"]))
    rest = text[head.end() :].split()
    wanted = [f"w{count}" for count in range(1, length + 1)] + [end_mark(number)]
    yield Reading(number, tokens, rest == wanted, text.endswith(EXCUSES), len(parts))
