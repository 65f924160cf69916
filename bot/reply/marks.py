"""Marks within a line (bold, slanted, struck out, code) that are open where a text ends."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.markdown.cjk import is_cjk
from bot.markdown.dense import is_dense

LONGEST_HELD = 200
"""Characters that are held back behind an open mark; past them it is closed instead."""

MOST_OPEN = 8
"""Marks that are open at once; of more than these nobody can say what is meant."""

_MOST_REMEMBERED = 64
"""Marks that may yet be closed; each closing mark looks through them."""

_WINDOW = 1000
"""Characters at the end in which most stretches begin."""

_PIECE = regex.compile(
    r"\\[^\w\s]"
    r"|(?P<ticks>`++)(?:[^`]|(?!(?P=ticks)(?!`))`++){1,2000}?(?P=ticks)(?!`)"
    r"|(?P<code>`++)"
    r"|!?\[(?:\\.|[^\[\]\n\\]){0,500}+\]\([^\s()]{0,2000}+(?:\([^\s()]{0,500}+\)[^\s()]{0,500}+)?+"
    r"(?:[^\S\n]++\"[^\"\n]{0,300}+\")?+\)"
    r"|<[^<>\s]{1,2000}+>"
    r"|(?:https?://|www\.)[^\s<>*`]++"
    r"|(?P<run>\*++|_++|~++)"
)
_RUN_START = regex.compile(
    r"\n[^\S\n]*+(?:>[^\S\n]*+)*+(?=\n)"
    r"|(?:^|(?<=\n))[^\S\n]*+(?:>[^\S\n]*+)*+"
    r"(?:#{1,6}(?=\s)|(?:[-*+]|[0-9]{1,9}[.)])(?=[^\S\n]))"
    r"|(?:^|(?<=\n)(?<!(?:^|\n)[^\S\n]*>[^\n]*\n))[^\S\n]*+>"
)
_ENDED = regex.compile(
    r"[^\S\n]*+\n(?:[^\S\n]*+\n|[^\S\n]*+(?:[-*+>#|]|[0-9]{1,9}[.)]\s|`{3}|~{3}))"
)
"""What ends a stretch right at a cut: a blank line, or the beginning of another block."""

_TRAILING = regex.compile(r"(?<![*_~`\\])[*_~`]++\Z")


@dataclass(slots=True)
class _Open:
    char: str
    count: int
    at: int
    length: int
    """Of the whole run."""


# Whoever looks at the end of a text asks this several times, each time about the same text.
@lru_cache(maxsize=4)
def run_start(text: str, start: int = 0) -> int:
    """Where the last stretch begins within which a mark and its counterpart can stand."""
    found, window = None, _WINDOW
    while found is None:
        begin = max(start, text.rfind("\n", 0, max(0, len(text) - window)))
        for each in _RUN_START.finditer(text, begin):
            found = each.end()
        if begin == start:
            break
        window *= 4
    found = start if found is None else found
    line = text.rfind("\n", found) + 1
    if text[max(line, found) :].lstrip().startswith("|"):
        found = max(found, text.rfind("|") + 1)
    return found


def run_end(text: str) -> int:
    """Where the first such stretch ends; `len(text)` when it may go on."""
    found = _RUN_START.search(text, 1)
    return found.start() if found else len(text)


def open_marks(text: str, start: int = 0) -> list[tuple[int, str]]:
    """The marks that are open at the end, the outermost first, each with where it stands.

    Of more than `MOST_OPEN` none counts as one, nor does any where all is marks.

    Args:
        text: Markdown outside fences.
        start: Where to begin to look.
    """
    begin = run_start(text, start)
    if is_dense(text[begin:]):
        return []
    found: list[_Open] = []
    for piece in _PIECE.finditer(text, begin):
        if piece["code"] is not None:
            if piece.end() < len(text):
                found.append(_Open("`", len(piece["code"]), piece.start(), 1))
                break
        elif (run := piece["run"]) is not None:
            _take(found, text, begin, piece.start(), run)
            del found[:-_MOST_REMEMBERED]
    opened = [(each.at, each.char * min(each.count, 3)) for each in found if _real(each, text)]
    return opened if len(opened) <= MOST_OPEN else []


def _take(found: list[_Open], text: str, begin: int, at: int, run: str) -> None:
    """Let a run of marks close what it can, and open what is left of it."""
    before = text[at - 1] if at > begin else " "
    after = text[at + len(run)] if at + len(run) < len(text) else " "
    left = not after.isspace() and (_is_word(after) or not _is_word(before))
    right = not before.isspace() and (_is_word(before) or not _is_word(after))
    if run[0] != "_" and (is_cjk(before) or is_cjk(after)):
        left, right = not after.isspace(), not before.isspace()
    closes, opens, count = right, left, len(run)
    if run[0] == "_":
        closes = right and (not left or _is_mark(after))
        opens = left and (not right or _is_mark(before))
    if run[0] == "~" and count != 2:
        return
    if closes:
        count = _close(found, run[0], count)
    if opens and count:
        found.append(_Open(run[0], count, at + len(run) - count, count))


def _close(found: list[_Open], char: str, count: int) -> int:
    """What is left of a closing run."""
    while count:
        place = next((n for n in reversed(range(len(found))) if found[n].char == char), None)
        if place is None:
            return count
        used = min(found[place].count, count)
        found[place].count -= used
        count -= used
        del found[place + (1 if found[place].count else 0) :]
    return 0


def _real(mark: _Open, text: str) -> bool:
    """Probably meant: one star between letters is not, nor is a long row of them."""
    if mark.char == "`":
        return True
    before = text[mark.at - 1] if mark.at else " "
    alone = not _is_word(before) or (mark.char == "*" and is_cjk(before))
    return mark.length <= 3 and (mark.length > 1 or alone)


def _is_word(char: str) -> bool:
    return char.isalnum() or (not char.isspace() and not _is_mark(char))


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] in "PS"


def held_at(text: str, start: int = 0) -> int:
    """Where the end of a growing text that is not to be shown yet begins, `len(text)` for none.

    That is an open mark with what follows it, or a mark at the very end that may become longer.
    """
    opened = open_marks(text, start)
    first = opened[0][0] if opened else len(text)
    if len(text) - first > LONGEST_HELD:
        first = len(text)
    trailing = _TRAILING.search(text, max(start, run_start(text, start)))
    if trailing is not None and not _closed(text, trailing.start(), start):
        first = min(first, trailing.start())
    return first


def _closed(text: str, at: int, start: int) -> bool:
    """The marks at the end close what was open before them, and nothing is open now."""
    if "`" in text[at:]:
        ends = [
            each.end() for each in _PIECE.finditer(text, run_start(text, start)) if each["ticks"]
        ]
        return ends[-1:] == [len(text)]
    return bool(open_marks(text[:at], start)) and not open_marks(text, start)


def spanning(before: str, after: str, start: int = 0) -> tuple[str, ...]:
    """The marks that are open at a cut and are closed behind it, or may still be.

    Args:
        before: Up to the cut, without white space at the end.
        after: Behind it, as far as it is known.
        start: Where in `before` to begin to look.
    """
    opened = open_marks(before, start)
    if not opened:
        return ()
    if _ENDED.match(after):
        return ()
    end = run_end(after)
    if end == len(after):
        return tuple(mark for _, mark in opened)
    still = {at for at, _ in open_marks(before + after[:end], start)}
    return tuple(mark for at, mark in opened if at not in still)
