"""mem0's memories: what its `get_all` and `search` return, or its dashboard exports, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.memories import Kind
from bot.memory.formats.items import Broken, Learnt
from bot.memory.formats.shape import digest, mapping, seconds, text, texts
from bot.memory.formats.streams import Element

KEYS = ("", "results", "memories")
"""Where the array may be; its other arrays hold relations."""
WORDS = ("memory", "content", "text", "data")
"""Where the words may be, by the age of the export."""


def read(elements: Iterable[Element]) -> Iterator[Learnt | Broken]:
    """The memories in order."""
    for element in elements:
        if element.key in KEYS:
            yield _learnt(element)


def _learnt(element: Element) -> Learnt | Broken:
    where = f"entry {element.number}"
    memory = mapping(element.value)
    words = next((text(memory[key]) for key in WORDS if text(memory.get(key)).strip()), "")
    if not words:
        return Broken(where, f"there are no words in it ({', '.join(WORDS)})")
    metadata = mapping(memory.get("metadata"))
    named = text(metadata.get("type")) or text(metadata.get("kind"))
    return Learnt(
        where,
        f"mem0:{text(memory.get('id'))[:200] or digest(words)}",
        words,
        Kind(named) if named in tuple(Kind) else Kind.FACT,
        (*texts(memory.get("categories")), *texts(metadata.get("tags"))),
        text(memory.get("actor_id")),
        seconds(memory.get("created_at")),
        seconds(memory.get("updated_at")),
        seconds(memory.get("expiration_date")),
    )
