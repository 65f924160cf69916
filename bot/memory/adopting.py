"""What another program had remembered, made into memories of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.memories import (
    LONGEST_CONTENT,
    LONGEST_TAG,
    MOST_TAGS,
    Memory,
    MemoryText,
    Source,
    Via,
)
from bot.memory.formats.items import Learnt
from bot.memory.placing import Placing, derived_id

LONGEST_SUBJECT = 80
_ENDS = re.compile(r"\n+|(?<=[.!?。！？])\s+|(?<=[。！？])|\s+")


def adopted(item: Learnt, placing: Placing, now: float) -> Iterator[Memory]:
    """The memory, or several where the words are more than one holds; none for no words at all.

    The ids are always the same for the same importer, scope and link, whatever else has changed.
    """
    scope, person = placing.default, placing.grant.person
    text = _tidy(item.content)
    parts = list(parted(text, LONGEST_CONTENT)) if text else []
    created = item.created_at or now
    for number, part in enumerate(parts, start=1):
        link = item.link if len(parts) == 1 else f"{item.link}#{number}"
        yield Memory(
            id=derived_id(item.created_at, str(scope), link),
            text=MemoryText(
                content=part,
                kind=item.kind,
                tags=tidy_tags(item.tags),
                subject=" ".join(item.subject.split())[:LONGEST_SUBJECT],
                expires_at=item.expires_at,
            ),
            scope=scope,
            source=Source(Via.IMPORT, author=person, link=link),
            created_at=created,
            updated_at=max(item.updated_at, created),
        )


def tidy_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """As they are kept: lower case, one word each, no more than fit, none twice."""
    words = ("-".join(tag.casefold().lstrip("#").split())[:LONGEST_TAG] for tag in tags)
    return tuple(dict.fromkeys(word for word in words if word))[:MOST_TAGS]


def parted(text: str, most: int) -> Iterator[str]:
    """Parts of at most so many characters, ending with a line, a sentence or a word if they can."""
    at = 0
    while len(text) - at > most:
        ends = [
            (_rank(found.group()), found.end())
            for found in _ENDS.finditer(text, at + most // 2, at + most)
        ]
        end = max(ends)[1] if ends else at + most
        if part := text[at:end].strip():
            yield part
        at = end
    if part := text[at:].strip():
        yield part


def _rank(end: str) -> int:
    return 2 if "\n" in end else 0 if end else 1


def _tidy(text: str) -> str:
    """Without what no place can show: NUL and its kind, blanks around."""
    return "".join(each for each in text if each >= " " or each in "\n\t").strip()
