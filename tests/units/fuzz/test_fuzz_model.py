"""Whatever a model's server sends: text so far and a proper end, or an error of ours; no hang."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine.budget import Budget
from bot.errors import ContextTooLong, ModelError
from bot.model.chat import ChatModel
from bot.model.chat_stream import ChatReader, read_chunk
from bot.model.faults import classify, read_fault, retry_after
from bot.model.port import Finished, FinishReason, ModelEvent, TextDelta, Usage
from bot.model.settings import ModelSettings
from bot.model.wire import LONGEST_EVENT, EventDecoder
from tests.examples import examples
from tests.payloads import model as payloads
from tests.payloads.mutations import ODD, mutated
from tests.units.model.asking import MODEL, ask, end_of, text_of

PATIENCE = 50.0
WHOLE = "".join(payloads.TEXTS)
Outcome = list[ModelEvent] | ModelError


class Endpoint:
    """A server that answers each request with the bytes it was given, and a model that asks it."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._pieces: Sequence[bytes] = ()
        self._head = b""
        self._server = runner.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        port = self._server.sockets[0].getsockname()[1]
        self._model = ChatModel(
            ModelSettings(
                MODEL,
                api_key="sk-weavers",
                base_url=f"http://127.0.0.1:{port}/v1",
                first_token_seconds=PATIENCE,
                gap_seconds=PATIENCE,
                total_seconds=PATIENCE,
            )
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            await reader.readexactly(length)
            writer.write(self._head)
            for piece in self._pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    def answer(
        self, *pieces: bytes, status: int = 200, kind: str = "text/event-stream", more: str = ""
    ) -> Outcome:
        """Ask, and be answered with these bytes and the end of the connection."""
        self._pieces = pieces
        self._head = (
            f"HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n"
        ).encode()
        return self._runner.run(self._ask())

    async def _ask(self) -> Outcome:
        try:
            async with asyncio.timeout(PATIENCE):
                return await ask(self._model)
        except ModelError as error:
            return error

    def close(self) -> None:
        """End both."""
        self._server.close()
        self._runner.run(self._model.close())


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with asyncio.Runner() as runner:
        found = Endpoint(runner)
        yield found
        found.close()


def is_proper(outcome: Outcome) -> bool:
    """Text that can be encoded and one end; or an error with words for both."""
    if isinstance(outcome, ModelError):
        return bool(outcome.user_text and outcome.hint and str(outcome).encode())
    *texts, last = outcome
    return (
        isinstance(last, Finished)
        and isinstance(last.model, str)
        and all(isinstance(each, TextDelta) and each.text and each.text.encode() for each in texts)
        and (bool(texts) or last.reason is not FinishReason.CUT)
    )


def cut_up(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.integers(0, 5000), max_size=8))
@examples(30)
def test_a_good_answer_may_be_split_anywhere(endpoint: Endpoint, cuts: list[int]) -> None:
    outcome = endpoint.answer(*cut_up(payloads.STREAM, cuts))
    assert not isinstance(outcome, ModelError)
    assert text_of(outcome) == WHOLE
    usage = Usage(2000, 50, 1024, 0, 20)
    assert end_of(outcome) == Finished(FinishReason.STOP, usage, payloads.MODEL)


FINISH_AT = payloads.STREAM.index(b'"stop"') + len(b'"stop"}]')


@given(st.integers(0, len(payloads.STREAM)))
@example(0)
@examples(30)
def test_an_answer_may_end_anywhere(endpoint: Endpoint, end: int) -> None:
    outcome = endpoint.answer(payloads.STREAM[:end])
    assert is_proper(outcome)
    if isinstance(outcome, ModelError):
        assert end < payloads.STREAM.index(b"shafts")
        return
    assert WHOLE.startswith(text_of(outcome))
    reason = end_of(outcome).reason
    assert reason in (FinishReason.CUT, FinishReason.STOP)
    if end < FINISH_AT:
        assert reason is FinishReason.CUT
    elif text_of(outcome) != WHOLE:
        raise AssertionError(text_of(outcome))


EVENTS = st.one_of(
    mutated(payloads.CHUNKS, most=2).map(
        lambda value: b"data: " + json.dumps(value).encode() + b"\n\n"
    ),
    st.sampled_from([payloads.event(part) for part in payloads.CHUNKS]),
    st.sampled_from(
        [
            payloads.DONE,
            b": keep-alive\n\n",
            b"data:\n\n",
            b"event: ping\n\n",
            b"event: error\ndata: gone\n\n",
            b'event: error\ndata: {"message": "gone", "code": "502"}\n\n',
            b"data: {\n\n",
            b"data: {}\r\n\r\n",
            b"data: \xff\xfe\n\n",
            b'data: {"choices":[{"delta":{"content":"\xff\xc3"}}]}\n\n',
            b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n',
            b"data: " + b"[" * 100_000 + b"\n\n",
            b"data: " + b'{"choices":' * 20_000 + b"\n\n",
            b"data: " + b"9" * 5000 + b"\n\n",
            b'data: {"error": {"code": "' + b"4" * 5000 + b'"}}\n\n',
            b"id: 1\nretry: 5\nnonsense\n\n",
            b"\x00\n\n",
            b"x" * 200_000,
        ]
    ),
    st.binary(max_size=40),
)


@given(st.lists(EVENTS, max_size=8), st.lists(st.integers(0, 100_000), max_size=3))
@examples(60)
@example([payloads.event(payloads.delta("a")), b"data: " + b"[" * 100_000 + b"\n\n"], [])
@example([b'data: {"error": {"code": "' + b"4" * 5000 + b'"}}\n\n'], [])
@example([payloads.event(payloads.delta(finish="stop"))] * 2, [])
def test_any_stream_comes_to_a_proper_end(
    endpoint: Endpoint, events: list[bytes], cuts: list[int]
) -> None:
    assert is_proper(endpoint.answer(*cut_up(b"".join(events), cuts)))


BODIES = mutated((payloads.ERROR, payloads.OVERFLOW, payloads.VALIDATION), most=3)
HEADER = st.one_of(
    st.sampled_from(
        [
            "",
            "5",
            "-1",
            "nan",
            "inf",
            "1e400",
            "9" * 400,
            "Wed, 21 Oct 2026 07:28:00 GMT",
            "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
            "Wed, 99 Oct 2026 99:28:00 +9999",
            "Wed, 21 Oct 0001 00:00:00 +2359",
            "6m0s",
            "-1ms",
            "1" * 400 + "s",
        ]
    ),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["retry-after", "retry-after-ms", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"]
    ),
    HEADER,
)


@given(BODIES, st.sampled_from([None, 400, 401, 403, 404, 413, 429, 500, 503, 529]), HEADERS)
@examples(60)
def test_any_error_means_something(body: Any, status: int | None, headers: dict[str, str]) -> None:
    fault = read_fault(body, status=status, headers=headers, secret="sk-weavers", now=1.8e9)
    error = classify(fault)
    assert isinstance(error, ModelError)
    assert str(error) and error.hint and error.user_text
    wait = fault.retry_after
    assert wait is None or 0 <= wait < float("inf")


@pytest.mark.parametrize("body", ["<" * 500_000, '"' * 500_000, "try again in " + "1s" * 100_000])
def test_a_long_error_costs_no_more_than_its_length(body: str) -> None:
    assert len(str(read_fault(body, status=500))) < 1000


@given(HEADERS)
@examples(40)
def test_any_header_is_a_time_or_none(headers: dict[str, str]) -> None:
    wait = retry_after(headers, 1.8e9)
    assert wait is None or 0 <= wait < float("inf")


@given(BODIES, st.sampled_from([400, 429, 500]), st.sampled_from(["application/json", "text/xml"]))
@examples(30)
def test_any_refusal_is_an_error_of_ours(
    endpoint: Endpoint, body: Any, status: int, kind: str
) -> None:
    outcome = endpoint.answer(json.dumps(body).encode(), status=status, kind=kind)
    assert isinstance(outcome, ModelError)
    assert is_proper(outcome)


@given(mutated(payloads.CHUNKS))
@examples(60)
def test_any_chunk_can_be_read(value: Any) -> None:
    chunk = read_chunk(value)
    assert isinstance(chunk.text, str) and isinstance(chunk.finish, str)
    assert chunk.usage is None or min(chunk.usage.prompt, chunk.usage.completion) >= 0


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"", b"null", b'"x"', b"9" * 5000],
    ids=["lists", "objects", "bytes", "nothing", "null", "text", "digits"],
)
def test_one_odd_body(endpoint: Endpoint, kind: str, data: bytes) -> None:
    outcome = endpoint.answer(data, kind=kind)
    assert isinstance(outcome, ModelError)


def test_a_giant_line_is_given_up_in_time(endpoint: Endpoint) -> None:
    pieces = [b"x" * (1 << 20)] * (LONGEST_EVENT // (1 << 20) + 2)
    assert isinstance(endpoint.answer(b"data: ", *pieces), ModelError)
    assert isinstance(endpoint.answer(b"{", *pieces, kind="application/json"), ModelError)


def test_a_long_line_costs_no_more_than_its_length() -> None:
    """Looked at once, however many pieces it comes in."""
    decoder = EventDecoder()
    for _ in range(20_000):
        assert decoder.feed(b"x" * 200) == []
    assert len(decoder.feed(b"\n")) == 0


def test_an_event_of_many_lines_has_an_end() -> None:
    decoder = EventDecoder()
    line = b"data: " + b"x" * (1 << 20) + b"\n"
    with pytest.raises(ValueError, match="too long"):
        for _ in range(LONGEST_EVENT // (1 << 20) + 2):
            decoder.feed(line)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
@examples(40)
def test_any_bytes_are_events_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    whole, split = EventDecoder(), EventDecoder()
    wanted = whole.feed(data) + whole.end()
    got = [event for piece in cut_up(data, cuts) for event in split.feed(piece)] + split.end()
    assert got == wanted
    for event in got:
        with contextlib.suppress(ValueError):
            ChatReader().read(event)


TEXTS = [odd for odd in ODD if isinstance(odd, str)]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_of_a_model_is_text(endpoint: Endpoint, text: str) -> None:
    outcome = endpoint.answer(
        b"data: " + json.dumps(payloads.delta(text)).encode() + b"\n\n" + payloads.DONE
    )
    if isinstance(outcome, ModelError):
        assert text == ""
    else:
        assert (
            text_of(outcome)
            == text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")[: len(text)]
        )


@given(BODIES, st.sampled_from([10**40, 2**63, -5, 0, True, 1e300, "9" * 400, 4096]))
@examples(30)
def test_any_window_leaves_a_budget(body: Any, window: object) -> None:
    """What a server says of its window is learnt, also when it cannot be."""
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = {"error": {**body["error"], "code": "context_length_exceeded", "n_ctx": window}}
    error = classify(read_fault(body, status=400))
    budget = Budget(10_000)
    if isinstance(error, ContextTooLong):
        budget.learn(error.limit, 5_000)
    assert 0 < budget.high <= 10_000
