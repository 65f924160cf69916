"""Text and JSON read piece by piece, so that a file may be larger than the memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.errors import ImportRefused

LONGEST_ELEMENT = 32 * 2**20
"""Characters of one element of an array: the longest conversations have a few million."""

LONGEST_LINE = 2**20
"""Characters of one line; a memory with all its parts has a few thousand."""

_BLANK = " \t\r\n"
_EDGE = 16
"""An error so near to the end of what has been read may only mean that more has to be read."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of an array in a file.

    Attributes:
        number: Its place among all elements, from 1.
        line: The line that it begins on, from 1.
        key: Under which key of the outermost object its array is; empty if there is none.
        value: What `json` makes of it.
    """

    number: int
    line: int
    key: str
    value: Any


def decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    """The text of UTF-8, a byte order mark left out. Raises ImportRefused with the line."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line = 1
    try:
        for chunk in chunks:
            if text := decoder.decode(chunk):
                line += text.count("\n")
                yield text
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise ImportRefused("this is not UTF-8 text", line=line) from None


def lines(texts: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines, from 1. Raises ImportRefused for one that is too long."""
    number, rest = 1, ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            _check_line(line, number)
            yield number, line
            number += 1
        _check_line(rest, number)
    if rest:
        yield number, rest


def elements(texts: Iterable[str]) -> Iterator[Element]:
    """The elements of an array, or of all arrays that an object holds, one at a time.

    Other values of the object are passed over. Raises ImportRefused with the line.
    """
    text = _Text(texts)
    number = 0
    match text.peek():
        case "[":
            for line, value in text.array():
                number += 1
                yield Element(number, line, "", value)
        case "{":
            for key in text.keys():
                if text.peek() != "[":
                    text.value()
                    continue
                for line, value in text.array():
                    number += 1
                    yield Element(number, line, key, value)
        case _:
            raise text.refused("this is neither an array nor an object")
    if text.peek():
        raise text.refused("something follows the end")


class _Text:
    """A place in a text that is read as far as needed."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(texts)
        self._text = ""
        self._at = 0
        self._line = 1
        self._decoder = json.JSONDecoder()

    def refused(self, why: str) -> ImportRefused:
        """What is wrong here."""
        return ImportRefused(why, line=self._line)

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            start = self._at
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            self._line += self._text.count("\n", start, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def array(self) -> Iterator[tuple[int, Any]]:
        """The values of the array that begins here, each with its line."""
        self._pass("[")
        if self.peek() == "]":
            self._pass("]")
            return
        while True:
            self.peek()
            line = self._line
            yield line, self.value()
            if self._pass(",]") == "]":
                return

    def keys(self) -> Iterator[str]:
        """The keys of the object that begins here; the value is to be read after each."""
        self._pass("{")
        if self.peek() == "}":
            self._pass("}")
            return
        while True:
            if self.peek() != '"':
                raise self.refused("not valid JSON: a key is missing")
            key = self.value()
            self._pass(":")
            yield str(key)
            if self._pass(",}") == "}":
                return

    def value(self) -> Any:
        """The value that begins here."""
        if not self.peek():
            raise self.refused("the file ends in the middle")
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                torn = error.msg.startswith("Unterminated string")
                if (torn or error.pos > len(self._text) - _EDGE) and self._grow():
                    continue
                # Where the fault is counts, not where the value began.
                self._line += self._text.count("\n", self._at, error.pos)
                if torn or error.pos >= len(self._text):
                    raise self.refused("the file ends in the middle") from None
                raise self.refused(f"not valid JSON: {error.msg}") from None
            except RecursionError:
                raise self.refused("not valid JSON: nested too deeply") from None
            except ValueError:
                raise self.refused("not valid JSON: a number is too long") from None
            if end > len(self._text) - _EDGE and self._grow():
                # It may be the beginning of a longer number.
                continue
            self._line += self._text.count("\n", self._at, end)
            self._at = end
            return value

    def _pass(self, expected: str) -> str:
        found = self.peek()
        if not found:
            raise self.refused("the file ends in the middle")
        if found not in expected:
            raise self.refused(f"not valid JSON: {' or '.join(expected)} is missing")
        self._at += 1
        return found

    def _grow(self) -> bool:
        """Read as much again as there is, so that long values are not tried too often."""
        if len(self._text) - self._at > LONGEST_ELEMENT:
            raise self.refused("one element is too large")
        wanted, pieces = len(self._text) - self._at, list[str]()
        while wanted >= 0 and (text := next(self._texts, None)) is not None:
            pieces.append(text)
            wanted -= len(text)
        if pieces:
            self._text = "".join((self._text[self._at :], *pieces))
            self._at = 0
        return bool(pieces)

    def _more(self) -> bool:
        text = next(self._texts, None)
        self._text = self._text[self._at :] + (text or "")
        self._at = 0
        return text is not None


def _check_line(line: str, number: int) -> None:
    if len(line) > LONGEST_LINE:
        raise ImportRefused("the line is too long", line=number)
