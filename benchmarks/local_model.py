"""The embedder that the figures are made with: the one that needs no network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import numpy as np

from benchmarks.library import KeptEmbedder
from bot.recall.minilm import MiniLM
from bot.recall.weights import INSTALL_WEIGHTS, MODEL, find_weights

MISSING = f"By words alone: `{INSTALL_WEIGHTS}` for the other rows."


@asynccontextmanager
async def open_local() -> AsyncIterator[KeptEmbedder | None]:
    """The model; None where its weights are not installed."""
    weights = find_weights()
    if weights is None:
        yield None
        return
    embedder = KeptEmbedder(MiniLM(weights, MODEL))
    try:
        yield embedder
    finally:
        await embedder.close()


async def by_meaning(
    embedder: KeptEmbedder,
    question: str,
    texts: Mapping[str, str],
    among: Collection[str],
    most: int,
) -> list[str]:
    """The names of the texts whose vectors are nearest to the question's, nearest first."""
    names = sorted(among)
    vectors = await embedder.embed([texts[name] for name in names])
    (asked,) = await embedder.embed([question], query=True)
    rows = np.frombuffer(b"".join(vectors), "<f4").reshape(len(names), -1)
    order = np.argsort(-(rows @ np.frombuffer(asked, "<f4")), kind="stable")
    return [names[place] for place in cast("Sequence[int]", order[:most].tolist())]
