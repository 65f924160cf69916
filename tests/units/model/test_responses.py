"""The Responses API: stateless, with everything an answer needs carried along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import (
    ContextTooLong,
    ModelBusy,
    ModelMisconfigured,
    ModelRefused,
    NoSight,
    QuotaExhausted,
)
from bot.model.endpoint import open_endpoint
from bot.model.port import (
    Finished,
    FinishReason,
    Message,
    Picture,
    Prompt,
    TextDelta,
    ToolCall,
    Usage,
)
from bot.model.responses import ResponsesModel
from bot.model.settings import ModelSettings
from tests.simulators import openai_sim as wire
from tests.simulators.openai_sim import Answer, Cut, EndOfFile, OpenAISimulator, Raw, Stall, failure
from tests.units.model.asking import MODEL, Shift, ask, end_of, prompt, settings_for, text_of
from tests.units.model.tools import DICE, after

ASKED = prompt(tools=(DICE,))
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"
    b"\x90wS\xde\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
async def model(sim: OpenAISimulator) -> AsyncIterator[ResponsesModel]:
    found = ResponsesModel(settings_for(sim))
    yield found
    await found.close()


def told(**event: Any) -> Raw:
    return Raw(b"data: " + json.dumps(event).encode() + b"\n\n")


async def test_an_answer_comes_in_pieces(sim: OpenAISimulator, model: ResponsesModel) -> None:
    usage = wire.Usage(2000, 50, cached=1024, written=900, reasoning=20)
    sim.script.append(Answer(["Hel", "lo ", "Ada"], usage=usage, model="gpt-6-luna-2026-09-01"))
    assert await ask(model) == [
        TextDelta("Hel"),
        TextDelta("lo "),
        TextDelta("Ada"),
        Finished(FinishReason.STOP, Usage(2000, 50, 1024, 900, 20), "gpt-6-luna-2026-09-01"),
    ]
    body = sim.chats[0].body or {}
    assert (body["store"], body["include"]) == (False, ["reasoning.encrypted_content"])
    assert "previous_response_id" not in body and "conversation" not in body
    assert [message.text for message in sim.chats[0].messages] == ["You are Bobbin.", "Ada: hello"]
    assert sim.violations == []


async def test_reasoning_goes_back_unchanged_with_the_calls(
    sim: OpenAISimulator, model: ResponsesModel
) -> None:
    sim.script.append(
        Answer(
            [
                wire.Reasoning("hm"),
                "Let me see.",
                wire.ToolCall("dice", '{"sides": 6}', "a"),
                wire.Reasoning("and"),
                wire.ToolCall("dice", '{"sides": 20}', "b"),
            ]
        )
    )
    sim.script.append(Answer([wire.ToolCall("dice", '{"sides": 4}', "c")]))
    sim.script.append(Answer("Four."))
    events = await ask(model, ASKED)
    first = end_of(events)
    assert text_of(events) == "Let me see."
    assert first.reason is FinishReason.TOOLS
    assert first.calls == (
        ToolCall("a", "dice", '{"sides": 6}'),
        ToolCall("b", "dice", '{"sides": 20}'),
    )
    again = after(ASKED, first, "4", "17", text="Let me see.")
    second = end_of(await ask(model, again))
    assert text_of(await ask(model, after(again, second, "3"))) == "Four."
    assert sim.chats[2].results == ["4", "17", "3"]
    assert sim.violations == []


async def test_calls_from_elsewhere_are_told_too(
    sim: OpenAISimulator, model: ResponsesModel
) -> None:
    called = Finished(FinishReason.TOOLS, None, MODEL, (ToolCall("a", "dice", "{}"),))
    await ask(model, after(ASKED, called, "4", text="Well."))
    *_, said, calls, result = sim.chats[0].messages
    assert (said.text, calls.calls, result.text) == ("Well.", (("dice", "{}"),), "4")


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.FILTERED),
        ("error", FinishReason.CUT),
        (None, FinishReason.CUT),
    ],
)
async def test_how_an_answer_ends(
    sim: OpenAISimulator, model: ResponsesModel, finish: str | None, reason: FinishReason
) -> None:
    sim.script.append(Answer("some text", finish_reason=finish))
    assert end_of(await ask(model)).reason is reason


@pytest.mark.parametrize("finish", ["error", None])
async def test_without_text_such_an_end_is_a_fault(
    sim: OpenAISimulator, model: ResponsesModel, finish: str | None
) -> None:
    sim.script.append(Answer([wire.Reasoning("hm")], finish_reason=finish))
    with pytest.raises(ModelBusy):
        await ask(model)


async def test_calls_of_an_unfinished_response_are_none(
    sim: OpenAISimulator, model: ResponsesModel
) -> None:
    sim.script.append(Answer(["So", wire.ToolCall("dice", "{")], finish_reason="length"))
    last = end_of(await ask(model, ASKED))
    assert (last.reason, last.calls, last.carried) == (FinishReason.LENGTH, (), ())


BROKEN = [
    pytest.param(Cut(), id="reset"),
    pytest.param(Cut(reset=False), id="half a chunk"),
    pytest.param(EndOfFile(), id="clean end"),
    pytest.param(wire.error_object(), id="error object"),
    pytest.param(wire.error_event(), id="error event"),
    pytest.param(wire.malformed_json(), id="broken json"),
    pytest.param(told(type="error", code="server_error", message="gone"), id="flat error"),
    pytest.param(
        told(type="response.failed", response={"status": "failed", "error": {"code": "x"}}),
        id="failed",
    ),
    pytest.param(told(type="response.failed", response={}), id="failed, no words"),
]


@pytest.mark.parametrize("fault", BROKEN)
async def test_cut_after_text(
    sim: OpenAISimulator, model: ResponsesModel, fault: wire.Piece
) -> None:
    sim.script.append(Answer(["Hel", "lo", fault]))
    events = await ask(model)
    assert text_of(events) == "Hello"
    assert end_of(events).reason is FinishReason.CUT


@pytest.mark.parametrize("fault", BROKEN)
async def test_cut_before_text(
    sim: OpenAISimulator, model: ResponsesModel, fault: wire.Piece
) -> None:
    sim.script.append(Answer([wire.Reasoning("hm"), fault]))
    with pytest.raises(ModelBusy):
        await ask(model)
    assert len(sim.chats) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("insufficient_quota", QuotaExhausted),
        ("context_length_exceeded", ContextTooLong),
        ("invalid_prompt", ModelRefused),
        ("rate_limit_exceeded", ModelBusy),
    ],
)
async def test_a_failed_response_says_why(
    sim: OpenAISimulator, model: ResponsesModel, code: str, error: type[Exception]
) -> None:
    failed = {"status": "failed", "error": {"code": code, "message": "no"}}
    sim.script.append(Answer([told(type="response.failed", response=failed)]))
    with pytest.raises(error):
        await ask(model)


@pytest.mark.parametrize(
    "piece",
    [
        wire.comment(),
        wire.empty_data(),
        wire.ping_event(),
        Raw(b"data: 17\n\ndata: []\n\nid: 3\n\n"),
        told(type="response.queued"),
        told(type="keepalive", sequence_number=3),
        told(type="response.output_text.delta", delta=None),
        told(type="response.output_item.done", item=None),
        told(type="response.audio.delta", delta="AAAA"),
    ],
)
async def test_odd_events_do_no_harm(
    sim: OpenAISimulator, model: ResponsesModel, piece: wire.Piece
) -> None:
    sim.script.append(Answer([piece, "Hel", piece, "lo", piece]))
    events = await ask(model)
    assert text_of(events) == "Hello"
    assert end_of(events).reason is FinishReason.STOP


async def test_refusals_are_shown_and_two_messages_are_two_paragraphs(
    sim: OpenAISimulator, model: ResponsesModel
) -> None:
    sim.script.append(Answer([wire.Refusal("I can't "), wire.Refusal("do that.")]))
    assert text_of(await ask(model)) == "I can't do that."
    sim.script.append(Answer(["First.", wire.Reasoning("hm"), "Second."]))
    assert text_of(await ask(model)) == "First.\n\nSecond."


async def test_text_that_comes_whole_is_text(sim: OpenAISimulator, model: ResponsesModel) -> None:
    item = {"type": "message", "content": [{"type": "output_text", "text": "Whole."}]}
    done = told(type="response.output_item.done", output_index=7, item=item)
    sim.script.append(Answer([done]))
    assert text_of(await ask(model)) == "Whole."
    output = {"status": "completed", "output": [item]}
    sim.script.append(Answer([told(type="response.completed", response=output)]))
    assert text_of(await ask(model)) == "Whole."


async def test_closing_ends_the_request_at_once(
    sim: OpenAISimulator, model: ResponsesModel
) -> None:
    sim.script.append(Answer(["Hel", Stall()]))
    async with aclosing(model.stream(prompt())) as events:
        async for _ in events:
            break
    await sim.until(lambda: sim.disconnects)


async def test_cancelling_ends_the_request_at_once(
    sim: OpenAISimulator, model: ResponsesModel
) -> None:
    sim.script.append(Answer(["Hel", Stall()]))
    asking = asyncio.create_task(ask(model))
    await sim.until(lambda: sim.chats and sim.chats[0].deltas_written)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await sim.until(lambda: sim.disconnects)


async def test_thinking_is_life_and_silence_is_not(
    sim: OpenAISimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One that does not think by itself, so that nothing comes before its silence.
    settings = settings_for(sim, name="gpt-5.2", first_token_seconds=60, gap_seconds=30)
    model = ResponsesModel(settings)
    shift = Shift(monkeypatch)
    answer = Answer([wire.Reasoning("hm"), wire.Reasoning("so"), "Yes."]).hold(after=1)
    sim.script.append(answer)
    asking = asyncio.create_task(ask(model))
    await sim.until(lambda: sim.chats and sim.chats[0].deltas_written == 1)
    shift.forward(29)
    answer.release()
    await sim.until(lambda: sim.chats[0].deltas_written == 2)
    shift.forward(29)
    answer.release_all()
    assert text_of(await asking) == "Yes."
    sim.script.append(Answer([Stall()]))
    asking = asyncio.create_task(ask(model))
    await sim.until(lambda: len(sim.chats) == 2 and sim.chats[1].status)
    shift.forward(61)
    with pytest.raises(ModelBusy, match="time-out"):
        await asking
    await model.close()


async def test_everything_that_openai_takes(sim: OpenAISimulator) -> None:
    model = ResponsesModel(settings_for(sim, dialect="openai"))
    asked = replace(ASKED, cache_key="k", user="u", max_output_tokens=5)
    history = (Message("user", "Ada: before"), Message("assistant", "Yes?"))
    system, newest = asked.messages
    asked = replace(asked, messages=(system, *history, newest), may_call=False)
    await ask(model, asked)
    await model.close()
    body = sim.chats[0].body or {}
    assert (body["prompt_cache_key"], body["safety_identifier"]) == ("k", "u")
    assert body["max_output_tokens"] == 16
    assert (body["tool_choice"], sim.chats[0].tools) == ("none", ("dice",))
    assert body["prompt_cache_options"] == {"mode": "explicit"}
    marked = [
        "prompt_cache_breakpoint" in part
        for item in body["input"]
        for part in (item["content"] if isinstance(item["content"], list) else [])
    ]
    assert marked == [False, True, False]
    assert sim.violations == []


@pytest.mark.parametrize("more", [{"temperature": 0.2}, {"name": "gpt-4.1"}])
async def test_a_refused_field_is_left_out_for_good(
    sim: OpenAISimulator, more: dict[str, Any]
) -> None:
    model = ResponsesModel(settings_for(sim, **more))
    for _ in range(2):
        assert end_of(await ask(model)).reason is FinishReason.STOP
    await model.close()
    assert [request.status for request in sim.chats] == [400, 200, 200]


async def test_a_server_that_takes_no_tools_answers_without(
    sim: OpenAISimulator, model: ResponsesModel
) -> None:
    sim.models[MODEL] = replace(sim.models[MODEL], calls=False)
    assert "Ada said" in text_of(await ask(model, ASKED))
    assert not model.takes_tools
    assert [request.tools for request in sim.chats] == [("dice",), ()]


async def test_pictures_are_shown(sim: OpenAISimulator, model: ResponsesModel) -> None:
    picture = Picture("image/png", PNG, 1, 1, "low")
    shown = Prompt((Message("user", "Ada: what is this?", (picture,)),))
    await ask(model, shown)
    [seen] = sim.chats[0].pictures
    assert (seen.data, seen.detail) == (PNG, "low")
    sim.models[MODEL] = replace(sim.models[MODEL], vision=False)
    with pytest.raises(NoSight):
        await ask(model, shown)


async def test_an_overflow_is_told_with_its_window(sim: OpenAISimulator) -> None:
    model = ResponsesModel(settings_for(sim))
    sim.context_window = 50
    with pytest.raises(ContextTooLong) as told_of:
        await ask(model, prompt("Ada: " + "word " * 200))
    assert told_of.value.limit == 50
    await model.close()


async def test_a_server_that_does_not_stream(sim: OpenAISimulator, model: ResponsesModel) -> None:
    body = {
        "object": "response",
        "status": "completed",
        "model": "local",
        "output": [
            {"type": "message", "content": [{"type": "output_text", "text": "Whole."}]},
            {"type": "function_call", "call_id": "a", "name": "dice", "arguments": "{}"},
        ],
    }
    sim.faults.add("/v1/responses", status=200, body=body)
    events = await ask(model, ASKED)
    assert text_of(events) == "Whole."
    assert end_of(events).calls == (ToolCall("a", "dice", "{}"),)


async def test_a_server_without_that_api(sim: OpenAISimulator, model: ResponsesModel) -> None:
    sim.script.append(failure(404, "404 page not found", kind="x"))
    with pytest.raises(ModelMisconfigured) as told_of:
        await ask(model)
    assert "OPENAI_API" in told_of.value.hint


@pytest.mark.parametrize(
    ("settings", "api"),
    [
        (ModelSettings("m", "k"), "responses"),
        (ModelSettings("m", "k", "https://eu.api.openai.com/v1"), "responses"),
        (ModelSettings("m", "k", "https://api.openai.com.evil.example/v1"), "chat"),
        (ModelSettings("m", "k", "http://localhost:11434/v1"), "chat"),
        (ModelSettings("m", "k", "http://localhost:11434/v1", api="responses"), "responses"),
        (ModelSettings("m", "k", api="chat"), "chat"),
    ],
)
async def test_the_api_goes_by_host_unless_it_is_named(settings: ModelSettings, api: str) -> None:
    model = open_endpoint(settings)
    assert model.api == api
    await model.close()
