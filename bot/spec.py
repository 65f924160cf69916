"""How an adapter announces itself: its settings, what it needs, how it is built and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.adapter import Adapter
from bot.command_spec import CommandSpec


class VariableKind(StrEnum):
    """How the value of an environment variable is read."""

    TEXT = "text"
    SECRET = "secret"
    URL = "url"
    REDIS_URL = "redis_url"
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
        accepts: A further test of a value that matches the pattern.
        option: An option of `bobbin run` that sets it, without dashes; empty for none.
        least: Smallest number allowed.
        most: Largest number allowed.
        schemes: URL schemes allowed, for `VariableKind.URL`.
        private: Nobody but the bot should see it, so that it may stand in a file; None: as it is
            of the kind `SECRET`.
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
    private: bool | None = None
    accepts: Callable[[str], bool] | None = None
    option: str = ""

    @property
    def file_name(self) -> str:
        """The variable that names a file with this one's value; empty when there is none."""
        private = self.kind is VariableKind.SECRET if self.private is None else self.private
        return f"{self.name}_FILE" if private else ""


class Named(StrEnum):
    """What rules about access can name."""

    SPACE = "space"
    CHANNEL = "channel"
    ROLE = "role"
    USER = "user"


@dataclass(frozen=True, slots=True)
class IdForm:
    """What a platform calls one of these things, and what its ids look like.

    Attributes:
        kind: See `Named`.
        word: The platform's own word for it, such as "server" or "workspace".
        pattern: A regular expression that the whole id matches.
        expects: What an id looks like, in words.
    """

    kind: Named
    word: str
    pattern: str
    expects: str


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
    """Looks at tokens, scopes and permissions for `bobbin doctor`; never raises.

    `commands` are those that the bot offers, for a platform that has to be told of them.
    """

    async def __call__(
        self, values: Mapping[str, str], commands: Sequence[CommandSpec] = ()
    ) -> Sequence[Finding]: ...


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
        instead: Pairs: where the second is set, the first of `needs` is not needed.
        implies: Pairs: where the first is set, the second must be too.
        uses: Variables of the engine's that it wants to know, too.
        ids: What can be named in rules about access; empty for nothing.
        direct_space: The space that direct messages lie in where these belong to no server or
            workspace, and people's ids neither (`Capabilities.people_per_space` is False then);
            empty where they belong to one.
    """

    name: str
    title: str
    create: str
    check: str = ""
    variables: tuple[Variable, ...] = ()
    needs: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    instead: tuple[tuple[str, str], ...] = ()
    implies: tuple[tuple[str, str], ...] = ()
    uses: tuple[str, ...] = ()
    ids: tuple[IdForm, ...] = ()
    direct_space: str = ""
