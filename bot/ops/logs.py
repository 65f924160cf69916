"""The log: one line for each thing said, as JSON or as text, without secrets.

Everything goes through the standard library's loggers, ours and the SDKs' alike, and through the
same processors. While a turn runs every line carries its id.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.contextvars import merge_contextvars
from structlog.stdlib import ExtraAdder, ProcessorFormatter

from bot.errors import BobbinError
from bot.report import REPORT_FIELDS

QUIET = (
    "aiohttp",
    "discord",
    "httpcore2",
    "httpx2",
    "mcp",
    "openai",
    "opentelemetry",
    "redis",
    "slack_bolt",
    "slack_sdk",
    "urllib3",
    "uvicorn",
)
"""Libraries that tell more than an operator wants, and some of them what people wrote."""

SPOKEN_BY_PYTHON = (
    BobbinError,
    OSError,
    AttributeError,
    ImportError,
    NameError,
    RuntimeError,
    TypeError,
)
"""Errors whose words are ours or the interpreter's; others may quote what somebody wrote."""

MOST_FRAMES = 40
MOST_CAUSES = 5

Event = MutableMapping[str, Any]
Format = Literal["auto", "json", "text"]


def configure(
    level: int, form: Format, stream: TextIO | None, redact: Callable[[str], str]
) -> logging.Handler:
    """Send everything that is logged to `stream`, and return the handler that does.

    Args:
        level: Least level that is written; some libraries have to be louder.
        form: How a line looks; "auto" is text on a terminal, else JSON.
        stream: Where it goes; None, as for a process whose standard error is closed, is nowhere.
        redact: Takes secrets out of a text.
    """
    terminal = stream is not None and stream.isatty()
    text = form == "text" or (form == "auto" and terminal)
    handler = logging.NullHandler() if stream is None else logging.StreamHandler(stream)
    handler.setFormatter(formatter(text, redact, whole=level <= logging.DEBUG))
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, level))
    return handler


def formatter(text: bool, redact: Callable[[str], str], whole: bool = False) -> logging.Formatter:
    """Makes a line of a record.

    Args:
        text: For a person's eyes; else JSON.
        redact: Takes secrets out of a text.
        whole: Show what every error says, also those that may quote a message.
    """

    def told(logger: Any, method: str, event: Event) -> Event:
        """What happened, with its error as text and everything redacted."""
        error = event.pop("exc_info", None)
        if error:
            event["exception"] = told_error(error, whole)
        for key, value in event.items():
            if isinstance(value, str):
                event[key] = redact(value)
        return event

    shared: list[structlog.typing.Processor] = [
        merge_contextvars,
        ExtraAdder(allow=REPORT_FIELDS),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    return ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            told,
            _text_line if text else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def _text_line(logger: Any, method: str, event: Event) -> str:
    """As people read it: time, level, logger, what happened, figures."""
    when, level, name, what = (event.pop(key, "") for key in ("time", "level", "logger", "event"))
    error = event.pop("exception", None)
    figures = " ".join(f"{key}={value}" for key, value in event.items())
    line = f"{when} {str(level).upper()} {name}: {what}"
    return line + (f" {figures}" if figures else "") + (f"\n{error}" if error else "")


def told_error(error: object, whole: bool = False) -> str:
    """An error with where it came from, as Python tells it but without the values of variables.

    Args:
        error: An exception, or `exc_info` as a log record has it.
        whole: Tell what every error says.
    """
    given: object = cast("tuple[object, ...]", error)[1] if isinstance(error, tuple) else error
    found = given if isinstance(given, BaseException) else sys.exc_info()[1]
    parts: list[str] = []
    while found is not None and len(parts) < MOST_CAUSES:
        parts.append(_one(found, whole))
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return "\n\nfollowed by\n\n".join(reversed(parts))


def _one(error: BaseException, whole: bool) -> str:
    kind = type(error)
    lines = ["Traceback (most recent call last):"]
    lines += [
        f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        for frame in _frames(error.__traceback__)
    ]
    name = kind.__qualname__ if kind.__module__ == "builtins" else _full(kind)
    says = str(error) if whole or isinstance(error, SPOKEN_BY_PYTHON) else "(not shown)"
    return "\n".join([*lines, f"{name}: {says}" if says else name])


def _frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    # Without their source lines: reading files is nothing for the event loop.
    walked = list(traceback.walk_tb(trace))[-MOST_FRAMES:]
    return list(traceback.StackSummary.extract(walked, lookup_lines=False))


def _full(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
