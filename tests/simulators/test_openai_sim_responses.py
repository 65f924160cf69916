"""The simulator's Responses API and its rules for tools, driven by the unmodified SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.simulators.openai_sim import Answer, OpenAISimulator, Refusal, ToolCall
from tests.simulators.openai_sim.sdk import client_of

MODEL = "gpt-6-luna"
HELLO: list[Any] = [{"role": "user", "content": "Ada: hello"}]
INCLUDE = ["reasoning.encrypted_content"]


def schema(**properties: Any) -> dict[str, Any]:
    """A strict one."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


DICE = {"name": "dice", "parameters": schema(sides={"type": "integer"}), "strict": True}
TOOL: dict[str, Any] = {"type": "function", **DICE}
CHAT_TOOL: dict[str, Any] = {"type": "function", "function": DICE}


@asynccontextmanager
async def served(**options: Any) -> AsyncIterator[tuple[OpenAISimulator, AsyncOpenAI]]:
    async with OpenAISimulator(**options) as sim, client_of(sim) as sdk:
        yield sim, sdk


async def ask(client: AsyncOpenAI, **body: Any) -> Any:
    given: dict[str, Any] = {"model": MODEL, "input": HELLO, "store": False} | body
    return await client.responses.create(**given)


async def events(client: AsyncOpenAI, **body: Any) -> list[Any]:
    async with await ask(client, stream=True, **body) as stream:
        return [event async for event in stream]


async def test_a_stream_has_every_event_in_order() -> None:
    async with served() as (sim, client):
        sim.script.append(Answer(["Hel", "lo", ToolCall("dice", '{"sides": 6}')]))
        got = await events(client, tools=[TOOL], include=INCLUDE)
        assert [event.type.removeprefix("response.") for event in got] == [
            "created",
            "in_progress",
            "output_item.added",
            "output_item.done",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "completed",
        ]
        assert [event.sequence_number for event in got] == list(range(len(got)))
        whole = got[-1].response
        assert [item.type for item in whole.output] == ["reasoning", "message", "function_call"]
        assert whole.output_text == "Hello" and whole.usage.input_tokens > 0
        assert sim.violations == []


@pytest.mark.parametrize(
    ("finish", "kind", "reason"),
    [
        ("length", "response.incomplete", "max_output_tokens"),
        ("content_filter", "response.incomplete", "content_filter"),
        ("error", "response.failed", None),
    ],
)
async def test_how_a_response_ends(finish: str, kind: str, reason: str | None) -> None:
    async with served() as (sim, client):
        sim.script.append(Answer("so far", finish_reason=finish))
        last = (await events(client))[-1]
        assert last.type == kind
        details = last.response.incomplete_details
        assert (details.reason if details else None) == reason


async def test_a_refusal_is_a_part_of_its_own() -> None:
    async with served() as (sim, client):
        sim.script.append(Answer([Refusal("I "), Refusal("won't")]))
        got = await events(client)
        assert [e.delta for e in got if e.type == "response.refusal.delta"] == ["I ", "won't"]


async def test_what_the_model_put_out_comes_back_unchanged_and_in_place() -> None:
    async with served() as (sim, client):
        sim.script.append(Answer([ToolCall("dice", '{"sides": 6}')]))
        first = await ask(client, tools=[TOOL], include=INCLUDE)
        output = [item.to_dict() for item in first.output]
        [call] = [item for item in output if item["type"] == "function_call"]
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "4"}
        got = await ask(client, input=[*HELLO, *output, result], tools=[TOOL], include=INCLUDE)
        assert got.status == "completed"
        assert sim.requests[-1].messages[-1].call_id == call["call_id"]
        assert sim.requests[-1].results == ["4"]
        thought = {**output[0], "encrypted_content": "gAAAA-other"}
        for wrong in (
            [*HELLO, call, result],
            [*HELLO, thought, call, result],
            [*HELLO, *output],
            [*HELLO, result],
            [*HELLO, *reversed(output), result],
        ):
            with pytest.raises(openai.BadRequestError):
                await ask(client, input=wrong, tools=[TOOL], include=INCLUDE)


async def test_reasoning_that_was_not_asked_for_cannot_come_back() -> None:
    async with served() as (sim, client):
        sim.script.append(Answer([ToolCall("dice", '{"sides": 6}')]))
        first = await ask(client, tools=[TOOL])
        output = [item.to_dict() for item in first.output]
        result = {"type": "function_call_output", "call_id": output[1]["call_id"], "output": "4"}
        with pytest.raises(openai.BadRequestError, match="not persisted"):
            await ask(client, input=[*HELLO, *output, result])


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"colour": "red"}, "colour"),
        ({"max_output_tokens": 5}, "max_output_tokens"),
        ({"input": []}, "input"),
        ({"input": [{"role": "bot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, None),
        ({"input": [{"role": "user", "content": "x", "name": "Ada"}]}, "input[0].name"),
        ({"temperature": 0.3}, "temperature"),
        ({"model": "gpt-4.1", "include": INCLUDE}, "include"),
        ({"reasoning": {"effort": "minimal"}}, "reasoning.effort"),
        ({"tool_choice": "none"}, "tool_choice"),
        ({"tools": [CHAT_TOOL]}, None),
    ],
)
async def test_what_is_refused(body: dict[str, Any], param: str | None) -> None:
    async with served() as (_, client):
        given = {"model": MODEL, "input": HELLO} | body
        with pytest.raises(openai.BadRequestError) as refused:
            await client.post("/responses", body=given, cast_to=object)
        assert param is None or refused.value.param == param


LOOSE: list[Any] = [
    {**schema(a={"type": "string"}), "additionalProperties": True},
    {**schema(a={"type": "string"}), "required": []},
    schema(a={"type": "object", "properties": {}}),
    schema(a={"type": "array"}),
    schema(a={}),
    {"type": "string"},
    None,
]


@pytest.mark.parametrize("parameters", LOOSE, ids=range(len(LOOSE)))
async def test_a_strict_tool_has_a_strict_schema(parameters: Any) -> None:
    async with served() as (_, client):
        wrong = {**DICE, "parameters": parameters}
        with pytest.raises(openai.BadRequestError, match="schema"):
            await ask(client, tools=[{"type": "function", **wrong}])
        with pytest.raises(openai.BadRequestError, match="schema"):
            await client.post(
                "/chat/completions",
                body={
                    "model": "gpt-5.2",
                    "messages": HELLO,
                    "tools": [{"type": "function", "function": wrong}],
                },
                cast_to=object,
            )


async def test_newer_models_take_tools_over_responses_alone() -> None:
    async with served() as (_, client):
        with pytest.raises(openai.BadRequestError, match="use /v1/responses"):
            await client.chat.completions.create(model=MODEL, messages=HELLO, tools=[CHAT_TOOL])
        assert (await ask(client, tools=[TOOL])).status == "completed"


async def test_some_models_take_no_tools() -> None:
    async with served(dialect="compatible", models=["small"]) as (sim, client):
        sim.models["small"] = replace(sim.models["small"], calls=False)
        with pytest.raises(openai.BadRequestError, match="does not support tools"):
            await ask(client, model="small", tools=[TOOL])


async def test_the_cache_is_the_same_over_both_apis() -> None:
    async with served() as (sim, client):
        long = "word " * 4000
        given = [{"role": "user", "content": [{"type": "input_text", "text": long}]}]
        await ask(client, input=given, model="gpt-5.2")
        usage = (await ask(client, input=given, model="gpt-5.2")).usage
        assert usage.input_tokens_details.cached_tokens > 4000
        assert sim.requests[0].prompt_tokens == usage.input_tokens
