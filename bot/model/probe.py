"""Whether a model's endpoint answers, found out as cheaply as it allows."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from bot.errors import ModelMisconfigured, ModelRefused
from bot.model.check import TEST_PROMPT
from bot.model.endpoint import Endpoint, open_endpoint
from bot.model.settings import ModelSettings


async def probe(settings: ModelSettings, seconds: float, thorough: bool) -> None:
    """Have the endpoint list its models, which costs nothing; one that keeps no list is asked.

    Args:
        settings: The endpoint.
        seconds: How long it may take.
        thorough: Ask it in any case: a list says nothing of credit, nor of the model's name.

    Raises:
        ModelError: It is not known to be good, and why.
        TimeoutError: It did not answer in time.
    """
    model = open_endpoint(settings)
    try:
        async with asyncio.timeout(seconds):
            if thorough:
                await _ask(model)
                return
            try:
                await model.offered()
            except ModelRefused:
                await _ask(model)
            except ModelMisconfigured as error:
                # No list there: either no model either, or a server that has nothing else.
                if "OPENAI_BASE_URL" not in error.hint:
                    raise
                await _ask(model)
    finally:
        await model.close()


async def _ask(model: Endpoint) -> None:
    async with aclosing(model.stream(TEST_PROMPT)) as events:
        async for _ in events:
            return
