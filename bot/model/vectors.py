"""A service that embeds texts: the gate in front of it, and what it takes at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from bot.budgets import Payer
from bot.errors import ContextTooLong, ModelBusy, ModelError
from bot.model.gate import Gate
from bot.model.port import Purpose, Usage
from bot.model.settings import ModelSettings
from bot.plugins import resolve

logger = logging.getLogger(__name__)

_ENDPOINT = "bot.model.embeddings:OpenAIEmbeddings"

TRIES = 3
"""Requests for one batch while the server asks for patience or fails in passing."""

QUESTION_SECONDS = 10.0
"""Most seconds that a question waits for its turn: a search by words alone is better than late."""

REQUEST_SECONDS = 30.0
"""The time-out of one request."""

LONGEST_TEXTS = (8_000, 2_000, 480)
"""Bytes of a text, for models that take less and less; a token has at least one."""

MOST_BYTES = 250_000
"""Of one request: OpenAI takes 300,000 tokens."""

MOST_TEXTS = 256
"""Of one request; OpenAI takes 2,048, but answers of some megabytes come late."""

MOST_TEXTS_ELSEWHERE = 32
"""The same for other servers, of which some take no more."""

FEWER_DIMENSIONS = 512
"""Of vectors by OpenAI's own models, which lose little by it and then take a third of the room."""


Spent = Callable[[str, Usage, Payer | None], None]


def unheard(model: str, usage: Usage, payer: Payer | None) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors as `GatedEmbedder.embed` gives them; the tokens counted, 0 if the server does not."""

    vectors: tuple[bytes, ...]
    tokens: int


class Endpoint(Protocol):
    """A service that embeds texts, each request made once."""

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed texts, none of them empty.

        Raises:
            ModelError: It did not; ContextTooLong when a text is too long.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class GatedEmbedder:
    """Implements `bot.recall.embedding.Embedder` over a service.

    Args:
        endpoint: Makes single requests; closed together with this one.
        gate: Holds back while the server asks for patience.
        settings: Of the endpoint.
        dimensions: See `dimensions`; 0 where only the service knows.
        spent: Told the model's name, what each request took, and who pays for it if anybody does.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        gate: Gate,
        settings: ModelSettings,
        dimensions: int = 0,
        spent: Spent = unheard,
    ) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._model = settings.name
        self._dimensions = dimensions
        self._name = (f"{settings.name}@{dimensions}" if dimensions else settings.name)[-100:]
        self._most = MOST_TEXTS if settings.is_openai else MOST_TEXTS_ELSEWHERE
        self._spent = spent
        self._cut = 0

    @property
    def name(self) -> str:
        """The model's name, with the number of dimensions where that is ours to choose."""
        return self._name

    @property
    def dimensions(self) -> int:
        """Numbers of one vector; 0 until the first answer where only the service knows."""
        return self._dimensions

    async def embed(
        self, texts: Sequence[str], *, query: bool = False, payer: Payer | None = None
    ) -> Sequence[bytes]:
        """See `Embedder`. Vectors have as many numbers as those of the first answer.

        Raises:
            ModelError: The service did not answer in time, or something else than before.
        """
        found: list[bytes | None] = [None] * len(texts)
        spoken = [number for number, text in enumerate(texts) if text.strip()]
        for batch in batches([texts[number] for number in spoken], self._longest, self._most):
            places = [spoken[place] for place in batch]
            for place, vector in zip(
                places,
                await self._batch([texts[place] for place in places], query, payer),
                strict=True,
            ):
                found[place] = vector
        nothing = bytes(4 * self._dimensions)
        return [nothing if vector is None else vector for vector in found]

    async def close(self) -> None:
        """Release connections."""
        await self._endpoint.close()

    @property
    def _longest(self) -> int:
        return LONGEST_TEXTS[self._cut]

    async def _batch(
        self, texts: Sequence[str], query: bool, payer: Payer | None
    ) -> tuple[bytes, ...]:
        """The vectors of some texts, which are cut shorter until the model takes them."""
        while True:
            cut = self._cut
            try:
                answer = await self._ask([shortened(text, self._longest) for text in texts], query)
            except ContextTooLong:
                if cut + 1 == len(LONGEST_TEXTS):
                    raise
                self._cut = max(self._cut, cut + 1)
                logger.info("%s takes no texts of %d bytes", self._model, LONGEST_TEXTS[cut])
                continue
            self._spent(self._model, Usage(prompt=answer.tokens, completion=0), payer)
            size = len(answer.vectors[0]) // 4
            if size != (self._dimensions or size):
                raise ModelError(
                    f"the vectors of {self._model} have {size} numbers, not {self._dimensions}",
                    hint="Another model answers than before; start again to use it.",
                )
            self._dimensions = size
            return answer.vectors

    async def _ask(self, texts: Sequence[str], query: bool) -> Embedded:
        purpose = Purpose.REPLY if query else Purpose.SUMMARY
        patience = QUESTION_SECONDS if query else None
        delay = 0.0
        for attempt in range(1, TRIES + 1):
            with self._gate.ticket(purpose, delay=delay, patience=patience) as ticket:
                if not ticket.granted:
                    await ticket.wait()
                try:
                    answer = await self._endpoint.embed(texts)
                except ModelError as error:
                    ticket.failed(error)
                    if not isinstance(error, ModelBusy) or attempt == TRIES:
                        raise
                    logger.info("embeddings are asked for again: %s", error)
                    shared = error.retry_after is not None or error.overloaded
                    delay = 0.0 if shared else self._gate.backoff(attempt)
                    continue
                ticket.taken()
                ticket.good()
                return answer
        raise ModelBusy("the tries ran out")


def open_embeddings(
    settings: ModelSettings,
    *,
    spent: Spent = unheard,
    gate: Gate | None = None,
) -> GatedEmbedder:
    """The service behind a gate of its own, whose SDK is imported now.

    Args:
        settings: The endpoint; `name` is the embedding model.
        spent: See `GatedEmbedder`.
        gate: What requests pass; None makes one.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    make = cast("Callable[[ModelSettings, int | None], Endpoint]", resolve(_ENDPOINT))
    chosen = settings.is_openai and settings.name.startswith("text-embedding-3-")
    dimensions = FEWER_DIMENSIONS if chosen else None
    return GatedEmbedder(
        make(settings, dimensions), gate or Gate(), settings, dimensions or 0, spent
    )


def batches(texts: Sequence[str], longest: int, most: int) -> Iterator[list[int]]:
    """Places of texts that go into one request together, in their order.

    Args:
        texts: What is to be embedded.
        longest: Bytes that are sent of each at most.
        most: Texts of one request.
    """
    batch: list[int] = []
    size = 0
    for place, text in enumerate(texts):
        weight = min(longest, len(text.encode("utf-8", "replace")))
        if batch and (len(batch) == most or size + weight > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += weight
    if batch:
        yield batch


def shortened(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, cut between two characters; halves of some replaced."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
