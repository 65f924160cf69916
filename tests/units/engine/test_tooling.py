"""Calls that a model makes, checked and made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from bot.audience import Audience
from bot.chat import ThreadKey
from bot.context.tokens import Tokenizer
from bot.engine import tooling
from bot.engine.tooling import LEAST_RESULT, MOST_CALLS, Toolbox
from bot.errors import StoreUnavailable
from bot.model.port import ToolCall, ToolSpec
from bot.tools import ToolContext

CONTEXT = ToolContext("t1", 0, ThreadKey("p", "s", "c", "t"), Audience("p", "s", "c"), ())
SPEC = ToolSpec(
    "note",
    "Keep a note.",
    {
        "type": "object",
        "properties": {
            "text": {"type": "string", "minLength": 1},
            "tags": {"type": ["array", "null"], "items": {"type": "string"}},
        },
        "required": ["text", "tags"],
        "additionalProperties": False,
    },
)
GOOD = '{"text": "tea", "tags": null}'


@dataclass
class Note:
    spec: ToolSpec = SPEC
    keys: list[str] = field(default_factory=list[str])

    async def call(self, arguments: Mapping[str, object], context: ToolContext) -> str:
        self.keys.append(context.key)
        match arguments["text"]:
            case "away":
                raise StoreUnavailable("gone")
            case "slow":
                await asyncio.Event().wait()
            case "long":
                return "word " * 5000
            case "bug":
                raise KeyError("bug")
        return "kept"


async def results(
    note: Note, *arguments: str, name: str = "note", room: int = 1000, seconds: float = 5.0
) -> Sequence[str]:
    box = Toolbox([note], Tokenizer(), seconds)
    calls = [ToolCall(f"id{n}", name, text) for n, text in enumerate(arguments)]
    messages = await box.call(calls, CONTEXT, room)
    assert [message.call_id for message in messages] == [call.id for call in calls]
    assert {message.role for message in messages} == {"tool"}
    return [message.content for message in messages]


async def test_a_good_call_is_made() -> None:
    assert await results(Note(), GOOD) == ["kept"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ("", "required"),
        ("{}", "'text' is a required property"),
        ('{"text": 5, "tags": null}', "$.text: 5 is not of type 'string'"),
        ('{"text": "", "tags": null}', "$.text"),
        ('{"text": "tea", "tags": [1]}', "$.tags[0]"),
        ('{"text": "tea", "tags": null, "scope": "all"}', "'scope' was unexpected"),
    ],
)
async def test_wrong_arguments_are_told(arguments: str, fault: str) -> None:
    note = Note()
    [told] = await results(note, arguments)
    assert told.startswith("The arguments do not fit. Nothing was done.")
    assert fault in told
    assert note.keys == []


@pytest.mark.parametrize("arguments", ["{", "[]", '"x"', "[" * 100_000, "null", "9" * 5000])
async def test_what_is_no_object_is_told(arguments: str) -> None:
    assert await results(Note(), arguments) == [tooling.NOT_JSON]


async def test_an_unknown_tool_is_told() -> None:
    [told] = await results(Note(), GOOD, name="erase")
    assert told == "There is no tool with that name. There are: note."


async def test_errors_of_ours_are_told_in_their_words() -> None:
    [told] = await results(Note(), '{"text": "away", "tags": null}')
    assert told == f"That did not work: {StoreUnavailable.user_text}"


async def test_a_slow_call_is_given_up_and_others_are_not() -> None:
    slow = '{"text": "slow", "tags": null}'
    assert await results(Note(), slow, GOOD, seconds=0.5) == [tooling.TOO_SLOW, "kept"]


async def test_a_fault_of_a_tool_ends_the_others() -> None:
    note = Note()
    with pytest.raises(KeyError):
        bug, slow = ('{"text": "bug", "tags": null}', '{"text": "slow", "tags": null}')
        await results(note, slow, bug, seconds=60)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("tool ")]


async def test_so_many_calls_are_made_at_once() -> None:
    note = Note()
    told = await results(note, *[GOOD] * (MOST_CALLS + 2))
    assert told[MOST_CALLS:] == [tooling.TOO_MANY] * 2
    assert len(note.keys) == MOST_CALLS


async def test_results_share_the_room_there_is() -> None:
    long = '{"text": "long", "tags": null}'
    one, other = await results(Note(), long, long, room=1000)
    assert Tokenizer().count(one) <= 500 and "left out" in one and one == other
    [least] = await results(Note(), long, room=0)
    assert Tokenizer().count(least) <= LEAST_RESULT


async def test_a_call_made_again_has_the_same_name_whatever_came_before() -> None:
    other = '{"text": "coffee", "tags": null}'
    first, successor = Note(), Note()
    await results(first, GOOD, other, GOOD)
    await results(successor, other, '{"tags":null,"text":"tea"}', GOOD)
    assert len(set(first.keys)) == 3
    assert sorted(first.keys) == sorted(successor.keys)


def test_tools_take_tokens_and_none_take_none() -> None:
    assert Toolbox([], Tokenizer()).tokens == 0
    assert 50 < Toolbox([Note()], Tokenizer()).tokens < 150
