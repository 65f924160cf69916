"""How wide words are, estimated, and where lines of them break."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tests.pictures.shown import Run, Runs

Line = Runs

MONO = 0.602
BOLD = 1.06
CODE_SIZE = 0.875
"""Code is a little smaller than the words around it."""
CODE_PADDING = 3.0
"""Pixels on either side of code within a line."""

_CLASSES = {
    0.222: "ijl'|",
    0.278: " ftI.,:;/\\!",
    0.333: "r-()[]`",
    0.389: "*{}",
    0.5: "cksvxyzJ",
    0.556: "abdeghnopquL0123456789#$_?–—",
    0.584: "+<>=~^",
    0.611: "FTZ",
    0.667: "ABEKPSVXY&",
    0.722: "CDHNRUw",
    0.778: "GOQ",
    0.833: "mM",
    0.889: "%",
    0.944: "W",
    1.0: "@…",
}
"""Widths of glyphs in ems, rounded; sans-serif fonts of systems differ little from them."""
_WIDTHS = {char: width for width, chars in _CLASSES.items() for char in chars}
_OTHER = 0.6


def width(text: str, size: float, *, bold: bool = False, mono: bool = False) -> float:
    """Pixels that a text takes in a font of so many pixels."""
    ems = sum(_glyph(char, mono) for char in text)
    return ems * size * (BOLD if bold and not mono else 1.0)


def _glyph(char: str, mono: bool) -> float:
    if unicodedata.combining(char) or char in "\u200b\u200d\ufe0f":
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.25 if unicodedata.category(char) == "So" else 1.0
    return MONO if mono else _WIDTHS.get(char, _OTHER)


def run_width(run: Run, size: float) -> float:
    """Pixels that one run takes, with the padding of code within a line."""
    if run.code:
        return width(run.text, size * CODE_SIZE, mono=True) + 2 * CODE_PADDING
    return width(run.text, size, bold=run.bold)


def wrapped(runs: Iterable[Run], size: float, most: float) -> tuple[Line, ...]:
    """Runs in lines of at most `most` pixels, broken at blanks; a longer word is cut."""
    lines: list[Line] = []
    line: list[Run] = []
    used = 0.0
    for word in _words(runs):
        if word.text == "\n":
            lines.append(_trimmed(line))
            line, used = [], 0.0
            continue
        need = run_width(replace(word, text=word.text.rstrip(" ")), size)
        if line and used + need > most:
            lines.append(_trimmed(line))
            line, used = [], 0.0
            if not word.text.strip(" "):
                continue
        *full, rest = _cut(word, size, most)
        lines += [(part,) for part in full]
        line.append(rest)
        used += run_width(rest, size)
    lines.append(_trimmed(line))
    return tuple(lines)


def _words(runs: Iterable[Run]) -> Iterator[Run]:
    """Each word with the blanks that follow it; line ends by themselves."""
    for run in runs:
        for word in re.findall(r"\n|[^\s]+[^\S\n]*|[^\S\n]+", run.text):
            yield replace(run, text=word)


def _cut(word: Run, size: float, most: float) -> list[Run]:
    parts: list[Run] = []
    rest = word
    while run_width(replace(rest, text=rest.text.rstrip(" ")), size) > most:
        fits = len(rest.text) - 1
        while fits > 1 and run_width(replace(rest, text=rest.text[:fits]), size) > most:
            fits -= 1
        if not 0 < fits < len(rest.text):
            break
        parts.append(replace(rest, text=rest.text[:fits]))
        rest = replace(rest, text=rest.text[fits:])
    return [*parts, rest]


def _trimmed(line: list[Run]) -> Line:
    """Neighbours in one style joined, and no blanks at the end."""
    joined: list[Run] = []
    for run in line:
        if joined and run == replace(joined[-1], text=run.text):
            joined[-1] = replace(run, text=joined[-1].text + run.text)
        else:
            joined.append(run)
    if joined:
        joined[-1] = replace(joined[-1], text=joined[-1].text.rstrip(" "))
    return tuple(run for run in joined if run.text)
