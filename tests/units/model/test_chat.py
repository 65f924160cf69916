from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from urllib.parse import urlsplit

import pytest

from bot.errors import ModelBusy, ModelMisconfigured, ModelRefused
from bot.model.chat import ChatModel
from bot.model.port import Finished, FinishReason, Message, Prompt, TextDelta, Usage
from bot.model.settings import ModelSettings
from tests.simulators import openai_sim as wire
from tests.simulators.openai_sim import Answer, Chunk, Cut, EndOfFile, OpenAISimulator, Raw, Stall
from tests.units.model.asking import (
    MODEL,
    Shift,
    ask,
    end_of,
    prompt,
    settings_for,
    settle,
    text_of,
)

FINISH = Raw(b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n')


async def test_an_answer_comes_in_pieces(sim: OpenAISimulator, model: ChatModel) -> None:
    usage = wire.Usage(2000, 50, cached=1024, written=900, reasoning=20)
    sim.script.append(Answer(["Hel", "lo ", "Ada"], usage=usage, model="gpt-6-luna-2026-09-01"))
    events = await ask(model)
    assert events == [
        TextDelta("Hel"),
        TextDelta("lo "),
        TextDelta("Ada"),
        Finished(FinishReason.STOP, Usage(2000, 50, 1024, 900, 20), "gpt-6-luna-2026-09-01"),
    ]
    assert [message.text for message in sim.chats[0].messages] == ["You are Bobbin.", "Ada: hello"]
    assert sim.chats[0].outcome == "finished"
    assert sim.violations == []


@pytest.mark.parametrize(
    "piece",
    [
        wire.comment(),
        wire.empty_data(),
        wire.ping_event(),
        wire.null_delta(),
        wire.null_choices(),
        wire.no_choices(),
        wire.without_ids(""),
        Chunk({"choices": [{"delta": {"content": None}}], "usage": None}, missing=("model",)),
        Raw(b"data: 17\n\ndata: []\n\nid: 3\n\n"),
        Raw(b"event: ping\ndata: {}\n\n"),
    ],
)
async def test_odd_chunks_do_no_harm(
    sim: OpenAISimulator, model: ChatModel, piece: wire.Piece
) -> None:
    sim.script.append(Answer([piece, "Hel", piece, "lo", piece]))
    events = await ask(model)
    assert text_of(events) == "Hello"
    assert end_of(events).reason is FinishReason.STOP
    assert end_of(events).usage is not None


async def test_characters_cut_by_the_network(sim: OpenAISimulator, model: ChatModel) -> None:
    sim.script.append(Answer(["größer ", "👩‍💻 ", "日本語"], split_utf8=True))
    assert text_of(await ask(model)) == "größer 👩‍💻 日本語"


async def test_characters_cut_by_the_server(sim: OpenAISimulator, model: ChatModel) -> None:
    halves = [
        Raw(b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n'),
        Raw(b'data: {"choices":[{"delta":{"content":"\\ude00 \\ud83d"}}]}\n\n'),
    ]
    sim.script.append(Answer(halves))
    assert text_of(await ask(model)) == "a😀 \ufffd"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("eos", FinishReason.STOP),
        ("tool_calls", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.FILTERED),
        ("error", FinishReason.CUT),
        (None, FinishReason.STOP),
    ],
)
async def test_how_an_answer_ends(
    sim: OpenAISimulator, model: ChatModel, finish: str | None, reason: FinishReason
) -> None:
    sim.script.append(Answer("some text", finish_reason=finish))
    assert end_of(await ask(model)).reason is reason


async def test_the_budget_went_into_reasoning(sim: OpenAISimulator, model: ChatModel) -> None:
    sim.script.append(Answer("", finish_reason="length", reasoning_tokens=64))
    events = await ask(model)
    assert text_of(events) == ""
    last = end_of(events)
    assert last.reason is FinishReason.LENGTH
    assert last.usage is not None
    assert last.usage.reasoning == 64


async def test_refusals_are_shown_and_reasoning_is_not(
    sim: OpenAISimulator, model: ChatModel
) -> None:
    sim.script.append(Answer([wire.Refusal("I can't "), wire.Refusal("do that.")]))
    sim.script.append(
        Answer([wire.Reasoning("hm"), wire.Reasoning("so", key="reasoning"), "Yes.", FINISH])
    )
    assert text_of(await ask(model)) == "I can't do that."
    assert text_of(await ask(model)) == "Yes."


BROKEN = [
    pytest.param(Cut(), id="reset"),
    pytest.param(Cut(reset=False), id="half a chunk"),
    pytest.param(EndOfFile(), id="clean end"),
    pytest.param(wire.error_object(), id="error object"),
    pytest.param(wire.error_event(), id="error event"),
    pytest.param(wire.malformed_json(), id="broken json"),
]


@pytest.mark.parametrize("fault", BROKEN)
async def test_cut_after_text(sim: OpenAISimulator, model: ChatModel, fault: wire.Piece) -> None:
    sim.script.append(Answer(["Hel", "lo", fault]))
    events = await ask(model)
    assert text_of(events) == "Hello"
    assert end_of(events).reason is FinishReason.CUT
    assert len(sim.chats) == 1


@pytest.mark.parametrize("fault", BROKEN)
async def test_cut_before_text(sim: OpenAISimulator, model: ChatModel, fault: wire.Piece) -> None:
    sim.script.append(Answer([wire.Reasoning("hm"), fault]))
    with pytest.raises(ModelBusy):
        await ask(model)
    assert len(sim.chats) == 1


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_fault_after_the_finish_is_none(
    sim: OpenAISimulator, model: ChatModel, fault: wire.Piece
) -> None:
    sim.script.append(Answer(["Hello", FINISH, fault]))
    assert end_of(await ask(model)).reason is FinishReason.STOP


async def test_a_stream_without_done(sim: OpenAISimulator, model: ChatModel) -> None:
    sim.script.append(Answer("Hello", done=False))
    events = await ask(model)
    assert end_of(events).reason is FinishReason.STOP
    assert end_of(events).usage is not None


async def test_a_connection_is_used_again(sim: OpenAISimulator) -> None:
    connections = 0
    port = urlsplit(settings_for(sim).url).port

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, upstream_writer), copy(upstream_reader, writer))

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    front = server.sockets[0].getsockname()[1]
    model = ChatModel(settings_for(sim, base_url=f"http://127.0.0.1:{front}/v1"))
    for _ in range(3):
        await ask(model)
    await model.close()
    server.close()
    assert connections == 1
    assert [request.outcome for request in sim.chats] == ["finished"] * 3


async def test_closing_ends_the_request_at_once(sim: OpenAISimulator, model: ChatModel) -> None:
    sim.script.append(Answer(["one ", "two ", "three"]).hold(1))
    async with aclosing(model.stream(prompt())) as events:
        assert await anext(events) == TextDelta("one ")
    lost = await sim.until(lambda: sim.disconnects)
    assert lost[0].deltas_written == 1


@pytest.mark.parametrize("pieces", [0, 1])
async def test_cancelling_ends_the_request_at_once(
    sim: OpenAISimulator, model: ChatModel, pieces: int
) -> None:
    sim.script.append(Answer(["one ", "two ", "three"]).hold(pieces))
    task = asyncio.create_task(ask(model))
    await sim.until(lambda: sim.chats and sim.chats[0].deltas_written == pieces)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    lost = await sim.until(lambda: sim.disconnects)
    assert lost[0].deltas_written == pieces


async def test_no_first_token(
    sim: OpenAISimulator, model: ChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.script.append(Answer([wire.comment(), wire.null_delta(), Stall()]))
    shift = Shift(monkeypatch)
    task = asyncio.create_task(ask(model))
    await sim.until(lambda: sim.open_streams)
    shift.forward(30)
    await settle()
    assert not task.done()
    shift.forward(31)
    with pytest.raises(ModelBusy, match="no first token") as caught:
        await task
    assert caught.value.overloaded
    await sim.until(lambda: sim.disconnects)


async def test_reasoning_is_life(
    sim: OpenAISimulator, model: ChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Answer([wire.Reasoning("a"), wire.Reasoning("b"), "Yes.", Stall()]).hold()
    sim.script.append(answer)
    shift = Shift(monkeypatch)
    task = asyncio.create_task(ask(model))
    await sim.until(lambda: sim.open_streams)
    for number, seconds in enumerate((40, 20, 20), start=1):
        shift.forward(seconds)
        answer.release()
        await sim.until(lambda number=number: sim.chats[0].deltas_written >= number)
        await settle()
    shift.forward(31)
    events = await task
    assert text_of(events) == "Yes."
    assert end_of(events).reason is FinishReason.CUT


async def test_a_slow_reader_is_not_silence(
    sim: OpenAISimulator, model: ChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Answer(["one ", "two"]).hold(1)
    sim.script.append(answer)
    shift = Shift(monkeypatch)
    async with aclosing(model.stream(prompt())) as events:
        await anext(events)
        shift.forward(100)
        answer.release_all()
        assert await anext(events) == TextDelta("two")
        assert end_of([event async for event in events]).reason is FinishReason.STOP


async def test_the_whole_answer_takes_too_long(
    sim: OpenAISimulator, model: ChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.script.append(Answer(["one ", "two "]).hold(1))
    shift = Shift(monkeypatch)
    async with aclosing(model.stream(prompt())) as events:
        await anext(events)
        shift.forward(601)
        assert end_of([event async for event in events]).reason is FinishReason.CUT


async def test_a_server_that_does_not_stream(sim: OpenAISimulator, model: ChatModel) -> None:
    message = {"role": "assistant", "content": "whole"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    json_type = {"Content-Type": "application/json"}
    sim.faults.add(status=200, body=body, headers=json_type)
    events = await ask(model)
    assert text_of(events) == "whole"
    assert end_of(events) == Finished(FinishReason.STOP, None, MODEL)


async def test_a_web_page_is_no_answer(sim: OpenAISimulator, model: ChatModel) -> None:
    sim.faults.add(status=200, body=b"<html>hi</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(ModelMisconfigured) as caught:
        await ask(model)
    assert "OPENAI_BASE_URL" in caught.value.hint


async def test_half_characters_in_a_prompt_are_replaced(
    sim: OpenAISimulator, model: ChatModel
) -> None:
    await ask(model, prompt("Ada: \ud83d oh"))
    assert sim.chats[0].last_user_text == "Ada: ? oh"


async def test_neither_prompt_nor_key_is_logged(
    sim: OpenAISimulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot")
    secret = "a secret that must stay in the family and never be seen in any log at all, ever"
    model = ChatModel(settings_for(sim, api_key="wrong-key-4711"))
    echo = wire.failure(400, f"Invalid value: '{secret}' (key wrong-key-4711)", kind="bad")
    sim.faults.add(status=400, body=echo.error.body if echo.error else {})
    for _ in range(2):
        with pytest.raises((ModelMisconfigured, ModelRefused)) as caught:
            await ask(model, prompt(f"Ada: {secret}"))
        assert "4711" not in str(caught.value)
        assert "family" not in str(caught.value)
    await model.close()
    assert "request_id=" in caplog.text
    assert "4711" not in caplog.text
    assert "family" not in caplog.text


async def test_without_a_key(sim: OpenAISimulator) -> None:
    with pytest.raises(ModelMisconfigured):
        ChatModel(ModelSettings(MODEL))
    async with OpenAISimulator(api_key="none") as keyless:
        model = ChatModel(settings_for(keyless, api_key=""))
        assert text_of(await ask(model))
        await model.close()


@pytest.mark.parametrize("key", ["sk-\nabc", "sk-ключ"])
async def test_a_key_that_cannot_be_sent(sim: OpenAISimulator, key: str) -> None:
    model = ChatModel(settings_for(sim, api_key=key))
    with pytest.raises(ModelMisconfigured) as caught:
        await ask(model)
    assert "OPENAI_API_KEY" in caught.value.hint
    assert key not in str(caught.value)
    await model.close()


@pytest.mark.parametrize("url", ["127.0.0.1:1", "ftp://127.0.0.1/v1", "http://[::1/v1"])
async def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ModelMisconfigured) as caught:
        model = ChatModel(ModelSettings(MODEL, base_url=url))
        try:
            await ask(model)
        finally:
            await model.close()
    assert "OPENAI_BASE_URL" in caught.value.hint


async def test_nobody_listens() -> None:
    async with OpenAISimulator() as gone:
        settings = settings_for(gone)
    model = ChatModel(settings)
    with pytest.raises(ModelBusy) as caught:
        await ask(model)
    assert caught.value.retry_after is None
    await model.close()


async def test_models_offered(sim: OpenAISimulator, model: ChatModel) -> None:
    assert MODEL in await model.offered()
    sim.faults.add(status=500)
    with pytest.raises(ModelBusy):
        await model.offered()


async def test_the_prompt_may_be_all_there_is(sim: OpenAISimulator, model: ChatModel) -> None:
    await ask(model, Prompt((Message("user", "Ada: hi"), Message("assistant", "Hi Ada"))))
    assert [message.role for message in sim.chats[0].messages] == ["user", "assistant"]
