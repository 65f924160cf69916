"""Settings: one table of variables, read once from the environment and `.env`.

The same table feeds parsing, `bobbin doctor`, `.env.example` and docs/configuration.md.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import Problem, SettingsError
from bot.spec import AdapterSpec, Variable, VariableKind
from bot.variables import CORE

PREFIXES = ("BOBBIN_", "OPENAI_", "DISCORD_", "SLACK_", "REDIS_")
OF_THE_SDK = frozenset({"OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_LOG"})
"""Read by the openai package itself, so not a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was configured, checked.

    Attributes:
        values: All variables of the table that are set or have a default, trimmed.
        adapters: The adapters that will run.
        system_prompt: The operator's text, None for the built-in one.
        unknown: Variables that look like ours but are not in the table, with the nearest name.
    """

    values: Mapping[str, str] = field(repr=False)
    adapters: tuple[AdapterSpec, ...]
    system_prompt: str | None = None
    unknown: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self, name: str) -> str | None:
        """The value, or None when unset."""
        return self.values.get(name)

    def integer(self, name: str) -> int | None:
        """The value as an integer; it was checked."""
        value = self.values.get(name)
        return None if value is None else int(value)

    def number(self, name: str) -> float | None:
        """The value as a number; it was checked."""
        value = self.values.get(name)
        return None if value is None else float(value)

    @property
    def context_tokens(self) -> int:
        """The high watermark of the window, in tokens."""
        return int(self.values["BOBBIN_CONTEXT_TOKENS"])

    @property
    def data_dir(self) -> Path:
        """Folder of the bundled server."""
        return Path(self.values["BOBBIN_DATA_DIR"]).expanduser().absolute()

    @property
    def retention_days(self) -> int:
        """Days a silent conversation is kept."""
        return int(self.values["BOBBIN_RETENTION_DAYS"])

    @property
    def lease_seconds(self) -> float:
        """How long a silent process keeps its turns."""
        return float(self.values["BOBBIN_LEASE_SECONDS"])

    @property
    def demo(self) -> bool:
        """No model is configured: the built-in one answers."""
        return "OPENAI_API_KEY" not in self.values and "OPENAI_BASE_URL" not in self.values


def read_settings(environ: Mapping[str, str | None], specs: Sequence[AdapterSpec]) -> Settings:
    """Check `environ` (the process's environment over `.env`) against the table.

    Blank values count as unset; white space around a value is trimmed.

    Raises:
        SettingsError: With all problems at once.
    """
    table = variables(specs)
    given = {name: value.strip() for name, value in environ.items() if value and value.strip()}
    problems = [
        Problem(variable.name, wrong, fix)
        for variable in table
        if variable.name in given
        for wrong, fix in _faults(variable, given[variable.name])
    ]
    values = {variable.name: variable.default for variable in table if variable.default} | {
        variable.name: given[variable.name] for variable in table if variable.name in given
    }
    running, missing = _running(specs, given)
    prompt, unreadable = _system_prompt(given)
    problems += [*missing, *unreadable]
    if problems:
        raise SettingsError(problems)
    return Settings(values, running, prompt, _unknown(given, table))


def variables(specs: Iterable[AdapterSpec]) -> tuple[Variable, ...]:
    """The whole table: adapters' variables in the order of their names, then the engine's."""
    ordered = sorted(specs, key=lambda spec: spec.name)
    return (*(variable for spec in ordered for variable in spec.variables), *CORE)


def _faults(variable: Variable, value: str) -> Iterable[tuple[str, str]]:
    if variable.kind is VariableKind.URL:
        yield from _url_faults(variable, value)
    elif variable.kind in (VariableKind.INTEGER, VariableKind.NUMBER):
        yield from _number_faults(variable, value)
    elif variable.pattern and not re.fullmatch(variable.pattern, value):
        shown = "the value" if variable.kind is VariableKind.SECRET else repr(value)
        yield f"{shown} does not look right.", f"It should be {variable.expects}."


def _url_faults(variable: Variable, value: str) -> Iterable[tuple[str, str]]:
    fix = f"It should start with {' or '.join(f'{scheme}://' for scheme in variable.schemes)}."
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        yield "is not a valid address.", fix
        return
    if parts.scheme not in variable.schemes:
        yield "is not an address of the right kind.", fix
    elif parts.scheme == "unix":
        if not parts.path:
            yield "names no socket.", "Write it like unix:///run/redis.sock."
    elif not parts.hostname or port == 0:
        yield "names no host.", f"Write it like {parts.scheme}://host:port."


def _number_faults(variable: Variable, value: str) -> Iterable[tuple[str, str]]:
    whole = variable.kind is VariableKind.INTEGER
    kind = "a whole number" if whole else "a number"
    try:
        number = int(value) if whole else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        yield f"{value!r} is not {kind}.", f"Write {kind}{_bounds(variable)}."
    elif (variable.least is not None and number < variable.least) or (
        variable.most is not None and number > variable.most
    ):
        yield f"{value} is out of range.", f"Write {kind}{_bounds(variable)}."


def _bounds(variable: Variable) -> str:
    if variable.least is not None and variable.most is not None:
        return f" from {_plain(variable.least)} to {_plain(variable.most)}"
    if variable.least is not None:
        return f" of at least {_plain(variable.least)}"
    return ""


def _plain(number: float) -> str:
    """As people write it: 1000000, not 1e+06."""
    return f"{number:.0f}" if number == int(number) else f"{number:g}"


def _running(
    specs: Sequence[AdapterSpec], given: Mapping[str, str]
) -> tuple[tuple[AdapterSpec, ...], list[Problem]]:
    """Which adapters run; half-configured ones are problems."""
    running: list[AdapterSpec] = []
    problems: list[Problem] = []
    for spec in sorted(specs, key=lambda spec: spec.name):
        absent = [name for name in spec.needs if name not in given]
        some = len(absent) < len(spec.needs) or any(name in given for name in spec.either)
        if not spec.needs or not some:
            continue
        problems += [
            Problem(name, "is not set.", f"{spec.title} needs it beside the rest.")
            for name in absent
        ]
        if spec.either and not any(name in given for name in spec.either):
            name = spec.either[0]
            either = " or ".join(("it", *spec.either[1:]))
            problems.append(
                Problem(name, "is not set.", f"{spec.title} needs {either} beside {spec.needs[0]}.")
            )
        problems += [
            Problem(name, "is not set.", f"{spec.title} needs it beside {cause}.")
            for cause, name in spec.implies
            if cause in given and name not in given
        ]
        running.append(spec)
    if not running:
        running = [spec for spec in specs if not spec.needs]
    return tuple(running), problems


def _system_prompt(given: Mapping[str, str]) -> tuple[str | None, list[Problem]]:
    path = given.get("BOBBIN_SYSTEM_PROMPT_FILE")
    text = given.get("BOBBIN_SYSTEM_PROMPT")
    if path is None:
        return text, []
    name = "BOBBIN_SYSTEM_PROMPT_FILE"
    if text is not None:
        return None, [Problem(name, "is set beside BOBBIN_SYSTEM_PROMPT.", "Remove one of them.")]
    try:
        content = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        return None, [Problem(name, f"cannot be read ({error.strerror}).", "Check the path.")]
    except UnicodeDecodeError:
        return None, [Problem(name, "is not UTF-8 text.", "Save it as UTF-8.")]
    if not content:
        return None, [Problem(name, "is empty.", "Write the text into it, or unset it.")]
    return content, []


def _unknown(given: Mapping[str, str], table: Sequence[Variable]) -> dict[str, str]:
    """Names that look like a slip of the pen, with the name that was probably meant."""
    known = {variable.name for variable in table}
    slips = (
        name
        for name in given
        if name.startswith(PREFIXES) and name not in known and name not in OF_THE_SDK
    )
    return {name: next(iter(difflib.get_close_matches(name, known, 1)), "") for name in slips}
