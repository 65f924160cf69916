"""Keeping what people wrote out of what a provider says about it, which ends up in the log."""

from __future__ import annotations

from collections.abc import Iterable

GAP = "[…]"
WINDOW = 3
"""Words in a row that also stand in the request are taken for a quotation."""

SHORTEST = 8
"""Characters of a line that is looked for as a whole."""


def without_quotes(told: str, said: Iterable[str]) -> str:
    """`told` without the passages that it shares with what was `said`.

    A whole line of it is taken out wherever it stands, and so is every run of three or more words.
    Other single words are left: an error would tell nothing without them.
    """
    texts = list(said)
    lines = {part for text in texts for line in text.splitlines() for part in _wholes(line)}
    for whole in sorted(lines, key=len, reverse=True):
        told = told.replace(whole, GAP)
    words = told.split()
    everything = " ".join(" ".join(texts).split()).casefold()
    quoted: set[int] = set()
    for start in range(len(words) - WINDOW + 1):
        passage = " ".join(words[start : start + WINDOW]).strip("'\"`.,:;!?()").casefold()
        if passage in everything:
            quoted |= set(range(start, start + WINDOW))
    if not quoted:
        return told
    kept: list[str] = []
    for place, word in enumerate(words):
        if place not in quoted:
            kept.append(word)
        elif not kept or kept[-1] != GAP:
            kept.append(GAP)
    return " ".join(kept)


def _wholes(line: str) -> Iterable[str]:
    """A line, with and without the speaker's name before it."""
    for part in (line.strip(), line.partition(": ")[2].strip()):
        if len(part) >= SHORTEST:
            yield part
