from __future__ import annotations

import ssl
from typing import Any

import httpx2
import openai
import pytest

from bot.errors import (
    ContextTooLong,
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelRefused,
    QuotaExhausted,
)
from bot.model.chat import ChatModel
from bot.model.faults import (
    LONGEST_MESSAGE,
    Fault,
    classify,
    read_fault,
    redact,
    retry_after,
    translate,
)
from bot.model.overflow import exceeded_window
from bot.model.settings import ModelSettings
from tests.simulators import openai_sim as wire
from tests.simulators.openai_sim import OpenAISimulator
from tests.units.model.asking import ask, settings_for

QUOTA_CODES = (
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
)


async def fault_from(sim: OpenAISimulator, answer: wire.Answer, **more: Any) -> ModelError:
    """What a scripted error becomes on its way through the SDK; exactly one request is made."""
    model = ChatModel(settings_for(sim, **more))
    sim.script.append(answer)
    before = len(sim.chats)
    with pytest.raises(ModelError) as caught:
        await ask(model)
    await model.close()
    assert len(sim.chats) == before + 1
    return caught.value


@pytest.mark.parametrize("code", QUOTA_CODES)
async def test_no_credit(sim: OpenAISimulator, code: str) -> None:
    assert type(await fault_from(sim, wire.quota(code))) is QuotaExhausted


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after_ms": 1500, "retry_after": 9}, 1.5),
        ({"retry_after": 3}, 3.0),
        ({"reset_requests": "6m0s", "reset_tokens": "1h"}, 360.0),
        ({"reset_requests": "120ms"}, 0.12),
        ({"reset_requests": "1.5s", "reset_tokens": "7s", "kind": "tokens"}, 7.0),
    ],
)
async def test_rate_limit(sim: OpenAISimulator, headers: dict[str, Any], seconds: float) -> None:
    error = await fault_from(sim, wire.rate_limited(**headers))
    assert isinstance(error, ModelBusy)
    assert error.retry_after == pytest.approx(seconds)
    assert not error.overloaded


async def test_a_rate_limit_that_names_no_time(sim: OpenAISimulator) -> None:
    error = await fault_from(sim, wire.rate_limited())
    assert isinstance(error, ModelBusy)
    assert (error.retry_after, error.overloaded) == (None, True)


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "slow_down"), (503, "slow_down"), (503, "server_is_overloaded"), (529, "x")],
)
async def test_overload(sim: OpenAISimulator, status: int, code: str) -> None:
    error = await fault_from(sim, wire.overloaded(status, code))
    assert isinstance(error, ModelBusy)
    assert error.overloaded


@pytest.mark.parametrize("answer", [wire.failure(500), wire.bad_gateway(), wire.dropped()])
async def test_passing_faults(sim: OpenAISimulator, answer: wire.Answer) -> None:
    error = await fault_from(sim, answer)
    assert isinstance(error, ModelBusy)
    assert (error.retry_after, error.overloaded) == (None, False)


@pytest.mark.parametrize(
    ("style", "limit"),
    [
        ("openai", 8192),
        ("vllm", 8192),
        ("vllm-model-len", 8192),
        ("llama.cpp", 8192),
        ("lmstudio", None),
        ("gemini", 8192),
    ],
)
async def test_overflow(sim: OpenAISimulator, style: Any, limit: int | None) -> None:
    error = await fault_from(sim, wire.context_overflow(style, limit=8192, tokens=9000))
    assert isinstance(error, ContextTooLong)
    assert error.limit == limit


async def test_overflow_inside_the_stream(sim: OpenAISimulator) -> None:
    message = "The model is loaded with context length of only 4096 tokens, which is not enough"
    error = await fault_from(sim, wire.Answer([wire.error_object(message, code=None, kind="x")]))
    assert isinstance(error, ContextTooLong)
    assert error.limit == 4096


async def test_one_request_over_the_whole_allowance(sim: OpenAISimulator) -> None:
    sim.set_rate_limit(wire.RateLimit(tokens_per_minute=2))
    error = await fault_from(sim, wire.Answer("unused"))
    assert isinstance(error, ContextTooLong)
    assert error.limit == 2


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("This model's maximum context length is 8,192 tokens. You asked for 9,000.", 8192),
        ("request (5000 tokens) exceeds the available context size (4096 tokens)", 4096),
        ("prompt is too long: 210000 tokens > 200000 maximum", 200000),
        ("Input is too long for requested model: input is too long", None),
        ("context window exceeded", None),
    ],
)
def test_words_for_overflow(message: str, limit: int | None) -> None:
    window = exceeded_window(400, set(), message)
    assert window is not None
    assert window.limit == limit


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Rate limit: too many tokens, context length is 100"),
        (429, "Too many tokens per minute; maximum context length is 100"),
        (400, "Invalid value for 'temperature'"),
        (400, "max_tokens is too large: 99999. This model supports at most 16384."),
    ],
)
def test_words_that_are_no_overflow(status: int, message: str) -> None:
    assert exceeded_window(status, set(), message) is None


async def test_misconfigured(sim: OpenAISimulator) -> None:
    model = ChatModel(settings_for(sim, api_key="sk-wrong-key-123456"))
    with pytest.raises(ModelMisconfigured) as caught:
        await ask(model)
    assert "OPENAI_API_KEY" in caught.value.hint
    assert "123456" not in str(caught.value)
    await model.close()
    model = ChatModel(settings_for(sim, name="gpt-7"))
    with pytest.raises(ModelMisconfigured) as caught:
        await ask(model)
    assert "OPENAI_MODEL" in caught.value.hint
    await model.close()
    base = settings_for(sim).url.removesuffix("/v1")
    model = ChatModel(settings_for(sim, base_url=base))
    with pytest.raises(ModelMisconfigured) as caught:
        await ask(model)
    assert "/v1" in caught.value.hint
    await model.close()


def of(status: int | None, message: str = "", code: str = "", kind: str = "") -> Fault:
    return Fault(status, code=code, kind=kind, message=message)


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (of(402, "Insufficient credits"), QuotaExhausted),
        (of(429, "Insufficient balance"), QuotaExhausted),
        (of(429, "You exceeded your current quota. Please retry in 21.3s."), ModelBusy),
        (of(403, "country not supported"), ModelMisconfigured),
        (of(403, "your input was flagged"), ModelRefused),
        (of(400, "API key not valid. Please pass a valid API key."), ModelMisconfigured),
        (of(400, "x/y is not a valid model ID"), ModelMisconfigured),
        (of(404, "model 'llama9' not found"), ModelMisconfigured),
        (of(400, "flagged", code="content_policy_violation"), ModelRefused),
        (of(400, "Invalid 'messages[0]'"), ModelRefused),
        (of(413, "Request Entity Too Large"), ContextTooLong),
        (of(None, "upstream gone", code="server_error"), ModelBusy),
        (of(524), ModelBusy),
        (of(409), ModelBusy),
    ],
)
def test_kinds(fault: Fault, wanted: type[ModelError]) -> None:
    assert type(classify(fault)) is wanted


def test_shapes_of_errors() -> None:
    assert read_fault("model 'x' not found", status=404).message == "model 'x' not found"
    assert read_fault([{"error": {"code": 400, "message": "m"}}]).status == 400
    assert read_fault({"code": "502", "message": "m"}).status == 502
    assert read_fault({"code": 7}).status is None
    assert read_fault(None, status=500).message == ""
    assert read_fault("<html><b>502</b> Bad\nGateway</html>").message == "502 Bad Gateway"
    report = {"detail": [{"loc": ["body", "messages", 0], "msg": "too odd", "input": "private"}]}
    assert read_fault(report, status=422).message == "body.messages.0: too odd"
    waits = read_fault({"message": "Please try again in 6m0s."}, status=429).retry_after
    assert waits == 360.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    now = 1795255200.0  # 2026-11-21 10:00:00 UTC
    assert retry_after(headers, now) == seconds


def test_resets_that_mean_nothing() -> None:
    headers = {"x-ratelimit-reset-requests": "-1", "x-ratelimit-reset-tokens": "0"}
    assert read_fault({}, status=429, headers=headers).retry_after is None


def test_messages_are_made_safe() -> None:
    assert redact("bad key sk-abcdef123 in Bearer xyz") == "bad key [key] in [key]"
    assert redact("key hunter2!", "hunter2") == "key [key]!"
    assert redact("input '" + "private " * 20 + "' is odd") == "input '…' is odd"
    assert len(redact("word " * 1000)) == LONGEST_MESSAGE


def test_an_untrusted_certificate_is_no_passing_fault() -> None:
    request = httpx2.Request("POST", "https://127.0.0.1/v1")
    error = openai.APIConnectionError(request=request)
    error.__cause__ = httpx2.ConnectError("failed")
    error.__cause__.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    translated = translate(error, ModelSettings("m"))
    assert type(translated) is ModelMisconfigured
    assert "ca-certificates" in translated.hint
