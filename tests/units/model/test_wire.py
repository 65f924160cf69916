from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.model.chat_stream import ChatReader, read_chunk, read_usage
from bot.model.port import Usage
from bot.model.wire import NOTHING, EventDecoder, ServerEvent, join_surrogates

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
FIELDS = ("choices", "delta", "content", "usage", "error", "model", "finish_reason", "index")


def cut_up(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def decode(pieces: list[bytes]) -> list[ServerEvent]:
    decoder = EventDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


@given(
    st.lists(st.tuples(st.sampled_from(["", "error"]), st.text(max_size=20)), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 1000)),
)
def test_events_do_not_depend_on_where_the_network_cuts(
    events: list[tuple[str, str]], newline: str, cuts: list[int]
) -> None:
    wanted = [ServerEvent(kind, json.dumps(text, ensure_ascii=False)) for kind, text in events]
    lines = [": keep-alive", ""]
    for event in wanted:
        lines += [f"event: {event.kind}"] * bool(event.kind) + [f"data: {event.data}", ""]
    data = "".join(line + newline for line in lines).encode("utf-8", "replace")
    assert decode(cut_up(data, cuts)) == decode([data])
    if all(text.isprintable() for _, text in events):
        assert decode([data]) == wanted


def test_unusual_events() -> None:
    assert decode([b"data:x\n\n"]) == [ServerEvent("", "x")]
    assert decode([b"data: a\ndata: b\n\n"]) == [ServerEvent("", "a\nb")]
    assert decode([b"data: a\r", b"\ndata: b\r\n\r\n"]) == [ServerEvent("", "a\nb")]
    assert decode([b"event: ping\n\nid: 7\ndata: x"]) == [ServerEvent("", "x")]
    assert decode(["data: \u2028\x85\n\n".encode()]) == [ServerEvent("", "\u2028\x85")]


@given(JSON)
def test_any_json_can_be_read(value: Any) -> None:
    read_chunk(value)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)), JSON)
def test_any_json_in_known_places_can_be_read(fields: dict[str, Any], delta: Any) -> None:
    read_chunk(fields | {"choices": [fields | {"delta": delta}]})
    read_chunk(fields | {"choices": [{"index": 0, "delta": fields}], "usage": fields})


def test_chunks() -> None:
    assert ChatReader().read(ServerEvent("", "  ")) == NOTHING
    assert read_chunk({"choices": [{"index": 1, "delta": {"content": "b"}}]}) == NOTHING
    parts = [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "yes"}]
    chunk = read_chunk({"choices": [{"delta": {"content": parts}}]})
    assert (chunk.text, chunk.alive) == ("yes", True)
    chunk = read_chunk({"choices": [{"delta": {"reasoning": "hm"}}]})
    assert (chunk.text, chunk.alive) == ("", True)
    assert ChatReader().read(ServerEvent("error", "gone")).error == {"message": "gone"}
    assert ChatReader().read(ServerEvent("error", '{"code": 7}')).error == {"code": 7}
    assert read_chunk({"error": "busy"}).error == {"message": "busy"}


def test_usage() -> None:
    assert read_usage({"prompt_tokens": 0, "completion_tokens": None}) is None
    details = {"cached_tokens": 900, "cache_write_tokens": 900}
    full = {"prompt_tokens": 1000, "completion_tokens": 5.0, "prompt_tokens_details": details}
    assert read_usage(full) == Usage(1000, 5, cached=900, written=100)
    assert read_usage({"prompt_tokens": 10, "prompt_cache_hit_tokens": 4}) == Usage(10, 0, 4)


@given(st.lists(st.text(st.characters() | st.sampled_from("\ud83d\ude00"), max_size=6)))
def test_halves_of_characters_are_put_together(parts: list[str]) -> None:
    whole = "".join(parts)
    units = whole.encode("utf-16-le", "surrogatepass")
    held, text = "", ""
    for place in range(0, len(units), 2):
        half = units[place : place + 2].decode("utf-16-le", "surrogatepass")
        piece, held = join_surrogates(held + half)
        text += piece
    text += "\ufffd" if held else ""
    assert text.encode().decode() == text
    assert text == units.decode("utf-16-le", "replace")
