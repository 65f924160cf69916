"""The log: one line each, JSON or text, with the turn's id and without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars

from bot.errors import StoreUnavailable
from bot.ops.logs import Format, configure
from bot.ops.redact import Redactor
from bot.report import REPORT_FIELDS, Outcome, TurnReport, log_report, report_fields

WORDS = "what-somebody-wrote"


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def logging_to(
    stream: io.StringIO, form: Format = "json", level: int = logging.INFO
) -> Iterator[None]:
    """The log as it is configured for a command, put back afterwards."""
    root = logging.getLogger()
    before, was = list(root.handlers), root.level
    configure(level, form, stream, Redactor(["hunter22"]))
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(was)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_is_json_with_the_turns_id() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        logging.getLogger("discord.http").warning("from an SDK: %s", "x")
        with bound_contextvars(turn="t1"):
            logging.getLogger("bot.engine").info("within")
            logging.getLogger("redis").warning("within an SDK")
        logging.getLogger("bot.engine").info("after")
    first, *within, after = lines(stream)
    assert [line["turn"] for line in within] == ["t1", "t1"]
    assert "turn" not in first and "turn" not in after
    assert first["event"] == "from an SDK: x"
    assert (first["level"], first["logger"]) == ("warning", "discord.http")
    assert first["time"].endswith("Z")


def test_a_turn_is_one_line_with_its_figures() -> None:
    stream = io.StringIO()
    report = TurnReport("t1", "slack", Outcome.FAILED, 2, 3, first_text=0.12345, error="ModelBusy")
    with logging_to(stream), bound_contextvars(turn="t1"):
        log_report(report)
    [line] = lines(stream)
    assert line["event"] == "turn" and line["level"] == "info"
    assert line["turn"] == "t1" and line["outcome"] == "failed" and line["attempt"] == 2
    assert line["messages"] == 3 and line["error"] == "ModelBusy" and line["first_text"] == 0.123
    assert "whole_text" not in line
    assert set(report_fields(report)) <= set(REPORT_FIELDS)


def test_extras_of_others_are_left_out() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        logging.getLogger("slack_sdk").warning("x", extra={"body": WORDS})
    assert WORDS not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_tracebacks_show_neither_values_nor_foreign_words(form: Format) -> None:
    stream = io.StringIO()
    with logging_to(stream, form):
        secret = WORDS
        try:
            try:
                raise ValueError(f"bad value: {secret}")
            except ValueError as error:
                raise StoreUnavailable("Redis does not answer at redis://u:hunter22@h") from error
        except StoreUnavailable:
            logging.getLogger("bot.x").exception("it broke")
    told = stream.getvalue()
    assert WORDS not in told and "hunter22" not in told
    assert "ValueError: (not shown)" in told and "test_logs.py" in told
    assert "bot.errors.StoreUnavailable: Redis does not answer" in told
    assert told.count("Traceback (most recent call last)") == 2


def test_debug_shows_what_errors_say() -> None:
    stream = io.StringIO()
    with logging_to(stream, level=logging.DEBUG):
        try:
            raise ValueError("bad value: 7")
        except ValueError:
            logging.getLogger("bot.x").exception("it broke")
    assert "ValueError: bad value: 7" in stream.getvalue()


def test_talkative_libraries_stay_quiet_at_every_level() -> None:
    stream = io.StringIO()
    with logging_to(stream, level=logging.DEBUG):
        logging.getLogger("slack_sdk.web").debug(WORDS)
        logging.getLogger("openai._base_client").info(WORDS)
        logging.getLogger("bot.engine").debug("ours")
    assert [line["event"] for line in lines(stream)] == ["ours"]


@pytest.mark.parametrize(
    ("form", "stream", "is_json"),
    [
        ("auto", Terminal(), False),
        ("auto", io.StringIO(), True),
        ("json", Terminal(), True),
        ("text", io.StringIO(), False),
    ],
)
def test_the_form_of_a_line(form: Format, stream: io.StringIO, is_json: bool) -> None:
    with logging_to(stream, form), bound_contextvars(turn="t1"):
        logging.getLogger("bot.x").warning("hello %d", 1)
    told = stream.getvalue()
    assert told.startswith("{") == is_json
    if not is_json:
        assert told.endswith(" WARNING bot.x: hello 1 turn=t1\n")


def test_configuring_twice_writes_once() -> None:
    stream = io.StringIO()
    with logging_to(io.StringIO()), logging_to(stream):
        logging.getLogger("bot.x").warning("once")
    assert stream.getvalue().count("once") == 1
