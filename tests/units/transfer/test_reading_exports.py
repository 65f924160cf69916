"""Other programs' exports, read as people know them; odd ones read whole or named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ImportRefused
from bot.memories import Kind
from bot.memory.formats.detect import find_format, reader_of
from bot.memory.formats.items import Broken, Item, Learnt, Talk, Turn
from bot.memory.formats.known import Format
from bot.memory.formats.streams import decoded
from tests.examples import examples
from tests.payloads.exports import (
    BARE_ENTITY,
    ENTITY,
    MEM0_FULL,
    MEM0_ITEM,
    MEM0_PLATFORM,
    RELATION,
    chatgpt,
    claude,
)
from tests.payloads.mutations import mutated


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The bytes as a file gives them."""
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes, size: int = 7) -> list[Item]:
    """What is found in a file that is read so many bytes at a time."""
    format = find_format(decoded(pieces(data, size)))
    return list(reader_of(format)(decoded(pieces(data, size))))


def dumped(value: Any, layout: int = 0) -> bytes:
    """JSON as programs write it, or as an editor would lay it out."""
    indent = (None, 2, 0)[layout]
    return json.dumps(value, indent=indent, ensure_ascii=layout == 1).encode(
        "utf-8", "surrogatepass"
    )


def jsonl(*elements: Any) -> bytes:
    """A line for each; without an end to the last, as the server writes it."""
    return "\n".join(json.dumps(each) for each in elements).encode()


def test_chatgpt_is_read_along_the_branch_shown_last() -> None:
    [talk] = read(dumped([chatgpt()]))
    assert talk == Talk(
        "conversation 1",
        "67f0c0de-1111-8001-9a9a-000000000001",
        "ChatGPT",
        "Floor looms",
        1743800000.0,
        (
            Turn("user", "How many shafts has a floor loom?", 1743800000.5),
            Turn("assistant", "Four or eight, mostly.", 1743800004.25, "gpt-5-thinking"),
            Turn("user", "[picture]\n\nAnd this one? 🧶", 1743800100.0),
            Turn("assistant", "That is a rigid heddle.", 1743800101.0, "gpt-5-thinking"),
        ),
    )


def test_chatgpt_without_a_current_node_ends_with_the_newest() -> None:
    [talk] = read(dumped([{**chatgpt(), "current_node": None, "title": None}]))
    assert isinstance(talk, Talk)
    assert [turn.text for turn in talk.turns][-1] == "That is a rigid heddle."
    assert talk.title == ""


def test_chatgpt_with_a_circle_ends() -> None:
    odd = chatgpt()
    odd["mapping"]["q1"]["parent"] = "a2"
    [talk] = read(dumped([odd]))
    assert isinstance(talk, Talk) and len(talk.turns) == 4


def test_claude_is_read_with_its_attachments() -> None:
    [talk] = read(dumped([claude()]))
    assert talk == Talk(
        "conversation 1",
        "0b7f3f0a-2222-4c4c-8d8d-000000000002",
        "Claude",
        "Dyeing with madder",
        1748772000.0,
        (
            Turn(
                "user",
                "What mordant does madder need?\n\n"
                "[recipe.txt]\nalum, 10 % of weight\n\n[swatch.png]",
                1748772000.0,
            ),
            Turn("assistant", "Alum, and a little chalk.", 1748772009.5),
        ),
    )


def test_claude_is_read_along_the_branch_shown_last() -> None:
    odd = claude()
    first, second = odd["chat_messages"]
    odd["chat_messages"] = [
        {**first, "parent_message_uuid": "00000000-0000-4000-8000-000000000000"},
        {**second, "uuid": "old", "parent_message_uuid": "m1"},
        {**second, "uuid": "new", "parent_message_uuid": "m1"},
    ]
    [talk] = read(dumped([odd]))
    assert isinstance(talk, Talk) and len(talk.turns) == 2


@pytest.mark.parametrize("whole", [MEM0_FULL, MEM0_FULL["results"], {"memories": [MEM0_ITEM]}])
def test_mem0_is_read(whole: Any) -> None:
    assert read(dumped(whole))[0] == Learnt(
        "entry 1",
        "mem0:8d0c1f0e-6e3b-4c55-9f0e-6e2f0a6d2c11",
        "Prefers linen warp over cotton",
        Kind.PREFERENCE,
        ("Hobbies", "personal details", "Warp"),
        created_at=1740932127.123456,
    )


def test_what_mem0_keeps_beside_memories_is_left() -> None:
    items = read(dumped(MEM0_FULL))
    assert [type(each) for each in items] == [Learnt, Learnt]
    [dated] = read(dumped(MEM0_PLATFORM))
    assert isinstance(dated, Learnt) and dated.expires_at == 1927584000.0


@pytest.mark.parametrize(
    "data",
    [
        jsonl(ENTITY, BARE_ENTITY, RELATION),
        jsonl(ENTITY, BARE_ENTITY, RELATION) + b"\n\n",
        dumped({"entities": [ENTITY, BARE_ENTITY], "relations": [RELATION]}),
    ],
    ids=["lines", "blank", "graph"],
)
def test_a_graph_becomes_sentences(data: bytes) -> None:
    items = read(data)
    assert all(isinstance(each, Learnt) for each in items)
    learnt = [each for each in items if isinstance(each, Learnt)]
    assert [(each.content, each.subject, each.tags) for each in learnt] == [
        ("Ada_Loom: Weaves on Tuesdays", "Ada_Loom", ("person",)),
        ("Ada_Loom speaks Latvian", "Ada_Loom", ("person",)),
        ("Guild (organization)", "Guild", ("organization",)),
        ("Ada_Loom is member of Guild", "Ada_Loom", ()),
    ]
    assert len({each.link for each in learnt}) == 4


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (dumped([chatgpt()]), Format.CHATGPT),
        (dumped([claude()]), Format.CLAUDE),
        (dumped(MEM0_FULL), Format.MEM0),
        (b"\xef\xbb\xbf \n" + dumped([MEM0_ITEM], 1), Format.MEM0),
        (jsonl(ENTITY), Format.MCP_MEMORY),
        (b'{"format": "bobbin.memory", "version": 7}', Format.BOBBIN),
    ],
)
def test_formats_are_told_apart_by_what_is_in_them(data: bytes, format: Format) -> None:
    assert find_format(decoded(pieces(data, 5))) is format


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b" \n \n", "empty"),
        (b"[]", "nothing in it"),
        (b'{"results": []}', "nothing in it"),
        (b"hello", "line 1: this is neither"),
        (b"[1, 2]", "no export that is known here"),
        (b'[\n{"mapping": {}},\n{"mapping": "tru', "line 3: the file ends in the middle"),
        (b'[\n{"mapping": {}}\n{"mapping": {}}]', "line 3: not valid JSON"),
        (b'[\n{"mapping": {"a": nul }}, {}, {}, {}]', "line 2: not valid JSON"),
        (b'[{"mapping": {}}] more', "something follows"),
        (b"[\n" + b"[" * 100_000, "nested too deeply"),
        (b'[\n{"mapping": "\xff"}]', "line 2: this is not UTF-8"),
        (b'[{"mapping": ' + b"9" * 5000 + b"}]", "a number is too long"),
        (b'[{"format": "bobbin.threads", "version": 1}]', "bobbin import"),
    ],
)
def test_what_cannot_be_told_apart_is_refused_with_its_line(data: bytes, why: str) -> None:
    with pytest.raises(ImportRefused, match=why):
        read(data)


SHAPES: Sequence[dict[str, Any]] = (
    {"file": [chatgpt()]},
    {"file": [claude(), claude("other")]},
    {"file": MEM0_FULL},
    {"file": {"entities": [ENTITY], "relations": [RELATION]}},
)


@given(mutated(SHAPES, others=("root", "a2", "assistant", "human")), st.integers(0, 2))
@examples(100)
def test_any_export_is_read_whole_or_named(payload: Any, layout: int) -> None:
    file = payload.get("file") if isinstance(payload, dict) else payload
    # JSON has no word for these; programs write them all the same.
    try:
        items = read(dumped(file, layout), 4096)
    except ImportRefused as error:
        assert str(error)
        return
    for item in items:
        assert item.where.split(" ")[0] in ("conversation", "entry", "line")
        match item:
            case Broken():
                assert item.why
            case Talk():
                assert item.id and item.at >= 0
                assert all(turn.text and 0 <= turn.at < 253402300800 for turn in item.turns)
            case Learnt():
                assert item.content and item.link and item.created_at >= 0


@given(
    st.sampled_from([*(dumped(each["file"]) for each in SHAPES), jsonl(ENTITY, RELATION)]),
    st.lists(
        st.tuples(st.integers(0, 4000), st.integers(0, 12), st.binary(max_size=4)), max_size=4
    ),
    st.sampled_from([3, 64, 4096]),
)
@examples(80)
def test_any_bytes_are_read_or_refused(
    data: bytes, changes: list[tuple[int, int, bytes]], size: int
) -> None:
    for at, cut, put in changes:
        at %= len(data) + 1
        data = data[:at] + put + data[at + cut :]
    try:
        read(data, size)
    except ImportRefused as error:
        assert error.line is None or 1 <= error.line <= data.count(b"\n") + 1
