"""How an adapter announces itself: its settings, what it needs, how it is built and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.chat import Adapter


class VariableKind(StrEnum):
    """How the value of an environment variable is read."""

    TEXT = "text"
    SECRET = "secret"
    URL = "url"
    INTEGER = "integer"
    NUMBER = "number"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable, told once for parsing, doctor, .env.example and the docs.

    Attributes:
        name: As in the environment.
        help: One sentence.
        kind: How it is read.
        default: What an unset or blank variable means, as text; empty for "not set".
        pattern: A regular expression that the whole value must match; empty for any.
        expects: What the pattern wants, in words, for the message.
        least: Smallest number allowed.
        most: Largest number allowed.
        schemes: URL schemes allowed, for `VariableKind.URL`.
    """

    name: str
    help: str
    kind: VariableKind = VariableKind.TEXT
    default: str = ""
    pattern: str = ""
    expects: str = ""
    least: float | None = None
    most: float | None = None
    schemes: tuple[str, ...] = ("http", "https")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `bobbin doctor`: what was looked at, whether it is good, and the fix if not."""

    subject: str
    ok: bool
    detail: str
    fix: str = ""


class AdapterFactory(Protocol):
    """Builds an adapter from its variables' values (only those that are set or have a default)."""

    def __call__(self, values: Mapping[str, str]) -> Adapter: ...


class AdapterCheck(Protocol):
    """Looks at tokens, scopes and permissions for `bobbin doctor`; never raises."""

    async def __call__(self, values: Mapping[str, str]) -> Sequence[Finding]: ...


@dataclass(frozen=True, slots=True)
class AdapterSpec:
    """How an adapter announces itself, by the entry point group "bobbin.adapters".

    The module that holds it imports no SDK, so that settings can be checked without one.

    Attributes:
        name: The platform's name.
        title: The platform's name as people write it.
        create: "module:function", an `AdapterFactory`.
        check: "module:function", an `AdapterCheck`; empty for none.
        variables: What it reads from the environment.
        needs: It runs when all of these are set. Empty: it runs when no other adapter does.
        either: Beside `needs`, at least one of these must be set.
        implies: Pairs: where the first is set, the second must be too.
        uses: Variables of the engine's that it wants to know, too.
    """

    name: str
    title: str
    create: str
    check: str = ""
    variables: tuple[Variable, ...] = ()
    needs: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    implies: tuple[tuple[str, str], ...] = ()
    uses: tuple[str, ...] = ()
