from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.calls import CallCollector, as_pieces
from bot.model.port import ToolCall


def collected(*deltas: Any) -> tuple[ToolCall, ...]:
    collector = CallCollector()
    for delta in deltas:
        for piece in as_pieces(delta):
            collector.add(piece)
    return collector.calls


def piece(arguments: Any = None, **more: Any) -> dict[str, Any]:
    name = more.pop("name", None)
    function = {"name": name, "arguments": arguments}
    return {"function": {key: each for key, each in function.items() if each is not None}, **more}


A, B = ToolCall("a", "dice", '{"sides": 6}'), ToolCall("b", "coin", '{"times": 2}')
WHOLE = [
    pytest.param(
        [piece("", name="dice", id="a", index=0)],
        [piece('{"sides"', index=0)],
        [piece(": 6}", index=0)],
        [piece("", name="coin", id="b", index=1)],
        [piece('{"times": 2}', index=1)],
        id="as OpenAI does",
    ),
    pytest.param(
        [piece("", name="dice", id="a", index=0), piece("", name="coin", id="b", index=1)],
        [piece('{"times"', index=1), piece('{"sides"', index=0)],
        [piece(": 6}", index=0), piece(": 2}", index=1)],
        id="in turns",
    ),
    pytest.param(
        [piece('{"sides": 6}', name="dice", id="a", index=0)],
        [piece('{"times": 2}', name="coin", id="b", index=0)],
        id="all number 0",
    ),
    pytest.param(
        [piece('{"sides"', name="dice", id="a", index=0)],
        [piece(": 6}", index=0)],
        [piece('{"times"', name="coin", id="b", index=0)],
        [piece(": 2}", index=0)],
        id="all number 0, in pieces",
    ),
    pytest.param(
        [piece('{"sides": 6}', name="dice", id="a")],
        [piece('{"times": 2}', name="coin", id="b")],
        id="no numbers",
    ),
    pytest.param(
        [piece('{"sides"', name="dice", id="a")],
        [piece(": 6}", id="a")],
        [piece('{"times"', name="coin", id="b"), piece(": 2}")],
        id="ids again, no numbers",
    ),
    pytest.param(
        None,
        [None, 5, {}],
        [piece({"sides": 6}, name="dice", id="a")],
        [piece({"times": 2}, name="coin", id="b")],
        id="arguments as objects",
    ),
    pytest.param(
        [piece(name="dice", index=0)],
        [piece('{"sides": 6}', id="a", index=0)],
        [piece('{"times": 2}', name="coin", id="b", index=1)],
        id="a late id",
    ),
]


def calls_in(*deltas: Any) -> list[tuple[str, str, Any]]:
    return [(call.id, call.name, json.loads(call.arguments)) for call in collected(*deltas)]


@pytest.mark.parametrize("case", range(len(WHOLE)), ids=[case.id for case in WHOLE])
def test_calls_are_put_together(case: int) -> None:
    wanted = [("a", "dice", {"sides": 6}), ("b", "coin", {"times": 2})]
    assert calls_in(*WHOLE[case].values) == wanted


@pytest.mark.parametrize("number", [None, 0])
def test_calls_without_ids_get_some(number: int | None) -> None:
    more = {} if number is None else {"index": number}
    got = collected(
        [piece('{"sides": 6}', name="dice", **more)],
        [piece('{"sides": 6}', name="dice", id="", **more)],
        [piece('{"times": 2}', name="coin", id=None, **more)],
    )
    assert [call.name for call in got] == ["dice", "dice", "coin"]
    assert len({call.id for call in got}) == 3


def test_what_a_server_puts_beside_a_call_is_kept() -> None:
    collector = CallCollector()
    sign = {"google": {"thought_signature": "x"}}
    for each in as_pieces([piece("{}", name="dice", id="a", extra_content=sign)]):
        collector.add(each)
    assert [json.loads(text) for text in collector.extras] == [{"id": "a", "extra_content": sign}]


def test_calls_have_an_end() -> None:
    with pytest.raises(ValueError, match="no end"):
        collected(*[[piece("x" * 200_000, name="dice", index=0)]] * 6)
    with pytest.raises(ValueError, match="no end"):
        collected(*[[piece("{}", name="dice", id=str(n))] for n in range(100)])


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.dictionaries(st.text(max_size=5), st.integers())),
        min_size=1,
        max_size=5,
        unique_by=lambda each: each[0],
    ),
    st.lists(st.integers(0, 60), max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_arguments_may_be_cut_anywhere(
    asked: list[tuple[str, dict[str, int]]], cuts: list[int], numbers: bool, zero: bool
) -> None:
    deltas: list[Any] = []
    for number, (id_, arguments) in enumerate(asked):
        text = json.dumps(arguments)
        edges = sorted({0, *(cut % (len(text) + 1) for cut in cuts), len(text)})
        more = {"index": 0 if zero else number} if numbers else {}
        deltas.append([piece("", name="dice", id=id_, **more)])
        deltas += [[piece(text[a:b], **more)] for a, b in itertools.pairwise(edges)]
    assert calls_in(*deltas) == [(id_, "dice", arguments) for id_, arguments in asked]


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["index", "id", "function", "name", "arguments", "x"]), inner
                )
            ),
            max_leaves=12,
        ),
        max_size=6,
    )
)
def test_anything_is_some_calls(deltas: list[Any]) -> None:
    for call in collected(*deltas):
        assert call.id and call.name and f"{call.id}{call.arguments}{call.name}".encode()
