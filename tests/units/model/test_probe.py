"""Whether the model is good: asked as cheaply as the server allows."""

from __future__ import annotations

import pytest

from bot.errors import ModelBusy, ModelMisconfigured, QuotaExhausted
from bot.model.probe import probe
from tests.servers import free_port
from tests.simulators.openai_sim import OpenAISimulator
from tests.units.model.asking import settings_for

LIST = "/v1/models"
CHATS = "/v1/chat/completions"
NO_CREDIT = {"error": {"message": "no credit", "code": "insufficient_quota"}}


async def test_a_list_is_enough(sim: OpenAISimulator) -> None:
    await probe(settings_for(sim), 5.0, thorough=False)
    assert sim.chats == []


@pytest.mark.parametrize("status", [400, 404, 405])
async def test_a_server_without_a_list_is_asked(sim: OpenAISimulator, status: int) -> None:
    sim.faults.add(LIST, status=status)
    await probe(settings_for(sim), 5.0, thorough=False)
    assert len(sim.chats) == 1


async def test_neither_list_nor_model(sim: OpenAISimulator) -> None:
    sim.faults.add(LIST, status=404)
    sim.faults.add(CHATS, status=404)
    with pytest.raises(ModelMisconfigured, match="404"):
        await probe(settings_for(sim), 5.0, thorough=False)


async def test_credit_shows_only_when_it_is_asked(sim: OpenAISimulator) -> None:
    sim.faults.add(CHATS, status=429, body=NO_CREDIT)
    await probe(settings_for(sim), 5.0, thorough=False)
    with pytest.raises(QuotaExhausted):
        await probe(settings_for(sim), 5.0, thorough=True)
    await probe(settings_for(sim), 5.0, thorough=True)


async def test_a_wrong_key(sim: OpenAISimulator) -> None:
    with pytest.raises(ModelMisconfigured):
        await probe(settings_for(sim, api_key="sk-wrong"), 5.0, thorough=False)
    assert sim.chats == []


async def test_nobody_there(sim: OpenAISimulator) -> None:
    away = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(ModelBusy):
        await probe(settings_for(sim, base_url=away), 5.0, thorough=False)
