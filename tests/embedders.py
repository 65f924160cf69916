"""Embedders for tests: one that goes by words, exact and quick, and one that fails."""

from __future__ import annotations

import array
import hashlib
import math
import re
from collections.abc import Sequence

from bot.budgets import Payer
from bot.errors import ModelBusy


class HashEmbedder:
    """Each word adds to one of the numbers, which its hash names: like words, like vectors.

    Args:
        dimensions: Numbers of a vector.
        same: Words that mean the same as another, so that a test can tell meaning from spelling.

    Attributes:
        asked: Every list of texts that was embedded.
    """

    def __init__(self, dimensions: int = 64, same: dict[str, str] | None = None) -> None:
        self.name = f"hash@{dimensions}"
        self.dimensions = dimensions
        self.asked: list[tuple[str, ...]] = []
        self._same = same or {}

    async def embed(
        self, texts: Sequence[str], *, query: bool = False, payer: Payer | None = None
    ) -> Sequence[bytes]:
        """See `bot.recall.embedding.Embedder`."""
        self.asked.append(tuple(texts))
        return [self._vector(text) for text in texts]

    async def close(self) -> None:
        """Nothing is held."""

    def _vector(self, text: str) -> bytes:
        numbers = [0.0] * self.dimensions
        for word in re.findall(r"\w+", text.casefold()):
            meant = self._same.get(word, word)
            digest = hashlib.blake2b(meant.encode("utf-8", "replace"), digest_size=8).digest()
            numbers[int.from_bytes(digest[:4], "little") % self.dimensions] += 1.0
        length = math.hypot(*numbers) or 1.0
        return array.array("f", (number / length for number in numbers)).tobytes()


class FailingEmbedder(HashEmbedder):
    """Fails as a service does that is away, as long as `away` is true."""

    def __init__(self, dimensions: int = 64) -> None:
        super().__init__(dimensions)
        self.away = True

    async def embed(
        self, texts: Sequence[str], *, query: bool = False, payer: Payer | None = None
    ) -> Sequence[bytes]:
        """See `bot.recall.embedding.Embedder`."""
        if self.away:
            self.asked.append(tuple(texts))
            raise ModelBusy("the service is away")
        return await super().embed(texts, query=query, payer=payer)
