"""What `bobbin doctor` says about searching by meaning: tried for real, with one short text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bot.errors import ModelError
from bot.recall.embedding import Embedder
from bot.spec import Finding

SUBJECT = "embeddings"
TEST_TEXT = "Connection test."


async def check_embedder(open_one: Callable[[], Embedder | None], seconds: float = 60.0) -> Finding:
    """Open an embedder and use it once; never raises a `BobbinError`.

    Args:
        open_one: Makes it, in a thread; None where searches go by words alone.
        seconds: How long it may take.
    """
    try:
        embedder = await asyncio.to_thread(open_one)
        if embedder is None:
            return Finding(SUBJECT, True, "off: memories are searched by words alone")
        begun = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                await embedder.embed([TEST_TEXT], query=True)
        finally:
            await embedder.close()
    except ModelError as error:
        return Finding(SUBJECT, False, str(error), error.hint)
    except TimeoutError:
        return Finding(SUBJECT, False, "did not answer in time", "Check the server's address.")
    took = time.monotonic() - begun
    return Finding(
        SUBJECT, True, f"{embedder.name}: {embedder.dimensions} numbers, {took * 1000:.0f} ms"
    )
