"""Rendering a text that grows: what is finished is rendered once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bot.markdown.read import Placed, read

MOST_TRAILS = 256
"""Texts that are remembered at once; one for each answer that is being written is enough."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block to render.

    Attributes:
        placed: The block.
        source: The characters that it was made from.
        before: Blocks of the same kind before it in the text.
    """

    placed: Placed
    source: str
    before: int


@dataclass(slots=True)
class _Trail:
    """The finished beginning of a text; `counts` are the blocks in it, by kind."""

    source: str
    shown: str
    counts: dict[str, int]
    whole: str = ""
    whole_shown: str = ""


class Rendering:
    """Renders Markdown block by block: a pure function that remembers what it has done.

    A text that begins like one before costs what has been added and the last block of that one.
    It may be called in several threads at once.

    Args:
        block: Renders one block; empty for one that shows nothing.
    """

    def __init__(self, block: Callable[[Block], str]) -> None:
        self._block = block
        self._trails: OrderedDict[str, _Trail] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, text: str) -> str:
        """What a message with this text shows."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        with self._lock:
            trail = self._longest(text)
        if trail is not None and trail.whole == text:
            return trail.whole_shown
        base = trail or _Trail("", "", {})
        rest = text[len(base.source) :]
        shown, counts = base.shown, dict(base.counts)
        finished = (len(base.source), shown, dict(counts))
        for number, placed in enumerate(read(rest)):
            finished = (len(base.source) + placed.start, shown, dict(counts))
            kind = type(placed.block).__name__
            source = rest[placed.start : placed.end]
            found = self._block(Block(placed, source, counts.get(kind, 0)))
            counts[kind] = counts.get(kind, 0) + 1
            if found:
                apart = placed.block.apart if number else _ends_blank(base.source)
                shown += (("\n\n" if apart else "\n") if shown else "") + found
        with self._lock:
            self._remember(text, shown, finished)
        return shown

    def _longest(self, text: str) -> _Trail | None:
        fitting = [trail for trail in self._trails.values() if text.startswith(trail.source)]
        found = max(fitting, key=lambda trail: len(trail.source), default=None)
        if found is not None:
            self._trails.move_to_end(found.source)
        return found

    def _remember(self, text: str, shown: str, finished: tuple[int, str, dict[str, int]]) -> None:
        end, before, counts = finished
        source = text[:end]
        self._trails[source] = _Trail(source, before, counts, text, shown)
        self._trails.move_to_end(source)
        while len(self._trails) > MOST_TRAILS:
            self._trails.popitem(last=False)


def _ends_blank(source: str) -> bool:
    """The last line is a blank one."""
    return not source.removesuffix("\n").rpartition("\n")[2].strip()
