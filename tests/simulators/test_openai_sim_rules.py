"""The OpenAI simulator's rules: validation, windows, limits, caching, the other endpoints."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI

from tests.simulators.openai_sim import Answer, Cut, OpenAISimulator, RateLimit, dropped, words
from tests.simulators.openai_sim.errors import OverflowStyle, reset_text
from tests.simulators.openai_sim.limits import Limiter
from tests.simulators.openai_sim.sdk import client_of

MODEL = "gpt-6-luna"
HELLO: list[Any] = [{"role": "user", "content": "Ada: hello"}]
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "dice", "parameters": {"type": "object"}},
}


@asynccontextmanager
async def served(
    key: str | None = None, **options: Any
) -> AsyncIterator[tuple[OpenAISimulator, AsyncOpenAI]]:
    async with OpenAISimulator(**options) as sim, client_of(sim, key) as client:
        yield sim, client


async def ask(client: AsyncOpenAI, **body: Any) -> Any:
    """One request through the SDK; `body` overrides or adds fields."""
    extra = {"model": MODEL, "messages": HELLO} | body
    return await client.post(
        "/chat/completions", body=extra, cast_to=openai.types.chat.ChatCompletion
    )


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"colour": "red"}, "colour", "unknown_parameter"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": "hi"}, "messages", "invalid_type"),
        ({"messages": [{"role": "bot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_type"),
        (
            {"messages": [{"role": "user", "content": "x", "time": 1}]},
            "messages[0].time",
            "unknown_parameter",
        ),
        (
            {"messages": [{"role": "system", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].type",
            "invalid_value",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
            "missing_required_parameter",
        ),
        (
            {"messages": [{"role": "tool", "content": "6", "tool_call_id": "a"}]},
            "messages.[0].role",
            None,
        ),
        ({"max_tokens": 10}, "max_tokens", "unsupported_parameter"),
        ({"max_tokens": 10, "model": "gpt-5.4"}, "max_tokens", "unsupported_parameter"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "invalid_value"),
        ({"max_completion_tokens": 10**6}, "max_completion_tokens", "invalid_value"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens", "invalid_type"),
        ({"temperature": 0.5}, "temperature", "unsupported_value"),
        ({"temperature": 3}, "temperature", "invalid_value"),
        ({"temperature": 0.5, "model": "gpt-5.6-sol"}, "temperature", "unsupported_value"),
        ({"top_p": 0.5}, "top_p", "unsupported_parameter"),
        ({"stop": ["\n"]}, "stop", "unsupported_parameter"),
        ({"tools": [TOOL]}, "reasoning_effort", None),
        ({"tools": [TOOL], "model": "gpt-6-astra"}, "reasoning_effort", None),
        (
            {"tools": [TOOL], "model": "gpt-5.4", "reasoning_effort": "low"},
            "reasoning_effort",
            None,
        ),
        ({"reasoning_effort": "minimal"}, "reasoning_effort", "unsupported_value"),
        (
            {"reasoning_effort": "none", "model": "gpt-6-astra"},
            "reasoning_effort",
            "unsupported_value",
        ),
        (
            {"reasoning_effort": "low", "model": "gpt-4o"},
            "reasoning_effort",
            "unsupported_parameter",
        ),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
        ({"tool_choice": "auto"}, "tool_choice", None),
        ({"safety_identifier": "x" * 129}, "safety_identifier", "invalid_value"),
        (
            {"prompt_cache_options": {"mode": "explicit"}, "model": "gpt-5.4"},
            "prompt_cache_options",
            "unsupported_parameter",
        ),
    ],
)
async def test_a_wrong_request_is_refused_and_recorded(
    body: dict[str, Any], param: str, code: str | None
) -> None:
    async with served() as (sim, client):
        with pytest.raises(openai.BadRequestError) as found:
            await ask(client, **body)
        assert (found.value.param, found.value.code) == (param, code)
        assert len(sim.violations) == 1
        assert sim.count(400) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"max_completion_tokens": 100, "prompt_cache_key": "t", "safety_identifier": "u"},
        {"temperature": 0.5, "reasoning_effort": "none"},
        {"temperature": 1, "top_p": 1, "reasoning_effort": "high"},
        {"temperature": 0.5, "model": "gpt-5.4"},
        {"max_tokens": 10, "temperature": 0.2, "stop": "\n", "model": "gpt-4o"},
        {"tools": [TOOL], "tool_choice": "auto", "reasoning_effort": "none"},
        {"tools": [TOOL], "model": "gpt-5.4"},
        {"metadata": {"a": "b"}, "store": False, "user": "u", "n": 1, "seed": None},
        {"response_format": {"type": "json_object"}, "verbosity": "low"},
        {
            "messages": [
                {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
                {"role": "user", "name": "ada", "content": "roll"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "a",
                            "type": "function",
                            "function": {"name": "dice", "arguments": "{}"},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "a", "content": "6"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "and this?"},
                        {
                            "type": "image_url",
                            "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="},
                        },
                    ],
                },
            ]
        },
    ],
)
async def test_a_right_request_passes(body: dict[str, Any]) -> None:
    async with served() as (sim, client):
        await ask(client, **body)
        assert sim.violations == []


async def test_unanswered_tool_calls_are_refused() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "dice", "arguments": "{}"}}
    messages = [{"role": "assistant", "content": "", "tool_calls": [call]}, *HELLO]
    async with served() as (_sim, client):
        with pytest.raises(openai.BadRequestError, match="tool_call_id"):
            await ask(client, messages=messages)


async def test_a_compatible_server_is_lenient() -> None:
    async with served(dialect="compatible", models=["qwen3:8b"]) as (sim, client):
        body = {"max_tokens": 10, "temperature": 0.2, "options": {"num_ctx": 4096}}
        got = await ask(client, model="qwen3:8b", tools=[TOOL], **body)
        assert got.model == "qwen3:8b"
        assert sim.violations == []
        with pytest.raises(openai.BadRequestError):
            await ask(client, messages=[{"role": "bot", "content": "x"}])


async def test_an_empty_message_is_a_violation_but_passes() -> None:
    async with served() as (sim, client):
        await ask(client, messages=[{"role": "system", "content": ""}, *HELLO])
        assert sim.violations == ["#0: message 0 is empty"]


async def test_key_model_and_address() -> None:
    async with served(key="sk-wrong") as (sim, client):
        with pytest.raises(openai.AuthenticationError) as refused:
            await ask(client)
        assert refused.value.code == "invalid_api_key"
        assert sim.requests[0].token == "sk-wrong"
    async with served() as (sim, client):
        with pytest.raises(openai.NotFoundError) as missing:
            await ask(client, model="gpt-7")
        assert missing.value.code == "model_not_found"
        with pytest.raises(openai.NotFoundError, match="Invalid URL"):
            await client.moderations.create(model="omni-moderation-latest", input="hi")
        assert len(sim.violations) == 2
        async with aiohttp.ClientSession() as web:
            url = sim.base_url + "/chat/completions"
            bearer = {"Authorization": f"Bearer {sim.api_key}"}
            async with web.post(url, json={}) as answer:
                assert answer.status == 401
            async with web.post(url, data="{", headers=bearer) as answer:
                assert answer.status == 415
            json_type = bearer | {"Content-Type": "application/json"}
            async with web.post(url, data="{", headers=json_type) as answer:
                assert answer.status == 400
            async with web.post(url, json={"model": MODEL}, headers=bearer) as answer:
                found = (await answer.json())["error"]
                assert found["code"] == "missing_required_parameter"


@pytest.mark.parametrize(
    ("style", "words_in_message"),
    [
        ("openai", "maximum context length is 50 tokens"),
        ("vllm", "maximum context length is 50 tokens"),
        ("vllm-model-len", "longer than the maximum model length of 50"),
        ("llama.cpp", "exceeds the available context size"),
        ("lmstudio", "greater than the context length"),
        ("gemini", "input token count"),
    ],
)
async def test_the_context_window(style: OverflowStyle, words_in_message: str) -> None:
    async with served(context_window=50, overflow_style=style) as (sim, client):
        await ask(client)
        with pytest.raises(openai.BadRequestError) as found:
            await ask(client, messages=[{"role": "user", "content": "word " * 50}])
        # LM Studio's error is a bare string, which the SDK leaves out of its message.
        assert words_in_message in f"{found.value} {found.value.body}"
        assert sim.requests[1].prompt_tokens == 4 + 250 // 4 + 3
        assert sim.violations == []


async def test_requests_per_second_with_honest_headers() -> None:
    limit = RateLimit(requests_per_second=0.1, burst=2, punish=False)
    async with served(rate_limit=limit) as (sim, client):
        raw = await client.chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
        assert raw.headers["x-ratelimit-limit-requests"] == "2"
        assert raw.headers["x-ratelimit-remaining-requests"] == "1"
        await ask(client)
        with pytest.raises(openai.RateLimitError) as found:
            await ask(client)
        headers = found.value.response.headers
        millis = int(headers["retry-after-ms"])
        assert 0 < millis <= 10_001
        assert headers["retry-after"] == str(math.ceil(millis / 1000))
        assert headers["x-ratelimit-remaining-requests"] == "0"
        assert sim.count(429) == 1
        assert sim.violations == []


def test_a_client_that_waits_as_told_gets_through() -> None:
    now = 100.0
    limiter = Limiter(RateLimit(requests_per_second=10, burst=2), 1.0, lambda: now)
    assert limiter.admit(1) is None and limiter.admit(1) is None
    refused = limiter.admit(1)
    assert refused is not None
    now += int(refused.headers["retry-after-ms"]) / 1000
    assert limiter.admit(1) is None
    assert limiter.admit(1) is not None
    now += 60
    assert limiter.admit(1) is None and limiter.admit(1) is None and limiter.admit(1) is not None


async def test_hammering_prolongs_the_wait() -> None:
    async with served(rate_limit=RateLimit(requests_per_second=0.1, burst=1)) as (_sim, client):
        await ask(client)
        waits: list[int] = []
        for _ in range(2):
            with pytest.raises(openai.RateLimitError) as found:
                await ask(client)
            waits.append(int(found.value.response.headers["retry-after-ms"]))
        assert waits[1] > waits[0] > 9_000


async def test_scale_makes_windows_shorter_and_limits_can_be_off() -> None:
    limit = RateLimit(requests_per_second=0.001, burst=1, announce=False)
    async with served(rate_limit=limit, scale=2000) as (_sim, client):
        await ask(client)
        with pytest.raises(openai.RateLimitError) as found:
            await ask(client)
        headers = found.value.response.headers
        assert "retry-after" not in headers and "retry-after-ms" not in headers
        assert headers["x-ratelimit-reset-requests"].endswith("ms")
    async with served(rate_limit=limit, max_concurrent=0, limits=False) as (sim, client):
        for _ in range(5):
            await ask(client)
        assert sim.count(200) == 5


async def test_tokens_per_minute() -> None:
    async with served(rate_limit=RateLimit(tokens_per_minute=100)) as (_sim, client):
        with pytest.raises(openai.RateLimitError, match="too large") as found:
            await ask(client, messages=[{"role": "user", "content": "word " * 200}])
        assert found.value.type == "tokens"
        messages = [{"role": "user", "content": "x" * 300}]
        await ask(client, messages=messages)
        with pytest.raises(openai.RateLimitError) as found:
            await ask(client, messages=messages)
        assert found.value.type == "tokens"
        assert int(found.value.response.headers["retry-after"]) > 20


async def test_max_concurrent_is_slow_down() -> None:
    async with served(max_concurrent=1) as (sim, client):
        held = Answer("one").hold()
        sim.script.append(held)
        first = asyncio.create_task(ask(client))
        await sim.until(lambda: sim.in_flight == 1)
        with pytest.raises(openai.InternalServerError) as found:
            await ask(client)
        assert (found.value.status_code, found.value.code) == (503, "slow_down")
        held.release_all()
        await first
        await ask(client)
        assert sim.peak_in_flight == 1


async def cached(client: AsyncOpenAI, messages: list[Any], **body: Any) -> tuple[int, int]:
    got = await ask(client, messages=messages, **body)
    details = got.usage.prompt_tokens_details
    return details.cached_tokens, details.cache_write_tokens


async def test_cache_in_steps_of_an_exact_prefix() -> None:
    long: list[Any] = [{"role": "system", "content": "rules " * 1000}, *HELLO]
    async with served() as (_sim, client):
        assert await cached(client, long, model="gpt-5.4") == (0, 0)
        grown = [*long, {"role": "assistant", "content": "yes"}, *HELLO]
        got, written = await cached(client, grown, model="gpt-5.4")
        assert got % 128 == 0 and 1408 <= got <= 1536 and written == 0
        assert await cached(client, long, model="gpt-5.2") == (0, 0), "another model"
        assert await cached(client, HELLO * 3, model="gpt-5.4") == (0, 0), "too short"
        changed: list[Any] = [{"role": "system", "content": "Now! " + "rules " * 1000}, *HELLO]
        assert await cached(client, changed, model="gpt-5.4") == (0, 0), "prefix changed"


async def test_cache_with_breakpoints_bills_writes() -> None:
    long: list[Any] = [{"role": "system", "content": "rules " * 1000}, *HELLO]
    async with served() as (_sim, client):
        none, first = await cached(client, long, prompt_cache_key="k")
        assert none == 0 and first > 1500
        grown = [*long, {"role": "assistant", "content": "yes"}, *HELLO]
        got, written = await cached(client, grown, prompt_cache_key="k")
        assert got == first and 0 < written < 30
        assert await cached(client, long, prompt_cache_key="other") == (0, first)
        window = [long[0], *grown[2:]]
        missed, again = await cached(client, window, prompt_cache_key="k")
        assert missed == 0 and again > 1500, "no breakpoint stood after the system prompt"


async def test_models_and_embeddings() -> None:
    async with served(models=["local"]) as (sim, client):
        listed = [model.id async for model in client.models.list()]
        assert {MODEL, "local", "text-embedding-3-small"} <= set(listed)
        assert (await client.models.retrieve("gpt-5")).shutdown_date == "2026-12-11"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("gpt-7")
        name = "text-embedding-3-small"
        one = await client.embeddings.create(model=name, input=["tea", "coffee", "tea"])
        first, second, third = (item.embedding for item in one.data)
        assert len(first) == 1536 and first == third != second
        assert sum(number**2 for number in first) == pytest.approx(1, abs=1e-4)
        plain = await client.embeddings.create(model=name, input="tea", encoding_format="float")
        assert plain.data[0].embedding == pytest.approx(first, abs=1e-6)
        small = await client.embeddings.create(model=name, input="tea", dimensions=8)
        assert len(small.data[0].embedding) == 8
        with pytest.raises(openai.BadRequestError):
            await client.embeddings.create(model=name, input="")
        with pytest.raises(openai.NotFoundError):
            await client.embeddings.create(model=MODEL, input="tea")
        assert len(sim.violations) == 3


async def test_transport_faults() -> None:
    async with served() as (sim, client):
        sim.faults.add("/v1/models", status=500, body={"error": {"message": "down"}})
        sim.faults.add(match=lambda request: "Ada" in request.last_user_text, drop=True)
        sim.script.append(Answer("kept"))
        with pytest.raises(openai.InternalServerError, match="down"):
            await client.models.list()
        with pytest.raises(openai.APIConnectionError):
            await ask(client)
        assert sim.script.left == 1, "the answer was not used up"
        sim.faults.add("/v1/chat/completions", drop=True, after_effect=True)
        with pytest.raises(openai.APIConnectionError):
            await ask(client)
        assert sim.script.left == 0
        assert sim.faults.left == []
        sim.script.append(dropped())
        with pytest.raises(openai.APIConnectionError):
            await ask(client)
        sim.script.append(Answer(["a", Cut()]))
        with pytest.raises(openai.APIConnectionError):
            await ask(client)
        assert [request.outcome for request in sim.chats] == ["cut"] * 4
        sim.faults.add("/v1/embeddings", status=500)
        assert len(sim.faults.left) == 1


async def test_until_says_what_happened_and_transcript_reads_well() -> None:
    async with served() as (sim, client):
        await ask(client, messages=[{"role": "system", "content": "Be kind."}, *HELLO])
        with pytest.raises(TimeoutError, match="Ada: hello"):
            await sim.until(lambda: False, timeout=0.01)
        assert sim.transcript() == (
            "#0 POST /v1/chat/completions gpt-6-luna → 200 answered\n"
            "    system: Be kind.\n"
            "    user: Ada: hello\n"
            "    → Ada said: hello (I have read 2 messages, 1 from people.)"
        )


@given(st.text())
def test_words_join_to_the_text(text: str) -> None:
    assert "".join(words(text)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.02, "20ms"), (0, "0ms"), (1, "1s"), (1.5, "1.5s"), (360, "6m0s")]
)
def test_reset_durations(seconds: float, text: str) -> None:
    assert reset_text(seconds) == text
