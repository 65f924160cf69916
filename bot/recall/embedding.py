"""What turns texts into vectors, for a search by meaning beside the one by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.budgets import Payer


class Embedder(Protocol):
    """A model of embeddings. Nobody's text reaches one unless the operator has set one up."""

    @property
    def name(self) -> str:
        """Names the model and whatever else changes its numbers, at most 100 characters.

        Vectors are kept under it; those of different names are never compared.
        """
        ...

    @property
    def dimensions(self) -> int:
        """Numbers of one vector; 0 until the first answer where only the service knows."""
        ...

    async def embed(
        self, texts: Sequence[str], *, query: bool = False, payer: Payer | None = None
    ) -> Sequence[bytes]:
        """A vector for each text, in their order.

        A vector is `dimensions` float32 numbers, little-endian, scaled to length 1 (all zero for
        a text that says nothing). `query` tells models that treat questions apart from what is
        searched. Any number of texts of any length may be given; too long ones are cut. `payer` is
        told to whoever counts what a service takes.

        Raises:
            ModelError: It did not answer, within a time-out of its own.
        """
        ...

    async def close(self) -> None:
        """Release connections and threads."""
        ...


class Near(Protocol):
    """Vectors of an index; see `bot.recall.vectors.Vectors`."""

    @property
    def bytes(self) -> int: ...
    def __contains__(self, number: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def put(self, number: int, vector: bytes) -> bool: ...
    def fits(self, vector: bytes) -> bool: ...
    def clear(self) -> None: ...
    def drop(self, number: int) -> None: ...
    def nearest(self, question: bytes, most: int) -> dict[int, float]: ...
    def cosines(self, question: bytes, numbers: list[int]) -> dict[int, float]: ...
