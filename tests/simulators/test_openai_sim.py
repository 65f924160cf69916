"""The OpenAI simulator, driven by the unmodified SDK: answers, streams, timing and faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk

from tests.simulators.openai_sim import (
    Answer,
    Cut,
    EndOfFile,
    OpenAISimulator,
    Reasoning,
    Refusal,
    Request,
    Stall,
    ToolCall,
    Usage,
    bad_gateway,
    comment,
    context_overflow,
    empty_data,
    error_event,
    error_object,
    failure,
    malformed_json,
    no_choices,
    null_choices,
    null_delta,
    overloaded,
    ping_event,
    quota,
    rate_limited,
    without_ids,
)
from tests.simulators.openai_sim.sdk import client_of

MODEL = "gpt-6-luna"
HELLO: list[Any] = [{"role": "user", "content": "Ada: hello"}]


@pytest.fixture
async def sim() -> AsyncIterator[OpenAISimulator]:
    async with OpenAISimulator() as simulator:
        yield simulator


@pytest.fixture
async def client(sim: OpenAISimulator) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(sim) as opened:
        yield opened


async def chunks(
    client: AsyncOpenAI, messages: list[Any] | None = None, **options: Any
) -> AsyncIterator[ChatCompletionChunk]:
    """The chunks of one streamed answer; closes the stream also when the reader stops early."""
    stream = await client.chat.completions.create(
        model=options.pop("model", MODEL), messages=messages or HELLO, stream=True, **options
    )
    async with stream:
        async for chunk in stream:
            yield chunk


async def collect(client: AsyncOpenAI, seen: list[str], **options: Any) -> str | None:
    """Add the text deltas to `seen`; returns the finish_reason."""
    finish: str | None = None
    async for chunk in chunks(client, **options):
        for choice in chunk.choices or ():
            if choice.delta is not None and choice.delta.content:
                seen.append(choice.delta.content)
            finish = choice.finish_reason or finish
    return finish


async def test_a_stream_has_role_text_finish_and_usage(
    sim: OpenAISimulator, client: AsyncOpenAI
) -> None:
    sim.script.append(Answer(["Hel", "lo ", "wörld"], reasoning_tokens=7))
    got = [chunk async for chunk in chunks(client, stream_options={"include_usage": True})]
    assert got[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].delta.content for c in got[1:4]] == ["Hel", "lo ", "wörld"]
    assert got[4].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in got[:-1])
    assert got[-1].choices == []
    usage = got[-1].usage
    assert usage is not None and usage.completion_tokens_details is not None
    assert usage.completion_tokens == 3 + 7
    assert usage.completion_tokens_details.reasoning_tokens == 7
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert len({chunk.id for chunk in got}) == 1
    await sim.until(lambda: sim.requests[0].outcome == "finished")
    assert sim.requests[0].sent_text == "Hello wörld"
    assert sim.violations == []


async def test_usage_is_sent_only_when_asked_for(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    sim.script.append(Answer("hi"))
    got = [chunk async for chunk in chunks(client)]
    assert all(chunk.choices and chunk.usage is None for chunk in got)
    sim.script.append(Answer("hi", usage="absent"))
    got = [chunk async for chunk in chunks(client, stream_options={"include_usage": True})]
    assert all(chunk.choices and chunk.usage is None for chunk in got)
    sim.script.append(Answer("hi", usage=Usage(prompt=100, completion=5, cached=64, written=36)))
    got = [chunk async for chunk in chunks(client, stream_options={"include_usage": True})]
    usage = got[-1].usage
    assert usage is not None and usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 64
    assert usage.prompt_tokens_details.cache_write_tokens == 36


async def test_a_whole_answer_without_streaming(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    sim.script.append(Answer("Hello there", model="gpt-6-luna-2026-09-01"))
    got = await client.chat.completions.create(model=MODEL, messages=HELLO)
    assert got.choices[0].message.content == "Hello there"
    assert got.choices[0].finish_reason == "stop"
    assert got.model == "gpt-6-luna-2026-09-01"
    assert got.usage is not None and got.usage.prompt_tokens == sim.requests[0].prompt_tokens
    assert got._request_id == "req_000000000000"


async def test_the_default_answer_shows_speaker_text_and_counts(client: AsyncOpenAI) -> None:
    history: list[Any] = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Ada: I like tea"},
        {"role": "assistant", "content": "Noted."},
        {"role": "user", "content": "Grace: what does she like?"},
    ]
    got = await client.chat.completions.create(model=MODEL, messages=history)
    said = "Grace said: what does she like? (I have read 4 messages, 2 from people.)"
    assert got.choices[0].message.content == said
    got = await client.chat.completions.create(model=MODEL, messages=history[-1:])
    assert got.choices[0].message.content != said
    noted: list[Any] = [{"role": "user", "content": "[Earlier.]\nAda: one\ntwo\n\n[Now: noon.]"}]
    got = await client.chat.completions.create(model=MODEL, messages=noted)
    assert (got.choices[0].message.content or "").startswith("Ada said: one\ntwo (I have")
    named: list[Any] = [{"role": "user", "name": "Lin", "content": "hi"}]
    got = await client.chat.completions.create(model=MODEL, messages=named)
    assert (got.choices[0].message.content or "").startswith("Lin said: hi")


async def test_script_in_order_and_by_predicate(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    def from_grace(request: Request) -> bool:
        return "Grace" in request.last_user_text

    sim.on(from_grace, Answer("for Grace"))
    sim.on(lambda r: "always" in r.text, lambda r: Answer(f"#{r.seq}"), times=None)
    sim.script.extend([Answer("first"), Answer("second")])

    async def ask(text: str) -> str | None:
        messages: list[Any] = [{"role": "user", "content": text}]
        got = await client.chat.completions.create(model=MODEL, messages=messages)
        return got.choices[0].message.content

    assert await ask("Ada: one") == "first"
    assert await ask("Grace: two") == "for Grace"
    assert await ask("always") == "#2"
    assert sim.script.left == 1
    assert await ask("Grace: again") == "second"
    assert await ask("always") == "#4"
    assert sim.script.left == 0
    assert "Grace said" in (await ask("Grace: third") or "")


async def test_a_held_answer_goes_out_as_the_test_releases_it(
    sim: OpenAISimulator, client: AsyncOpenAI
) -> None:
    answer = Answer(["a", "b", "c"]).hold()
    sim.script.append(answer)
    seen: list[str] = []
    reading = asyncio.create_task(collect(client, seen))
    await sim.until(lambda: sim.open_streams == 1)
    answer.release()
    await sim.until(lambda: sim.requests[0].deltas_written == 1)
    answer.release(2)
    await sim.until(lambda: sim.requests[0].deltas_written == 3)
    assert sim.requests[0].outcome == "open", "the end is held back too"
    assert not reading.done()
    answer.release()
    assert await asyncio.wait_for(reading, 50) == "stop"
    assert seen == ["a", "b", "c"]
    assert sim.peak_streams == 1
    await sim.until(lambda: sim.open_streams == 0)


async def test_hold_after_some_pieces_and_release_all(
    sim: OpenAISimulator, client: AsyncOpenAI
) -> None:
    answer = Answer(["a", "b", "c"]).hold(after=2)
    sim.script.append(answer)
    seen: list[str] = []
    reading = asyncio.create_task(collect(client, seen))
    await sim.until(lambda: sim.requests and sim.requests[0].deltas_written == 2)
    answer.release_all()
    assert await asyncio.wait_for(reading, 50) == "stop"
    assert "".join(seen) == "abc"


async def test_a_held_whole_answer_waits_as_well(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    answer = Answer("late").hold()
    sim.script.append(answer)
    asking = asyncio.create_task(client.chat.completions.create(model=MODEL, messages=HELLO))
    await sim.until(lambda: sim.in_flight == 1)
    assert sim.open_streams == 0 and not asking.done()
    answer.release_all()
    assert (await asyncio.wait_for(asking, 50)).choices[0].message.content == "late"


async def test_token_rate_is_kept(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    sim.script.append(Answer(["x"] * 20, token_rate=200, first_token_delay=0.05))
    loop = asyncio.get_running_loop()
    started = loop.time()
    seen: list[str] = []
    await collect(client, seen)
    assert len(seen) == 20
    assert loop.time() - started >= 0.05 + 20 / 200


async def test_closing_a_stream_is_seen_at_once(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    answer = Answer(["a", "b", "c"]).hold(after=2)
    sim.script.append(answer)
    stream = await client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    async with stream:
        await sim.until(lambda: sim.requests[0].deltas_written == 2)
    gone = await sim.until(lambda: sim.disconnects)
    assert gone[0].deltas_written == 2
    assert gone[0].request.outcome == "disconnected"
    assert sim.open_streams == 0


async def test_cancelling_a_waiting_request_is_seen(
    sim: OpenAISimulator, client: AsyncOpenAI
) -> None:
    sim.script.append(Answer([Stall()]))
    reading = asyncio.create_task(collect(client, []))
    await sim.until(lambda: sim.open_streams == 1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    gone = await sim.until(lambda: sim.disconnects)
    assert gone[0].deltas_written == 0


async def test_stop_ends_open_streams(client: AsyncOpenAI, sim: OpenAISimulator) -> None:
    sim.script.append(Answer(["a", Stall()]))
    seen: list[str] = []
    reading = asyncio.create_task(collect(client, seen))
    await sim.until(lambda: sim.requests and sim.requests[0].deltas_written == 1)
    await sim.stop()
    with pytest.raises(openai.APIConnectionError):
        await reading
    assert sim.requests[0].outcome == "stopped"
    assert sim.disconnects == []


@pytest.mark.parametrize("piece", [Cut(), Cut(reset=False)])
async def test_a_cut_stream(sim: OpenAISimulator, client: AsyncOpenAI, piece: Cut) -> None:
    sim.script.append(Answer(["Hel", "lo", piece, "never"]))
    seen: list[str] = []
    with pytest.raises(openai.APIConnectionError):
        await collect(client, seen)
    assert seen == ["Hel", "lo"]
    assert sim.requests[0].outcome == "cut"
    assert sim.requests[0].sent_text == "Hello"
    assert sim.disconnects == []


async def test_a_reset_is_a_tcp_reset(sim: OpenAISimulator) -> None:
    sim.script.append(Answer(["Hel", Cut()]))
    port = int(sim.base_url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"model": MODEL, "messages": HELLO, "stream": True}).encode()
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer " + sim.api_key.encode() + b"\r\n"
        b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )
    try:
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 50)
    finally:
        writer.close()


async def test_a_clean_end_without_finish_reason(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    sim.script.append(Answer(["Hel", EndOfFile(), "never"]))
    seen: list[str] = []
    assert await collect(client, seen) is None
    assert seen == ["Hel"]


async def test_a_stalled_stream_runs_into_the_read_timeout(
    sim: OpenAISimulator, client: AsyncOpenAI
) -> None:
    sim.script.append(Answer(["Hel", Stall()]))
    seen: list[str] = []
    with pytest.raises(openai.APITimeoutError):
        await collect(client, seen, timeout=httpx2.Timeout(5, read=0.2))
    assert seen == ["Hel"]
    await sim.until(lambda: sim.disconnects)


async def test_errors_inside_a_stream(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    sim.script.append(Answer(["Hel", error_object("upstream", code=502)]))
    with pytest.raises(openai.APIError, match="upstream") as found:
        await collect(client, [])
    assert type(found.value) is openai.APIError and found.value.code == "502"
    sim.script.append(Answer(["Hel", error_event()], finish_reason=None, done=False))
    seen: list[str] = []
    assert await collect(client, seen) is None, "a flat error event is silent in the SDK"
    for piece in (malformed_json(), empty_data(), ping_event()):
        sim.script.append(Answer(["Hel", piece]))
        with pytest.raises(json.JSONDecodeError):
            await collect(client, [])


async def test_harmless_oddities(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    odd = [no_choices(), "a", null_choices(), null_delta(), comment(), without_ids("b"), "✓é😀"]
    sim.script.append(Answer(odd, done=False, split_utf8=True))
    got = [chunk async for chunk in chunks(client)]
    assert any(chunk.choices is None for chunk in got)
    assert any(chunk.choices and chunk.choices[0].delta is None for chunk in got)
    assert any(chunk.id is None for chunk in got)
    sim.script.append(Answer(odd, done=False, split_utf8=True))
    seen: list[str] = []
    assert await collect(client, seen) == "stop"
    assert "".join(seen) == "ab✓é😀"


@pytest.mark.parametrize("finish", ["length", "content_filter", "eos", None])
async def test_finish_reasons(
    sim: OpenAISimulator, client: AsyncOpenAI, finish: str | None
) -> None:
    sim.script.append(Answer("some", finish_reason=finish))
    seen: list[str] = []
    assert await collect(client, seen) == finish
    assert seen == ["some"]


async def test_the_token_limit_cuts_the_answer(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    sim.script.extend([Answer(["x"] * 9), Answer(["x"] * 9, obey_limit=False)])
    seen: list[str] = []
    assert await collect(client, seen, max_completion_tokens=4) == "length"
    assert len(seen) == 4
    seen.clear()
    assert await collect(client, seen, max_completion_tokens=4) == "stop"
    assert len(seen) == 9
    sim.script.append(Answer("all of it is thought", reasoning_tokens=50))
    seen.clear()
    assert await collect(client, seen, max_completion_tokens=10) == "length"
    assert seen == []


async def test_refusal_reasoning_and_empty_answer(
    sim: OpenAISimulator, client: AsyncOpenAI
) -> None:
    sim.script.append(Answer([Reasoning("hm"), Reasoning("hm", key="reasoning"), Refusal("No.")]))
    deltas = [chunk.choices[0].delta async for chunk in chunks(client)]
    assert any((delta.model_extra or {}).get("reasoning_content") == "hm" for delta in deltas)
    assert any((delta.model_extra or {}).get("reasoning") == "hm" for delta in deltas)
    assert [delta.refusal for delta in deltas if delta.refusal] == ["No."]
    sim.script.append(Answer(""))
    seen: list[str] = []
    assert await collect(client, seen) == "stop"
    assert seen == []


async def test_tool_calls_with_and_without_index(sim: OpenAISimulator, client: AsyncOpenAI) -> None:
    tool = {"type": "function", "function": {"name": "dice", "parameters": {"type": "object"}}}
    options: dict[str, Any] = {"tools": [tool], "reasoning_effort": "none"}
    sim.script.append(Answer([ToolCall("dice", '{"sides":6}'), ToolCall("dice", '{"sides":20}')]))
    calls: dict[int, str] = {}
    finish: str | None = None
    async for chunk in chunks(client, **options):
        for call in chunk.choices[0].delta.tool_calls or ():
            assert call.function is not None
            calls[call.index] = calls.get(call.index, "") + (call.function.arguments or "")
        finish = chunk.choices[0].finish_reason or finish
    assert calls == {0: '{"sides":6}', 1: '{"sides":20}'}
    assert finish == "tool_calls"
    odd = [ToolCall("a", id="1", index=None), ToolCall("b", id="2", index=0)]
    sim.script.append(Answer([*odd, ToolCall("c", id="3", index=0)]))
    found = [
        (call.index, call.id)
        async for chunk in chunks(client, **options)
        for call in chunk.choices[0].delta.tool_calls or ()
    ]
    assert found == [(None, "1"), (0, "2"), (0, "3")]


@pytest.mark.parametrize(
    ("answer", "kind", "status", "code"),
    [
        (rate_limited(retry_after=2), openai.RateLimitError, 429, "rate_limit_exceeded"),
        (quota(), openai.RateLimitError, 429, "insufficient_quota"),
        (quota("project_spend_limit_exceeded"), openai.RateLimitError, 429, None),
        (failure(500), openai.InternalServerError, 500, None),
        (overloaded(), openai.InternalServerError, 503, "slow_down"),
        (overloaded(529, "overloaded"), openai.InternalServerError, 529, "overloaded"),
        (bad_gateway(), openai.InternalServerError, 502, None),
        (context_overflow(), openai.BadRequestError, 400, "context_length_exceeded"),
        (context_overflow("vllm"), openai.BadRequestError, 400, "400"),
    ],
)
async def test_error_statuses(
    sim: OpenAISimulator,
    client: AsyncOpenAI,
    answer: Answer,
    kind: type[openai.APIStatusError],
    status: int,
    code: str | None,
) -> None:
    sim.script.append(answer)
    with pytest.raises(kind) as found:
        await collect(client, [])
    assert found.value.status_code == status
    assert found.value.request_id
    if code is not None:
        assert found.value.code == code
    assert sim.count(status) == 1
    assert sim.requests[0].outcome == "refused"
    assert sim.violations == [], "a fault of the server is no fault of the client"


async def test_rate_limit_headers_are_sent_as_given(
    sim: OpenAISimulator, client: AsyncOpenAI
) -> None:
    sim.script.append(rate_limited(retry_after=2, retry_after_ms=1500, reset_tokens="6m0s"))
    with pytest.raises(openai.RateLimitError) as found:
        await collect(client, [])
    headers = found.value.response.headers
    assert headers["retry-after"] == "2"
    assert headers["retry-after-ms"] == "1500"
    assert headers["x-ratelimit-reset-tokens"] == "6m0s"
    assert "x-ratelimit-reset-requests" not in headers
