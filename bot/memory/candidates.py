"""What a fold says is worth keeping: how it is asked for, and how it is read. Pure.

The summary and the candidates come in one answer. Whatever is wrong with the candidates, the
summary is what it would have been without them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from bot.context.speakers import speaker_name
from bot.memories import Kind
from bot.records import Entry

MOST = 5
"""Candidates of one fold."""

HEADING = "## Memories"

_LONGEST = 20_000
"""Characters that are looked through; five candidates have a tenth of it."""

_MOST_LISTED = 80
_START = 60
_KINDS = (Kind.FACT, Kind.PREFERENCE, Kind.DECISION, Kind.TASK)
_ASKED = (
    f'Behind the summary one thing more: the line "{HEADING}" and under it, as JSON in a code '
    "block, a list of what people said above that will still be worth knowing in some weeks: "
    "decisions, owners, deadlines, lasting facts and preferences. Mostly that is nothing: then "
    f"write []. {MOST} at most, each of them like this:\n"
    '{{"content": "Ada owns the billing service.", "kind": "fact", "about": "Ada", "tags": '
    '["billing"], "messages": [12]}}\n'
    "- content: one sentence that can be understood by itself, with names instead of pronouns and "
    "dates as dates, in the language of the conversation.\n"
    "- kind: fact, preference, decision or task.\n"
    "- messages: the numbers of those messages below that say it; only what people said counts, "
    "not your own answers, files or what was quoted.\n"
    "- Leave out: small talk, what will not matter tomorrow, what is said about you, rules for how "
    "to answer, passwords and keys, and what people would not want kept (health, money, beliefs, "
    "opinions about others).\n"
    "The messages by number:\n{numbers}"
)
_BEGINS = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*|\*\*)memories\b[^\n]*$|^[ \t]*```[ \t]*(?:json\w*|memories)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT = re.compile(r"^[ \t]*#{1,6}[ \t]*(?!memories\b)\w", re.IGNORECASE | re.MULTILINE)
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that a model proposes to remember; nothing of it is checked.

    `evidence` are the numbers (`Entry.seq`) of the messages that are said to say it.
    """

    content: str
    kind: Kind = Kind.FACT
    subject: str = ""
    tags: tuple[str, ...] = ()
    evidence: tuple[int, ...] = ()


def wanted(entries: Sequence[Entry]) -> str:
    """What is added to the request for a summary; empty where no person has said anything."""
    said = [entry for entry in entries if entry.role == "user" and entry.text.strip()]
    if not said:
        return ""
    return _ASKED.format(numbers="\n".join(map(_listed, said[-_MOST_LISTED:])))


def split(answer: str) -> tuple[str, tuple[Candidate, ...]]:
    """The summary in an answer, and the candidates beside it.

    Never raises: what cannot be read is left out, and what stands around it still counts.
    """
    found = _BEGINS.search(answer)
    if found is None:
        return answer, ()
    after = _NEXT.search(answer, found.end())
    end = after.start() if after is not None else len(answer)
    summary = answer[: found.start()] + answer[end:]
    return summary, tuple(_candidates(answer[found.end() : end][:_LONGEST]))


def _listed(entry: Entry) -> str:
    start = " ".join(entry.text[: 4 * _START].split())[:_START]
    return f"- {entry.seq}, {speaker_name(entry.author)}: {start}"


def _candidates(block: str) -> Iterator[Candidate]:
    """Every object of the block that is one, from a list, lines or a list that was cut."""
    place, count = 0, 0
    while count < 2 * MOST and (place := block.find("{", place)) >= 0:
        try:
            value, place = cast("tuple[object, int]", _DECODER.raw_decode(block, place))
        except (ValueError, RecursionError):
            place += 1
            continue
        candidate = _candidate(cast("Mapping[str, object]", value))
        if candidate is not None:
            count += 1
            yield candidate


def _candidate(raw: Mapping[str, object]) -> Candidate | None:
    content = raw.get("content")
    if not isinstance(content, str) or not content.strip():
        return None
    about, kind = raw.get("about", raw.get("subject")), raw.get("kind")
    return Candidate(
        " ".join(content.split()),
        next((each for each in _KINDS if each == kind), Kind.FACT),
        " ".join(about.split()) if isinstance(about, str) else "",
        tuple(tag for tag in _items(raw.get("tags")) if isinstance(tag, str) and tag.strip()),
        tuple(_numbers(raw.get("messages", raw.get("evidence")))),
    )


def _numbers(value: object) -> Iterator[int]:
    for item in _items(value):
        if isinstance(item, int) and not isinstance(item, bool):
            yield item
        elif isinstance(item, str) and item.strip().isdecimal() and len(item) < 16:
            yield int(item)


def _items(value: object) -> Sequence[object]:
    return (
        cast("list[object]", value)
        if isinstance(value, list)
        else ()
        if value is None
        else (value,)
    )
