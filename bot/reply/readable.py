"""When the first piece of an answer is worth a notification on somebody's phone."""

from __future__ import annotations

import regex

from bot.reply.boundaries import half_open_at
from bot.reply.fences import Kind, open_fence, scan

FEWEST_WORDS = 4
"""Whole words that make a beginning."""

FEWEST_LETTERS = 10
"""Letters that make one in a script without spaces."""

LONG_ENOUGH = 60
"""Characters after which anything is shown."""

_WHOLE_WORD = regex.compile(r"\w[^\s]*+(?=\s)")
_SENTENCE_END = regex.compile(r"\w{2}[\"'”’)\]*_`]*+[.!?…][\"'”’)*_]*+\s|\w[。！？]")
_FINISHED_LINE = regex.compile(r"\w[^\n]*+\n")
_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


def readable_prefix(text: str) -> bool:
    """Whether the beginning `text` of a growing answer makes sense on its own.

    It does with a few whole words, a sentence, a finished line, or a finished line of code; not
    with half a word, half a link, or a fence that holds nothing.
    """
    regions = scan(text)
    end = len(text) if open_fence(regions) else half_open_at(text)
    shown = [
        (region.kind, text[region.start : min(region.end, end)])
        for region in regions
        if region.kind in (Kind.PROSE, Kind.CODE)
    ]
    prose = " ".join(piece for kind, piece in shown if kind is Kind.PROSE)
    return (
        any(_FINISHED_LINE.search(piece) for _, piece in shown)
        or len(prose.strip()) >= LONG_ENOUGH
        or len(_WHOLE_WORD.findall(prose)) >= FEWEST_WORDS
        or len(_WIDE.findall(prose)) >= FEWEST_LETTERS
        or _SENTENCE_END.search(prose) is not None
    )
