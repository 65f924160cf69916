"""What text costs in tokens, counted offline and whatever people send.

Counts are estimates: some models keep their tokenizer to themselves, and every service adds
framing of its own. `Calibration` learns the difference from the service's own figures.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import tiktoken

from bot.context.vocabulary import VOCABULARIES, VocabularyName, read_vocabulary
from bot.model.port import ToolSpec

logger = logging.getLogger(__name__)

MESSAGE_TOKENS = 4
"""Tokens a message costs beside its content: its role and its frame."""

REPLY_TOKENS = 3
"""Tokens a request costs once: the frame in which the answer is written."""

_SLICE = 50_000
"""Characters encoded at a time. A run of about a million spaces makes the encoder fail."""

_CL100K = re.compile(r"(ft:)?(gpt-4|gpt-3\.?5)(?![\w.])")


def encoding_for(model: str) -> VocabularyName:
    """The encoding to count with. A provider's prefix ("openai/…") is ignored.

    Everything since GPT-4o uses o200k_base; unknown models are counted with it too, since it is
    nearer to what today's models do than any older encoding.
    """
    name = model.rpartition("/")[2].lower()
    return "cl100k_base" if _CL100K.match(name) else "o200k_base"


def estimate(text: str) -> int:
    """A rough count without any vocabulary, erring on the high side for most text.

    A quarter token per ASCII character, one per other character (two outside the basic plane,
    where emoji live), and a tenth on top. A few milliseconds per million characters.
    """
    wide = text.encode("utf-16-le", "surrogatepass")
    ascii_only = len(text.encode("ascii", "ignore"))
    return (11 * (ascii_only + 4 * (len(wide) // 2 - ascii_only)) + 39) // 40


class Tokenizer:
    """Counts tokens. Safe to share between threads.

    `count` and `count_message` are quick for what people type: microseconds for a line, about
    0.1 ms for 4,000 characters. 100,000 characters can take 20 ms and more, so longer text is
    counted in a thread.
    """

    __slots__ = ("_encoding", "_name")

    def __init__(self, encoding: tiktoken.Encoding | None = None) -> None:
        """Count with `encoding`, or by `estimate` when there is none."""
        self._encoding = encoding
        self._name: str = encoding.name if encoding is not None else "estimate"

    @property
    def name(self) -> str:
        """The encoding's name, "estimate" without one."""
        return self._name

    def count(self, text: str) -> int:
        """Tokens of a text. Never raises, whatever the text holds.

        Text that looks like a control token is counted as plain text; lone surrogates count as
        the replacement character.
        """
        if self._encoding is None:
            return estimate(text)
        return sum(
            self._count_slice(self._encoding, text[start : start + _SLICE])
            for start in range(0, len(text), _SLICE)
        )

    @staticmethod
    def _count_slice(encoding: tiktoken.Encoding, text: str) -> int:
        # encode_ordinary is a little faster, but where encode raises ValueError it panics with an
        # exception that is no Exception.
        try:
            return len(encoding.encode(text, disallowed_special=()))
        except ValueError:
            return estimate(text)

    def count_message(self, role: Literal["system", "user", "assistant", "tool"], text: str) -> int:
        """Tokens of one message of a prompt, its frame included. As quick as `count`."""
        # Every role's name is a single token, which the frame's constant includes.
        del role
        return MESSAGE_TOKENS + self.count(text)


def tool_tokens(tools: Sequence[ToolSpec], tokenizer: Tokenizer) -> int:
    """Tokens that tools take of a prompt: about those of their JSON, and a tenth for its frame."""
    told = (
        json.dumps([tool.name, tool.description, tool.parameters], separators=(",", ":"))
        for tool in tools
    )
    return sum(-(-11 * tokenizer.count(each) // 10) for each in told)


def load_tokenizer(model: str) -> Tokenizer:
    """The tokenizer to estimate a model's tokens with, from the shipped vocabulary.

    The first call takes about 0.3 s and 75 MB of memory, of which 45 stay: make it at the start,
    in a thread (`asyncio.to_thread`). Nothing is fetched and no cache folder is read. A damaged
    installation gives a tokenizer that estimates, since no answer should fail for want of a count.
    """
    name = encoding_for(model)
    try:
        return Tokenizer(_encoding(name))
    except (OSError, ValueError) as error:
        logger.warning("tokens are estimated: %s cannot be loaded (%s)", name, error)
        return Tokenizer()


@cache
def _encoding(name: VocabularyName) -> tiktoken.Encoding:
    """The encoding, which is large and never changes: one is enough for a process."""
    vocabulary = VOCABULARIES[name]
    ranks = {token: rank for rank, token in enumerate(read_vocabulary(name))}
    encoding = tiktoken.Encoding(
        name,
        pat_str=vocabulary.pattern,
        mergeable_ranks=ranks,
        special_tokens=dict(vocabulary.special),
    )
    # What encodes has copied them; the dict is kept for pickling alone, and takes 25 MB.
    ranks.clear()
    return encoding


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many tokens the service counts for each one that we estimate, as a moving average.

    Keep one per model and hand on the value that `learn` returns.
    """

    ratio: float = 1.0
    samples: int = 0

    def learn(self, estimated: int, counted: int) -> Calibration:
        """Take in one request: our estimate and the service's count of its prompt tokens.

        The first sample counts in full, later ones by a fifth. A ratio outside 0.7 to 2 says more
        about a broken counter than about a tokenizer, so it is clamped; figures that are not
        positive are ignored.
        """
        if estimated <= 0 or counted <= 0:
            return self
        sample = min(2.0, max(0.7, counted / estimated))
        ratio = sample if self.samples == 0 else 0.8 * self.ratio + 0.2 * sample
        return Calibration(min(2.0, max(0.7, ratio)), self.samples + 1)

    def counted(self, estimated: int) -> int:
        """What the service will probably count for our estimate."""
        return round(estimated * self.ratio)

    def estimated(self, counted: int) -> int:
        """Our estimate for a figure in the service's tokens, such as a budget; rounded down."""
        return int(counted / self.ratio)
