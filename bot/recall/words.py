"""What is looked for in a text: its words, in a form in which they find each other.

Case, accents and endings don't count. What people write with punctuation is found however it is
written: "node.js" by "nodejs" and "node js", "v1.2.3" by "1.2", while "C++" is not "C". Scripts
that put no spaces between words are taken in pairs of characters.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Protocol, cast

import regex

from bot.plugins import resolve
from bot.recall.stopwords import STOPWORDS

LONGEST_TERM = 64
"""Characters; what is longer is no word that anybody types again."""

LONGEST_WHOLE = 100
"""Characters of an address or a path that is found as a whole, too."""

KEPT = 50_000
"""Words whose terms are kept, since most are met again."""

LONGEST_KEPT = 24
SHORTEST_STEMMED = 3

_PIECE = r"[\p{L}\p{N}\p{M}]+(?:\+\+|\#(?![\p{L}\p{N}]))?"
_LINK = r"(?:://|::|[._\-'&+/:@\\])"
_START = r"(?:(?<![\p{L}\p{N}.#])[.#])?"
_CHUNKS = regex.compile(rf"{_START}{_PIECE}(?:{_LINK}{_PIECE})*|\p{{Emoji_Presentation}}")
_PIECES = regex.compile(_PIECE)
_SEGMENTS = regex.compile(r"[/:@\\]+")
_THOUSANDS = regex.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBERS = regex.compile(r"v?(\d+(?:[.\-]\d+)+)")
_NAMED_NUMBER = regex.compile(r"(\p{L}{2,})-?v?(\d+(?:\.\d+)*)")
_MARKS = regex.compile(r"[\u0300-\u036f\u064b-\u0652\u0591-\u05c7]+")
_UNSEEN = regex.compile(r"[\u00ad\u200b-\u200d\u2060\ufeff]")
"""They part words where a line may end, or join signs, and nobody types them."""

_FOREIGN_DIGITS = regex.compile(r"(?![0-9])\p{Nd}")
_DENSE = regex.compile(
    r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]+)"
)
_HUMP = regex.compile(r"(?<=[a-z])(?=[A-Z])")
_SAME = str.maketrans({"’": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-", "−": "-"})
_ENDINGS = frozenset(("s", "re", "ve", "ll", "d", "m"))
"""What English hangs on a word with an apostrophe."""


_STEMMER = "snowballstemmer:stemmer"


def load_stemmers() -> None:
    """Import what the first text would import, in some 15 ms; for a thread, at the start."""
    resolve(_STEMMER)


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


class Words:
    """Takes texts apart. Never fails, whatever a text holds, in time linear to its length.

    Gives the same terms for the same text always. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, ...]] = {}
        self._stemmers: dict[str, _Stemmer] = {}
        self._lock = threading.Lock()

    def terms(self, text: str) -> list[str]:
        """What a text is found by, as often as it is there."""
        found: list[str] = []
        kept = self._kept
        for chunk in _CHUNKS.findall(_plain(text)):
            terms = kept.get(chunk)
            if terms is None:
                terms = tuple(self._in_chunk(chunk, asked=False))
                if len(chunk) <= LONGEST_KEPT:
                    if len(kept) >= KEPT:
                        kept.clear()
                    kept[chunk] = terms
            found += terms
        return found

    def asked(self, question: str) -> tuple[str, ...]:
        """What a question looks for, each once, in its order.

        One that has nothing but words that say nothing looks for those.
        """
        chunks = _CHUNKS.findall(_plain(question))
        found = dict.fromkeys(
            term for chunk in chunks for term in self._in_chunk(chunk, asked=True)
        )
        return tuple(found or dict.fromkeys(map(str.casefold, _PIECES.findall(question))))

    def _in_chunk(self, chunk: str, asked: bool) -> Iterator[str]:
        if chunk.isalpha():
            yield from self._word(chunk, asked)
            return
        if chunk.isdecimal():
            yield chunk[:LONGEST_TERM]
            return
        start = chunk[0] if chunk[0] in ".#" else ""
        body = chunk.removeprefix(start).casefold() if start else chunk.casefold()
        if start and (start == "." or body.isdecimal()):
            yield start + body
        segments = [part for part in _SEGMENTS.split(chunk.removeprefix(start)) if part]
        if len(segments) > 1 and len(body) <= LONGEST_WHOLE:
            yield body
        for segment in segments:
            yield from self._in_segment(segment, asked)

    def _in_segment(self, segment: str, asked: bool) -> Iterator[str]:
        folded = segment.casefold()
        if numbers := _NUMBERS.fullmatch(folded):
            if folded[0] == "v" and not asked:
                major = numbers[1].partition(".")[0]
                yield from (f"v{major}", major)
            yield from _beginnings(numbers[1])
            return
        if named := _NAMED_NUMBER.fullmatch(folded):
            if "." not in named[2]:
                yield named[1] + named[2]
            yield from self._word(named[1], asked)
            yield from _beginnings(named[2])
            return
        if folded[0] == "v" and folded[1:].isdecimal():
            yield from (folded, folded[1:])
            return
        pieces = _PIECES.findall(_uncontracted(segment) if "'" in segment else segment)
        if not pieces:
            yield folded[:LONGEST_TERM]
        if len(pieces) > 1:
            joined = "".join(pieces).casefold()
            if len(joined) <= LONGEST_TERM:
                yield from () if joined in STOPWORDS else (self._stem(joined),)
                if max(map(len, pieces)) == 1:
                    return
        for piece in pieces:
            yield from self._piece(piece, asked)

    def _piece(self, piece: str, asked: bool) -> Iterator[str]:
        bare = piece.rstrip("+#")
        if bare != piece:
            yield piece.casefold()
            if len(bare) == 1:
                return
        yield from self._word(bare, asked)

    def _word(self, word: str, asked: bool) -> Iterator[str]:
        """Of one word, which has no punctuation, or of several without spaces between them."""
        if not word.isascii():
            runs = _DENSE.split(word)
            if len(runs) > 1:
                for number, run in enumerate(runs):
                    if run:
                        yield from _pairs(run, asked) if number % 2 else self._word(run, asked)
                return
        humps = _HUMP.split(word) if word[:1].islower() and not word.islower() else ()
        if len(humps) > 1:
            yield self._stem(word.casefold()[:LONGEST_TERM])
            for hump in humps:
                yield from self._word(hump, asked)
            return
        folded = word.casefold()
        # What is written in capitals is a name: "IT", "US", "WHO".
        if folded in STOPWORDS and not (len(word) > 1 and word.isupper()):
            return
        yield self._stem(folded[:LONGEST_TERM])

    def _stem(self, word: str) -> str:
        language = _language(word)
        if not language or len(word) < SHORTEST_STEMMED:
            return word
        with self._lock:
            stemmer = self._stemmers.get(language)
            if stemmer is None:
                made = resolve(_STEMMER)(language)
                stemmer = self._stemmers[language] = cast(_Stemmer, made)
            return stemmer.stemWord(word) or word


def _plain(text: str) -> str:
    """Without accents and other differences that people don't type."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFC", _MARKS.sub("", text)).translate(_SAME)
        text = _UNSEEN.sub("", text)
        text = _FOREIGN_DIGITS.sub(_digit, text)
    return _THOUSANDS.sub("", text) if "," in text else text


def _digit(found: regex.Match[str]) -> str:
    """A digit as everybody types it; one that is younger than Python's tables as it is."""
    return str(unicodedata.decimal(found[0], found[0]))


def _language(word: str) -> str:
    """Whose endings a word may have; empty when they are left as they are."""
    if not word.isalpha():
        return ""
    first = ord(word[0])
    for last, language in _ALPHABETS:
        if first <= last:
            return language
    return ""


_ALPHABETS = (
    (0x24F, "english"),
    (0x36F, ""),
    (0x3FF, "greek"),
    (0x52F, "russian"),
    (0x5FF, ""),
    (0x6FF, "arabic"),
)
"""Ends of blocks in Unicode, and the language that most of what is written in them has."""


def _beginnings(numbers: str) -> Iterable[str]:
    """A version or a date, and what it begins with: "1.2.3" and "1.2", "2024-05-01" and "2024"."""
    yield numbers
    links = [place for place, sign in enumerate(numbers) if sign in ".-"]
    least = 0 if links and numbers[links[0]] == "-" else 1
    for place in links[least:4]:
        yield numbers[:place]


def _pairs(run: str, asked: bool) -> Iterable[str]:
    """Neighbouring characters, and each by itself where that may be asked for."""
    if len(run) == 1 or not asked:
        yield from run
    for place in range(len(run) - 1):
        yield run[place : place + 2]


def _uncontracted(segment: str) -> str:
    """Without "'s", "'ll" and their like; "don't" in one."""
    words, _, last = segment.rpartition("'")
    ending = last.casefold()
    if ending == "t" and words[-1:] in ("n", "N"):
        return words + last
    return words if words and ending in _ENDINGS else segment
