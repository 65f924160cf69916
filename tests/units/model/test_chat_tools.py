"""Tools over chat completions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.model.chat import ChatModel
from bot.model.port import FinishReason, Prompt, ToolCall
from tests.simulators import openai_sim as wire
from tests.simulators.openai_sim import Answer, Chunk, EndOfFile, OpenAISimulator, failure
from tests.units.model.asking import ask, end_of, prompt, settings_for, text_of
from tests.units.model.tools import DICE, after

ASKED = prompt(tools=(DICE,))


@pytest.fixture
async def model(sim: OpenAISimulator) -> AsyncIterator[ChatModel]:
    found = ChatModel(settings_for(sim, name="gpt-5.2"))
    yield found
    await found.close()


async def test_a_call_and_its_result(sim: OpenAISimulator, model: ChatModel) -> None:
    sim.script.append(Answer(["Let me see.", wire.ToolCall("dice", '{"sides": 6}', "a")]))
    sim.script.append(Answer("A four."))
    events = await ask(model, ASKED)
    last = end_of(events)
    assert last.reason is FinishReason.TOOLS
    assert last.calls == (ToolCall("a", "dice", '{"sides": 6}'),)
    assert last.usage is not None
    assert text_of(await ask(model, after(ASKED, last, "4", text="Let me see."))) == "A four."
    *_, called, result = sim.chats[1].messages
    assert (called.text, called.calls) == ("Let me see.", (("dice", '{"sides": 6}'),))
    assert (result.role, result.text, result.call_id) == ("tool", "4", "a")
    assert sim.chats[0].tools == ("dice",)
    assert sim.violations == []


@pytest.mark.parametrize("index", ["auto", None, 0])
async def test_two_calls_at_once(sim: OpenAISimulator, model: ChatModel, index: Any) -> None:
    calls = [wire.ToolCall("dice", f'{{"sides": {n}}}', f"id{n}", index) for n in (6, 20)]
    sim.script.append(Answer([wire.null_delta(), *calls, wire.null_delta()]))
    last = end_of(await ask(model, ASKED))
    assert [(call.id, call.arguments) for call in last.calls] == [
        ("id6", '{"sides": 6}'),
        ("id20", '{"sides": 20}'),
    ]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", FinishReason.TOOLS),
        ("tool_calls", FinishReason.TOOLS),
        (None, FinishReason.TOOLS),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.FILTERED),
    ],
)
async def test_what_a_finish_means_beside_calls(
    sim: OpenAISimulator, model: ChatModel, finish: str | None, reason: FinishReason
) -> None:
    delta = {"tool_calls": [{"id": "a", "function": {"name": "dice", "arguments": "{"}}]}
    chunk = Chunk({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    sim.script.append(Answer([chunk], finish_reason=finish))
    last = end_of(await ask(model, ASKED))
    assert last.reason is reason
    assert bool(last.calls) is (reason is FinishReason.TOOLS)


async def test_a_call_that_breaks_off_is_none(sim: OpenAISimulator, model: ChatModel) -> None:
    call = wire.ToolCall("dice", '{"sides": 6}')
    sim.script.append(Answer(["Let me see.", call, EndOfFile()]))
    last = end_of(await ask(model, ASKED))
    assert (last.reason, last.calls) == (FinishReason.CUT, ())


async def test_what_was_not_offered_is_not_called(sim: OpenAISimulator, model: ChatModel) -> None:
    for asked in (prompt(), replace(ASKED, may_call=False)):
        sim.script.append(Answer(["Hm.", wire.ToolCall("dice", "{}")]))
        last = end_of(await ask(model, asked))
        assert (last.reason, last.calls) == (FinishReason.STOP, ())


async def test_tools_may_be_told_of_and_not_called(sim: OpenAISimulator) -> None:
    model = ChatModel(settings_for(sim, name="gpt-5.2", dialect="openai"))
    await ask(model, replace(ASKED, may_call=False))
    await model.close()
    body = sim.chats[0].body or {}
    assert body["tool_choice"] == "none"
    assert sim.chats[0].tools == ("dice",)


REFUSALS: list[tuple[int, str, str | None]] = [
    (400, "registry.ollama.ai/library/gemma3:latest does not support tools", None),
    (400, '"auto" tool choice requires --enable-auto-tool-choice to be set', None),
    (400, "Unrecognized request argument supplied: tools", None),
    (400, "Invalid schema for function 'dice'", "tools[0].function.parameters"),
    (400, "Function tools with reasoning_effort are not supported", "reasoning_effort"),
    (404, "No endpoints found that support tool use.", None),
    (500, "tools param requires --jinja flag", None),
    (422, "body.tools: Extra inputs are not permitted", None),
]


@pytest.mark.parametrize(("status", "message", "param"), REFUSALS)
async def test_a_server_that_takes_no_tools_answers_without(
    sim: OpenAISimulator, model: ChatModel, status: int, message: str, param: str | None
) -> None:
    sim.script.append(failure(status, message, kind="api_error", param=param))
    sim.script.append(Answer("Then without."))
    assert model.takes_tools
    assert text_of(await ask(model, ASKED)) == "Then without."
    assert [request.tools for request in sim.chats] == [("dice",), ()]
    assert not model.takes_tools
    await ask(model, ASKED)
    assert sim.chats[-1].tools == ()


async def test_a_model_with_tools_elsewhere_answers_without(sim: OpenAISimulator) -> None:
    model = ChatModel(settings_for(sim))
    assert "Ada said" in text_of(await ask(model, ASKED))
    await model.close()
    assert [request.status for request in sim.chats] == [400, 200]
    assert not model.takes_tools


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("Unknown parameter: 'tools[0].function.strict'.", "tools[0].function.strict"),
        ("strict: Extra inputs are not permitted", None),
    ],
)
async def test_a_server_without_strict_schemas_keeps_the_tools(
    sim: OpenAISimulator, model: ChatModel, message: str, param: str | None
) -> None:
    sim.script.append(failure(400, message, param=param))
    await ask(model, ASKED)
    assert model.takes_tools
    first, second = ((request.body or {})["tools"][0]["function"] for request in sim.chats)
    assert first.pop("strict") is True
    assert first == second


async def test_other_errors_take_no_tools_away(sim: OpenAISimulator, model: ChatModel) -> None:
    sim.script.append(failure(500))
    with pytest.raises(Exception, match="server had an error"):
        await ask(model, ASKED)
    assert model.takes_tools


async def test_without_tools_nothing_is_sent_of_them(
    sim: OpenAISimulator, model: ChatModel
) -> None:
    await ask(model, Prompt(prompt().messages))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(sim.chats[0].body or {})
