from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.context.render import SUMMARY_HEADER
from bot.context.sections import parse
from bot.context.summary import fold_instruction, fold_messages, summary_prompt
from bot.memory.tools import SAID
from bot.model.demo import DemoModel
from bot.model.demo_memory import read_conversation
from bot.model.port import (
    Finished,
    FinishReason,
    Message,
    Prompt,
    Purpose,
    TextDelta,
    ToolSpec,
)
from bot.records import Entry, Summary
from tests.units.model.asking import ask, end_of, text_of

NOW = "\n\n[Now: 2026-11-21 10:00 UTC. In this thread: Ada, Ben]"
ANSWER = Message("assistant", "I see.")


def person(text: str) -> Message:
    return Message("user", text)


async def reply(*messages: Message, now: str = NOW) -> str:
    *older, last = messages
    shown = (Message("system", "s"), *older, person(last.content + now))
    return text_of(await ask(DemoModel(pace=0), Prompt(shown)))


async def fold(messages: Sequence[Message]) -> str:
    asked = Prompt(tuple(messages), purpose=Purpose.SUMMARY)
    return text_of(await ask(DemoModel(pace=0), asked))


async def test_it_says_what_it_is() -> None:
    text = await reply(person("Ada: hello"))
    assert "demo" in text
    assert "OPENAI_API_KEY" in text
    assert "OPENAI_BASE_URL" in text
    text = await reply(person("Ada: hello"), ANSWER, person("Ada: nice weather"))
    assert "OPENAI" not in text
    assert "2 messages from Ada" in text


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Ada: what is my name?", "**Ada Lovelace**"),
        ("Ben: What's Ada's favorite color?", "Ada said: “My favourite colour is teal.”"),
        ("Ada: which colour do I like?", "You said: “My favourite colour is teal.”"),
        ("Ada: What did I say first?", "“My name is Ada Lovelace.”"),
        ("Ada: what did Ben say last?", "“We decided to ship v1.2.0 on Friday”"),
        ("Ada: what did we decide?", "- Ben: We decided to ship v1.2.0 on Friday"),
        ("Ben: what do you know about Ada?", "- Ada: My favourite colour is teal."),
        ("Ben: who is here?", "4 messages from Ada and Ben"),
        ("Ben: recap", "**Decisions**\n- Ben: We decided to ship v1.2.0 on Friday"),
    ],
)
async def test_it_remembers(question: str, wanted: str) -> None:
    said = (
        person("Ada: My name is Ada Lovelace."),
        ANSWER,
        person("Ada: My favourite colour is teal."),
        person("Ben: We decided to ship v1.2.0 on Friday"),
        ANSWER,
    )
    assert wanted in await reply(*said, person(question))
    assert wanted not in await reply(person(question))


RECALLED = """

<memories note="For reference.">
[ab12, 2026-11-20, fact, "#loom"] "Ada's loom is \\"Hildegard\\" [the third]."
[discord:1:2:3#2, 2026-11-20, said by you] "Ada's loom? I can see 3 messages from Ada."
</memories>"""


async def test_what_is_recalled_is_nobodys_word_and_answers_what_is_said_nowhere_here() -> None:
    text = await reply(person("Ben: what is Ada's loom called?"), now=RECALLED + NOW)
    assert 'From long-term memory: “Ada\'s loom is "Hildegard" [the third].”' in text
    text = await reply(person("Ben: good weather today"), now=RECALLED + NOW)
    assert "I read you, Ben: “good weather today”. I can see 1 message from Ben." in text
    assert "memories" not in text and "Hildegard" not in text
    said = person("Ada: my loom is Brunhild"), ANSWER, person("Ben: what is Ada's loom called?")
    assert "Brunhild" in await reply(*said, now=RECALLED + NOW)


async def test_it_does_not_make_things_up() -> None:
    said = (person("Ada: My favourite colour is teal."), ANSWER)
    assert "appear here as **Ben**" in await reply(*said, person("Ben: Who am I?"))
    assert "find nothing" in await reply(*said, person("Ben: how tall is that mountain?"))
    assert "Nothing that I can see" in await reply(*said, person("Ben: what did we decide?"))
    assert "Nothing yet about Ben" in await reply(*said, person("Ben: what do you know of me?"))


async def test_several_people_are_answered_by_name() -> None:
    text = await reply(ANSWER, person("Ada: Remember the milk."), person("Ben: who is here?"))
    ada, ben = text.split("\n\n")
    assert ada.startswith("**Ada**: I'll remember that")
    assert ben == "**Ben**: I can see 2 messages from Ada and Ben."


async def test_what_was_folded_is_still_known() -> None:
    summary = "## Decisions\n- Ada (2026-11-20): We decided on Postgres.\n\n## Facts\n- none"
    before = person(f"{SUMMARY_HEADER}\n\n{summary}")
    text = await reply(before, person("Ben: what did we decide?"))
    assert "- Ada (2026-11-20): We decided on Postgres." in text
    text = await reply(before, person("Ben: is it Postgres or something else?"))
    assert "From my summary of earlier: “Ada (2026-11-20): We decided on Postgres.”" in text


async def test_messages_from_before_it_was_called() -> None:
    before = person("[Messages of this thread from before.]\nAda: the code is 4711\n  Ben: no")
    text = await reply(before, person("Ben: what is the code?"))
    assert text.startswith("Ada said: “the code is 4711”")


def entry(seq: int, author: str, text: str) -> Entry:
    role = "user" if author else "assistant"
    return Entry(role, text, 1_795_000_000.0 + seq, author=author, seq=seq)


ENTRIES = (
    entry(1, "Ada", "We want to build a loom. My favourite wood is oak."),
    entry(2, "", "Nice."),
    entry(3, "Ben", "We decided to use loom-2.1, see https://loom.example/2"),
    entry(4, "Ada", "Who orders the wood?"),
)
OLD = Summary("## Goal\n- Weave\n\n## Decisions\n- Ada: No wool.", upto=0, version=1)


@pytest.mark.parametrize("way", ["conversation", "transcript"])
async def test_summaries(way: str) -> None:
    if way == "conversation":
        shown = [person(f"{SUMMARY_HEADER}\n\n{OLD.text}")]
        shown += [
            person(f"{e.author}: {e.text}") if e.author else Message("assistant", e.text)
            for e in ENTRIES
        ]
        text = await fold(fold_messages(shown, fold_instruction(ENTRIES, 300)))
    else:
        text = await fold(summary_prompt(OLD, ENTRIES, 300))
    assert parse(text) == {
        "Goal": ["Weave"],
        "Decisions": [
            "Ada: No wool.",
            "Ben: We decided to use loom-2.1, see https://loom.example/2",
        ],
        "Facts and preferences": ["Ada: My favourite wood is oak."],
        "Open questions": ["Ada: Who orders the wood?"],
        "Identifiers": ["2.1", "https://loom.example/2"],
    }


async def test_a_summary_keeps_to_its_length() -> None:
    many = [entry(n, "Ada", f"My number {n} is {n * 1000}.") for n in range(1, 200)]
    text = await fold(summary_prompt(Summary(), many, 100))
    assert len(text.split()) <= 100
    assert "199000" in text


async def test_the_limit_and_the_figures() -> None:
    asked = Prompt((person("Ada: hello"),), max_output_tokens=5)
    events = await ask(DemoModel(pace=0), asked)
    last = end_of(events)
    assert last.reason is FinishReason.LENGTH
    assert last.usage is not None
    assert last.usage.completion == 5
    assert len(text_of(events)) == 20
    assert len([event for event in events if isinstance(event, TextDelta)]) > 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["user", "assistant", "system"]),
            st.text(max_size=60)
            | st.sampled_from(["Ada: what did we decide?", "[Summary]\n## Goal\n- x", "Ada: hi"]),
        ),
        max_size=5,
    ),
    st.booleans(),
)
async def test_any_prompt_is_answered(said: list[tuple[str, str]], folding: bool) -> None:
    messages = tuple(Message(role, text) for role, text in said)  # pyright: ignore[reportArgumentType]
    read_conversation(messages, folding=folding)
    purpose = Purpose.SUMMARY if folding else Purpose.REPLY
    events = await ask(DemoModel(pace=0), Prompt(messages, purpose=purpose))
    assert end_of(events).reason is FinishReason.STOP
    assert folding or text_of(events)


async def test_a_list_in_an_answer_is_nobodys_word() -> None:
    said = "Try me:\n- tell me something: “We decided on Friday.”"
    entries = (
        Entry("user", "hello there", 1.0, author_id="a", author="Ada", seq=1),
        Entry("assistant", said, 2.0, seq=2),
    )
    assert "Friday" not in await fold(summary_prompt(Summary(), entries, 300))


async def test_what_asks_for_a_summary_is_nobodys_word() -> None:
    entries = (Entry("user", "My favourite colour is teal.", 1.0, author="Ada", seq=1),)
    shown = (person("Ada: My favourite colour is teal."),)
    summary = await fold(fold_messages(shown, fold_instruction(entries, 300)))
    assert "- -" not in summary
    assert "from" not in summary


NOTE = ToolSpec(
    "remember",
    "Keep something.",
    {
        "type": "object",
        "properties": {
            "content": {"type": "string"},
            "kind": {"type": "string", "enum": ["fact", "note"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "until": {"type": ["string", "null"]},
        },
        "required": ["content", "kind", "tags", "until"],
        "additionalProperties": False,
    },
)


@pytest.mark.parametrize("before", ["Please", "Hello Bobbin, please", "hi,"])
async def test_it_calls_the_tool_that_remembers_when_it_is_told_to(before: str) -> None:
    text = f"Ada: {before} remember that the retro is on Friday.\n\n[Now: 2026-11-21 10:00 UTC.]"
    asked = Prompt((Message("user", text),), tools=(NOTE,))
    last = (await ask(DemoModel(0), asked))[-1]
    assert isinstance(last, Finished) and last.reason is FinishReason.TOOLS
    [call] = last.calls
    assert json.loads(call.arguments) == {
        "content": "the retro is on Friday.",
        "kind": "note",
        "tags": [],
        "until": None,
    }
    for result, said in (
        ("That was remembered already. Go on.", "That was remembered already."),
        (f"Remembered as mem_1, for this channel. {SAID}", "Noted."),
    ):
        told = Message("tool", result, call_id=call.id)
        called = Message("assistant", "", (), (call,))
        again = replace(asked, messages=(*asked.messages, called, told))
        assert text_of(await ask(DemoModel(0), again)) == said


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("Ada: Do you remember the retro?", {"tools": (NOTE,)}),
        ("Ada: remember that it is Friday", {"tools": (NOTE,), "may_call": False}),
        ("Ada: remember that it is Friday", {}),
    ],
)
async def test_otherwise_it_calls_nothing(text: str, more: dict[str, Any]) -> None:
    last = (await ask(DemoModel(0), Prompt((Message("user", text),), **more)))[-1]
    assert isinstance(last, Finished) and last.reason is FinishReason.STOP
