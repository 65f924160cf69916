from __future__ import annotations

import logging
from typing import Any

import pytest

from bot.errors import ModelRefused
from bot.model.chat import ChatModel
from bot.model.dialect import Dialect
from bot.model.port import FinishReason, Message, Prompt
from bot.model.settings import ModelSettings
from tests.simulators.openai_sim import OpenAISimulator, failure
from tests.units.model.asking import ask, end_of, prompt, settings_for

ASKED = Prompt((Message("user", "Ada: hi"),), cache_key="k", user="u", max_output_tokens=50)


@pytest.mark.parametrize(
    ("settings", "limit", "own"),
    [
        (ModelSettings("gpt-6-luna", "k"), "max_completion_tokens", True),
        (ModelSettings("m", "k", "https://eu.api.openai.com/v1"), "max_completion_tokens", True),
        (ModelSettings("gpt-6.1-terra", "k", "http://proxy/v1"), "max_completion_tokens", False),
        (ModelSettings("o3-mini", "k", "http://proxy/v1"), "max_completion_tokens", False),
        (ModelSettings("gpt-oss-20b", "", "http://localhost:11434/v1"), "max_tokens", False),
        (ModelSettings("m", "k", "https://api.openai.com.evil.example/v1"), "max_tokens", False),
        (ModelSettings("gpt-6-luna", "k", dialect="compatible"), "max_tokens", False),
        (ModelSettings("m", "k", "http://proxy/v1", dialect="openai"), "max_completion_tokens", 1),
    ],
)
def test_by_host_and_name(settings: ModelSettings, limit: str, own: bool) -> None:
    fields = Dialect(settings).fields(ASKED)
    assert fields[limit] == 50
    assert ("prompt_cache_key" in fields) is ("safety_identifier" in fields) is bool(own)
    assert "temperature" not in fields
    assert fields["stream_options"] == {"include_usage": True}


def test_only_what_is_set_is_sent() -> None:
    settings = ModelSettings("gpt-6-luna", "k", temperature=0.0, max_output_tokens=9)
    fields = Dialect(settings).fields(prompt())
    assert fields["temperature"] == 0.0
    assert fields["max_completion_tokens"] == 9
    assert "prompt_cache_key" not in fields
    assert "safety_identifier" not in fields


@pytest.mark.parametrize(
    ("param", "message", "dropped"),
    [
        ("stream_options", "Unknown parameter", "stream_options"),
        ("stream_options.include_usage", "is not supported", "stream_options"),
        ("", "Unrecognized request argument supplied: stream_options", "stream_options"),
        ("", "body.stream_options: Extra inputs are not permitted", "stream_options"),
        ("", "max_tokens is not supported, use max_completion_tokens", "max_tokens"),
        ("messages", "Unsupported value in messages", None),
        ("max_tokens", "max_tokens is too large", None),
    ],
)
def test_refusals(param: str, message: str, dropped: str | None) -> None:
    dialect = Dialect(ModelSettings("m", "", "http://localhost/v1"))
    sent = dialect.fields(ASKED)
    assert dialect.learn(sent, param, message) is (dropped is not None)
    now = dialect.fields(ASKED)
    assert set(sent) - set(now) == ({dropped} if dropped else set())


def test_neither_name_of_the_limit() -> None:
    dialect = Dialect(ModelSettings("m", "", "http://localhost/v1"))
    for name in ("max_tokens", "max_completion_tokens"):
        assert name in dialect.fields(ASKED)
        assert dialect.learn(dialect.fields(ASKED), name, "unsupported")
    assert not {"max_tokens", "max_completion_tokens"} & set(dialect.fields(ASKED))


async def test_everything_that_openai_takes(sim: OpenAISimulator) -> None:
    model = ChatModel(settings_for(sim, dialect="openai", max_output_tokens=50))
    await ask(model, ASKED)
    await model.close()
    body = sim.chats[0].body or {}
    assert body["prompt_cache_key"] == "k"
    assert body["safety_identifier"] == "u"
    assert body["max_completion_tokens"] == 50
    assert "temperature" not in body
    assert sim.violations == []


@pytest.mark.parametrize(
    "more",
    [{"temperature": 0.2}, {"dialect": "compatible", "max_output_tokens": 5}],
)
async def test_a_refused_field_is_dropped_once_and_for_all(
    sim: OpenAISimulator, caplog: pytest.LogCaptureFixture, more: dict[str, Any]
) -> None:
    caplog.set_level(logging.WARNING)
    model = ChatModel(settings_for(sim, **more))
    for _ in range(3):
        last = end_of(await ask(model))
        wanted = FinishReason.LENGTH if "dialect" in more else FinishReason.STOP
        assert last.reason is wanted
    await model.close()
    assert [request.status for request in sim.chats] == [400, 200, 200, 200]
    assert len(caplog.records) == 1


async def test_several_refused_fields(sim: OpenAISimulator) -> None:
    model = ChatModel(
        settings_for(sim, temperature=0.2, dialect="compatible", max_output_tokens=500)
    )
    await ask(model)
    await model.close()
    assert [request.status for request in sim.chats] == [400, 400, 200]


async def test_a_refusal_of_something_else_is_final(sim: OpenAISimulator, model: ChatModel) -> None:
    sim.script.append(failure(400, "Unsupported content type", kind="x", param="messages"))
    with pytest.raises(ModelRefused):
        await ask(model)
    assert len(sim.chats) == 1
