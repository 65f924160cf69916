"""Keeping what people wrote out of what a provider says about it, which ends up in the log."""

from __future__ import annotations

from collections.abc import Iterable

import regex

GAP = "[…]"
WINDOW = 3
"""Words in a row that also stand in the request are taken for a quotation."""

RUN = 4
"""So many characters in a row, in scripts that put no blanks between words."""

SHORTEST = 8
"""Characters of a line that is looked for as a whole."""

_CODE = regex.compile(r"\\u([0-9a-fA-F]{4})")
_SPACE = regex.compile(r"\\[nrt]")
_SIGN = regex.compile(r"\\([\"'\\/])")
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー、。，！？]{4,}"
)


def without_quotes(told: str, said: Iterable[str]) -> str:
    """`told` without the passages that it shares with what was `said`.

    A whole line of it is taken out wherever it stands, and so is every run of three or more words,
    or of four characters where words are not parted; escaped as JSON escapes it or not. One or two
    words alone are left: an error would tell nothing without them.
    """
    texts, told = list(said), _plain(told)
    lines = {part for text in texts for line in text.splitlines() for part in _wholes(line)}
    for whole in sorted(lines, key=len, reverse=True):
        told = told.replace(whole, GAP)
    unspaced = "".join("".join(texts).split())
    told = _UNSPACED.sub(lambda found: _without_runs(found[0], unspaced), told)
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


def _plain(told: str) -> str:
    """The text as it reads without the escapes of JSON."""
    if "\\" not in told:
        return told
    told = _CODE.sub(lambda code: chr(int(code[1], 16)), told)
    told = told.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _SIGN.sub(r"\1", _SPACE.sub(" ", told))


def _without_runs(text: str, said: str) -> str:
    quoted = {
        place
        for start in range(len(text) - RUN + 1)
        if text[start : start + RUN] in said
        for place in range(start, start + RUN)
    }
    kept = "".join("\0" if place in quoted else char for place, char in enumerate(text))
    return regex.sub("\0+", GAP, kept)
