"""The token vocabularies that ship with the bot, and the compact form they are kept in.

tiktoken fetches its rank files from the network on first use and keeps them in a cache folder.
Bobbin does neither: `ranks/` holds them as merge pairs. Every token of more than one byte is the
concatenation of two tokens of lower rank, so a file is the 256 single bytes in rank order and
then, for every later rank, the ranks of its two halves. Unpacking is exact; the tests compare the
SHA-256 of the rebuilt rank file with the published one.
"""

from __future__ import annotations

import lzma
from binascii import b2a_base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from typing import Literal

_BYTES = 256
_PLANES = 6
_FILTERS = [
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "dict_size": 1 << 24,
        "lc": 0,
        "lp": 0,
        "pb": 0,
    }
]

VocabularyName = Literal["o200k_base", "cl100k_base"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an encoding needs besides its ranks.

    Attributes:
        name: As tiktoken calls it; also the name of the file in `ranks/`.
        pattern: Splits text into the pieces within which bytes are merged.
        special: Control tokens and their ids.
        sha256: Of the published rank file, in hexadecimal.
    """

    name: VocabularyName
    pattern: str
    special: tuple[tuple[str, int], ...]
    sha256: str


# Patterns and special tokens are constants of the encodings, as tiktoken publishes them; any
# difference changes counts.
_WORD_END = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"

VOCABULARIES: dict[VocabularyName, Vocabulary] = {
    "o200k_base": Vocabulary(
        name="o200k_base",
        pattern="|".join(
            (
                rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_WORD_END}",
                rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_WORD_END}",
                r"\p{N}{1,3}",
                r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
                r"\s*[\r\n]+",
                r"\s+(?!\S)",
                r"\s+",
            )
        ),
        special=(("<|endoftext|>", 199999), ("<|endofprompt|>", 200018)),
        sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": Vocabulary(
        name="cl100k_base",
        pattern="|".join(
            (
                r"'(?i:[sdmt]|ll|ve|re)",
                r"[^\r\n\p{L}\p{N}]?+\p{L}++",
                r"\p{N}{1,3}+",
                r" ?[^\s\p{L}\p{N}]++[\r\n]*+",
                r"\s++$",
                r"\s*[\r\n]",
                r"\s+(?!\S)",
                r"\s",
            )
        ),
        special=(
            ("<|endoftext|>", 100257),
            ("<|fim_prefix|>", 100258),
            ("<|fim_middle|>", 100259),
            ("<|fim_suffix|>", 100260),
            ("<|endofprompt|>", 100276),
        ),
        sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}


def pack(tokens: Sequence[bytes]) -> bytes:
    """Write a vocabulary in the compact form; `tokens` are in rank order.

    Of all ways to split a token the one with the lowest right half is kept, because such pairs
    repeat most. The ranks are stored as six byte planes (high, middle and low byte of all left
    halves, then of all right halves) for the same reason.

    Raises:
        ValueError: The first 256 tokens are not the single bytes, or a token has no two halves.
    """
    rank = {token: place for place, token in enumerate(tokens)}
    if sorted(tokens[:_BYTES]) != [bytes((value,)) for value in range(_BYTES)]:
        raise ValueError("the first 256 tokens must be the single bytes")
    lefts: list[int] = []
    rights: list[int] = []
    for place, token in enumerate(tokens[_BYTES:], start=_BYTES):
        halves = [
            (rank[token[cut:]], rank[token[:cut]])
            for cut in range(1, len(token))
            if rank.get(token[:cut], place) < place and rank.get(token[cut:], place) < place
        ]
        if not halves:
            raise ValueError(f"token {place} is not made of two earlier ones")
        right, left = min(halves)
        lefts.append(left)
        rights.append(right)
    planes = (
        bytes(value >> shift & 0xFF for value in column)
        for column in (lefts, rights)
        for shift in (16, 8, 0)
    )
    return lzma.compress(b"".join((*tokens[:_BYTES], *planes)), filters=_FILTERS)


def unpack(packed: bytes) -> list[bytes]:
    """The tokens in rank order, from what `pack` wrote.

    Raises:
        ValueError: The data is damaged.
    """
    try:
        data = lzma.decompress(packed)
    except lzma.LZMAError as error:
        raise ValueError("the rank file is damaged") from error
    count, rest = divmod(len(data) - _BYTES, _PLANES)
    if count < 0 or rest:
        raise ValueError("the rank file has a wrong length")
    planes = [data[_BYTES + count * n : _BYTES + count * (n + 1)] for n in range(_PLANES)]
    tokens = [data[place : place + 1] for place in range(_BYTES)]
    try:
        for left, right in zip(_ranks(*planes[:3]), _ranks(*planes[3:]), strict=True):
            tokens.append(tokens[left] + tokens[right])
    except IndexError as error:
        raise ValueError("the rank file refers to a token that it has not told yet") from error
    return tokens


def _ranks(high: bytes, middle: bytes, low: bytes) -> Iterator[int]:
    """Numbers of three bytes each."""
    for top, mid, bottom in zip(high, middle, low, strict=True):
        yield top << 16 | mid << 8 | bottom


def read_vocabulary(name: VocabularyName) -> list[bytes]:
    """The shipped tokens of an encoding in rank order.

    Takes about a tenth of a second; call it in a thread.

    Raises:
        OSError: The file is missing or cannot be read.
        ValueError: The file is damaged.
    """
    return unpack(files("bot.context").joinpath("ranks", f"{name}.xz").read_bytes())


def rank_file(tokens: Sequence[bytes]) -> bytes:
    """The vocabulary as tiktoken publishes it: a line of Base64, a space and the rank per token."""
    lines = (
        (b2a_base64(token, newline=False), b" %d\n" % place) for place, token in enumerate(tokens)
    )
    return b"".join(chain.from_iterable(lines))
