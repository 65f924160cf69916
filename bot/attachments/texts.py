"""Text in files: which characters it is in, and how much of it fits. Blocking, pure."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from bot.attachments.faults import DECODER_FAULTS
from bot.errors import Unreadable
from bot.plugins import resolve

MOST_BYTES = 1 << 20
"""Of one text that are decoded; far more than any prompt holds, and decoded without a hitch."""

BINARY = "it is no text, and nothing else that I can read"

DETECTOR = "charset_normalizer:from_bytes"
"""Takes 3 MiB, which only those pay who get a text that is not UTF-8."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 16_384
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1b")
_MOST_CONTROLS = 0.01
_CHARACTERS_PER_TOKEN = 16
_LEAST_TOKENS = 16


class _Encoding(Protocol):
    @property
    def encoding(self) -> str: ...


class _Encodings(Protocol):
    def best(self) -> _Encoding | None: ...


def decoded(data: bytes) -> str:
    """A file's text, whatever encoding it is in, with line ends as they are here.

    Of a long one the first `MOST_BYTES`.

    Raises:
        Unreadable: It is binary.
    """
    data = data[:MOST_BYTES]
    text = _by_mark(data)
    if text is None:
        sample = data[:_SAMPLE]
        if sum(byte in _CONTROLS for byte in sample) > len(sample) * _MOST_CONTROLS:
            raise Unreadable(BINARY)
        text = _by_content(data)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def _by_mark(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    return None


def _by_content(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A file that was cut, or one stray byte in a long one, is still UTF-8.
        if error.start > max(_SAMPLE, len(data) - 4):
            return data.decode("utf-8", "replace")
    try:
        detect = cast("Callable[[bytes], _Encodings]", resolve(DETECTOR))
        best = detect(data[:_SAMPLE]).best()
    except DECODER_FAULTS as error:
        raise Unreadable(BINARY) from error
    if best is None:
        raise Unreadable(BINARY)
    return data.decode(best.encoding, "replace")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a text.

    Attributes:
        text: What is kept.
        cut: How much that is, such as "the first 12 of 4,000 lines"; empty if it is all of it.
    """

    text: str
    cut: str = ""


def excerpts(texts: Sequence[str], tokens: int, count: Callable[[str], int]) -> list[Excerpt]:
    """As much of each text as fits into `tokens` together; short ones leave the rest to long ones.

    Args:
        texts: Any number.
        tokens: For all of them.
        count: Tokens of a text; called with at most 16 characters for each token of the limit.
    """
    found: dict[int, Excerpt] = {}
    left = tokens
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    for done, place in enumerate(order):
        share = max(_LEAST_TOKENS, left // (len(order) - done))
        found[place] = beginning(texts[place], share, count)
        left = max(0, left - count(found[place].text))
    return [found[place] for place in range(len(texts))]


def beginning(text: str, limit: int, count: Callable[[str], int]) -> Excerpt:
    """What of `text` fits into `limit` tokens, cut at the end of a line where there is one."""
    text = text.strip("\n")
    if len(text) <= _CHARACTERS_PER_TOKEN * limit and count(text) <= limit:
        return Excerpt(text)
    keep = min(len(text), _CHARACTERS_PER_TOKEN * limit)
    while True:
        piece = _whole_lines(text[:keep])
        tokens = count(piece)
        if tokens <= limit or keep <= 1:
            return Excerpt(piece, _share(piece, text))
        keep = max(1, min(keep - 1, len(piece) * limit // tokens))


def _whole_lines(piece: str) -> str:
    end = piece.rfind("\n")
    return piece[:end] if end > len(piece) // 2 else piece


def _share(piece: str, text: str) -> str:
    shown, total = piece.count("\n") + 1, text.count("\n") + 1
    if shown > 1 and text[len(piece) : len(piece) + 1] == "\n":
        return f"the first {shown:,} of {total:,} lines"
    return f"the first {len(piece):,} of {len(text):,} characters"
