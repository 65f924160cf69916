"""Whatever a server sends as a response: text so far and a proper end, or an error of ours."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.model.chat_stream import ChatReader
from bot.model.port import ToolCall, Usage
from bot.model.responses_stream import ResponsesReader
from bot.model.wire import AnswerReader, EventDecoder
from tests.examples import examples
from tests.payloads import model as payloads
from tests.payloads.mutations import mutated

WHOLE = "".join(payloads.TEXTS)
CALL = ToolCall("call_1", "dice", '{"sides": 6}')


def read(reader: AnswerReader, pieces: Sequence[bytes]) -> Iterator[Any]:
    """What a stream of these pieces says."""
    decoder = EventDecoder()
    for piece in pieces:
        for event in decoder.feed(piece):
            yield reader.read(event)
    for event in decoder.end():
        yield reader.read(event)


@given(st.lists(st.integers(0, len(payloads.RESPONSE_STREAM)), max_size=8))
@examples(40)
def test_a_good_response_may_be_split_anywhere(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(payloads.RESPONSE_STREAM)]
    pieces = [payloads.RESPONSE_STREAM[a:b] for a, b in itertools.pairwise(edges)]
    reader = ResponsesReader()
    chunks = list(read(reader, pieces))
    assert "".join(chunk.text for chunk in chunks) == WHOLE
    assert (chunks[-1].finish, chunks[-1].over) == ("stop", True)
    assert chunks[-1].usage == Usage(2000, 50, 1024, 0, 20)
    assert reader.calls == (CALL,)
    assert [json.loads(item) for item in reader.carried] == payloads.WHOLE["output"]


@given(st.integers(0, len(payloads.RESPONSE_STREAM) - 3))
@examples(40)
def test_a_response_that_ends_early_never_looks_whole(end: int) -> None:
    try:
        chunks = list(read(ResponsesReader(), [payloads.RESPONSE_STREAM[:end]]))
    except ValueError:
        return
    assert WHOLE.startswith("".join(chunk.text for chunk in chunks))
    assert not any(chunk.finish or chunk.over for chunk in chunks)


@given(mutated((*payloads.RESPONSE, *payloads.RESPONSE_ENDS), most=3))
@examples(80)
@example({"type": "response.completed", "response": {"output": [{"type": "function_call"}]}})
def test_any_event_can_be_read(value: Any) -> None:
    for reader in (ResponsesReader(), ChatReader()):
        for whole in (False, True):
            chunk = reader.read_whole(value) if whole else _read(reader, value)
            assert isinstance(chunk.text, str) and isinstance(chunk.finish, str)
            assert chunk.usage is None or min(chunk.usage.prompt, chunk.usage.completion) >= 0
        for call in reader.calls:
            assert f"{call.id}{call.name}{call.arguments}".encode()
        for item in reader.carried:
            assert isinstance(json.loads(item), dict) and item.encode()


def _read(reader: AnswerReader, value: Any) -> Any:
    [chunk] = read(reader, [payloads.event(value)])
    return chunk


@given(
    st.lists(mutated((*payloads.RESPONSE, *payloads.RESPONSE_ENDS), most=2), max_size=8),
)
@examples(50)
def test_any_row_of_events_is_an_answer_or_none(events: list[Any]) -> None:
    reader = ResponsesReader()
    text = "".join(chunk.text for chunk in read(reader, [payloads.event(each) for each in events]))
    assert isinstance(text, str)
    assert len(reader.carried) >= len(reader.calls)


@pytest.mark.parametrize("data", [b"{", b"[" * 100_000, b"\xff"])
def test_what_is_no_json_is_a_fault(data: bytes) -> None:
    with pytest.raises(ValueError):
        list(read(ResponsesReader(), [b"data: " + data + b"\n\n"]))
