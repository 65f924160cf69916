"""Fixtures of the model's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.model.chat import ChatModel
from tests.simulators.openai_sim import OpenAISimulator
from tests.units.model.asking import settings_for


@pytest.fixture
async def sim() -> AsyncIterator[OpenAISimulator]:
    async with OpenAISimulator() as simulator:
        yield simulator


@pytest.fixture
async def model(sim: OpenAISimulator) -> AsyncIterator[ChatModel]:
    model = ChatModel(settings_for(sim))
    yield model
    await model.close()
