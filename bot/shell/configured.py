"""The settings that a command works with, and its log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import cast

from bot.ops.logs import Format, configure
from bot.ops.redact import Redactor, secrets_in
from bot.settings import Settings, read_settings, variables
from bot.shell.command import Typed, optional
from bot.spec import AdapterSpec, Variable


def configured(typed: Typed) -> Settings:
    """Read the settings under what the command line says, and log as they say from now on.

    Raises:
        SettingsError: They cannot be used.
    """
    environ = _with_options(typed)
    settings = read_settings(environ, _only_console(typed.arguments.command, typed.specs))
    talks = typed.arguments.command != "api" and any(not spec.needs for spec in settings.adapters)
    _log(settings, environ, variables(typed.specs), talks)
    return settings


def _with_options(typed: Typed) -> dict[str, str | None]:
    """The environment, under what the command line says."""
    if typed.arguments.command == "chat":
        # A chat beside the bot that runs here must not want the same ports.
        return {**typed.environ, "BOBBIN_HTTP_PORT": None, "BOBBIN_API_PORT": None}
    given = {each.name: getattr(typed.arguments, each.name, None) for each in optional(typed.specs)}
    return {**typed.environ, **{name: value for name, value in given.items() if value is not None}}


def _only_console(command: str, specs: tuple[AdapterSpec, ...]) -> tuple[AdapterSpec, ...]:
    """`chat` leaves the platforms alone, even when their tokens are set."""
    return tuple(spec for spec in specs if not spec.needs) if command == "chat" else specs


def _log(
    settings: Settings,
    environ: Mapping[str, str | None],
    table: Iterable[Variable],
    talks: bool,
) -> None:
    """Log to standard error; in a terminal chat only what is wrong, unless asked for more."""
    level = logging.getLevelNamesMapping()[settings.values["BOBBIN_LOG_LEVEL"]]
    if talks and not (environ.get("BOBBIN_LOG_LEVEL") or "").strip():
        level = logging.WARNING
    form = cast("Format", settings.values["BOBBIN_LOG_FORMAT"])
    configure(level, form, sys.stderr, Redactor(secrets_in(settings.values, table)))
    # What nobody caught must not bring a secret to light, either.
    sys.excepthook = _log_end
    for name, meant in settings.unknown.items():
        logging.getLogger(__name__).warning(
            "%s is not a variable that I know%s", name, f"; did you mean {meant}?" * bool(meant)
        )


def _log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("ended by an error", exc_info=(kind, error, trace))
