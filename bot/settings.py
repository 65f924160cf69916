"""Settings: one table of variables, read once from the environment and `.env`.

The same table feeds parsing, `bobbin doctor`, `.env.example` and docs/configuration.md.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.access import Access, read_access
from bot.budgets import Budgets, read_budgets
from bot.errors import Problem, SettingsError
from bot.redis_url import RedisUrlError, parse_redis_url
from bot.spec import AdapterSpec, Variable, VariableKind
from bot.variables import CORE

PREFIXES = ("BOBBIN_", "OPENAI_", "DISCORD_", "SLACK_", "REDIS_")
OF_THE_SDK = frozenset({"OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_LOG"})
"""Read by the openai package itself, so not a slip of the pen."""

LONGEST_FILE = 1 << 20
"""Bytes; a file that holds one value has less."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was configured, checked.

    Attributes:
        values: All variables of the table that are set or have a default, trimmed.
        adapters: The adapters that will run.
        system_prompt: The operator's text, None for the built-in one.
        unknown: Variables that look like ours but are not in the table, with the nearest name.
        access: Who is answered, and where.
    """

    values: Mapping[str, str] = field(repr=False)
    adapters: tuple[AdapterSpec, ...]
    system_prompt: str | None = None
    unknown: Mapping[str, str] = field(default_factory=dict[str, str])
    access: Access = field(default_factory=Access)

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
    def attachment_bytes(self) -> int:
        """Largest attachment that is read; 0 for none at all."""
        return int(self.values["BOBBIN_ATTACHMENT_MB"]) << 20

    @property
    def data_dir(self) -> Path:
        """Folder of the bundled server."""
        return Path(self.values["BOBBIN_DATA_DIR"]).expanduser().absolute()

    @property
    def retention_days(self) -> int:
        """Days a silent conversation is kept."""
        return int(self.values["BOBBIN_RETENTION_DAYS"])

    @property
    def import_retention_days(self) -> int:
        """Days a conversation from another assistant is kept; 0 for good."""
        return int(self.values["BOBBIN_IMPORT_RETENTION_DAYS"])

    @property
    def lease_seconds(self) -> float:
        """How long a silent process keeps its turns."""
        return float(self.values["BOBBIN_LEASE_SECONDS"])

    @property
    def bot_messages(self) -> int:
        """Messages of other bots in a row after which a conversation is silent."""
        return int(self.values["BOBBIN_BOT_MESSAGES"])

    @property
    def most_waiting(self) -> int:
        """Messages of one conversation that wait for its next answer at most."""
        return int(self.values["BOBBIN_WAITING_MESSAGES"])

    @property
    def silence_hours(self) -> float:
        """After so long a silence a conversation needs a mention again; 0 for never."""
        return float(self.values["BOBBIN_SILENCE_HOURS"])

    @property
    def budgets(self) -> Budgets:
        """How much may be used."""
        return read_budgets(self.values)

    @property
    def grace_seconds(self) -> float:
        """How long running answers may take to finish at the end."""
        return float(self.values["BOBBIN_GRACE_SECONDS"])

    @property
    def demo(self) -> bool:
        """No model is configured: the built-in one answers."""
        return "OPENAI_API_KEY" not in self.values and "OPENAI_BASE_URL" not in self.values


def read_settings(environ: Mapping[str, str | None], specs: Sequence[AdapterSpec]) -> Settings:
    """Check `environ` (the process's environment over `.env`) against the table.

    Blank values count as unset; white space around a value is trimmed. A private value may stand
    in a file, which the variable with `_FILE` after its name names.

    Raises:
        SettingsError: With all problems at once.
    """
    table = variables(specs)
    given = {name: value.strip() for name, value in environ.items() if value and value.strip()}
    kept, unread = _from_files(table, given)
    given |= kept
    problems = [
        Problem(variable.name, wrong, fix)
        for variable in table
        if variable.name in given
        for wrong, fix in _faults(variable, given[variable.name])
    ]
    values = {variable.name: variable.default for variable in table if variable.default} | {
        variable.name: given[variable.name] for variable in table if variable.name in given
    }
    # What cannot be read from its file is not missing as well.
    named = {problem.variable.removesuffix("_FILE") for problem in unread}
    running, missing = _running(specs, given.keys() | named)
    prompt, unreadable = _system_prompt(given)
    access, misnamed = read_access(values, specs)
    problems += [*unread, *missing, *unreadable, *misnamed]
    if problems:
        raise SettingsError(problems)
    return Settings(values, running, prompt, _unknown(given, table), access)


def variables(specs: Iterable[AdapterSpec]) -> tuple[Variable, ...]:
    """The whole table: adapters' variables in the order of their names, then the engine's."""
    ordered = sorted(specs, key=lambda spec: spec.name)
    return (*(variable for spec in ordered for variable in spec.variables), *CORE)


def _faults(variable: Variable, value: str) -> Iterable[tuple[str, str]]:
    if variable.kind is VariableKind.URL:
        yield from _url_faults(variable, value)
    elif variable.kind is VariableKind.REDIS_URL:
        yield from _redis_faults(value)
    elif variable.kind in (VariableKind.INTEGER, VariableKind.NUMBER):
        yield from _number_faults(variable, value)
    elif not _is_accepted(variable, value):
        shown = "the value" if variable.kind is VariableKind.SECRET else repr(value)
        yield f"{shown} does not look right.", f"It should be {variable.expects}."


def _is_accepted(variable: Variable, value: str) -> bool:
    if variable.pattern and not re.fullmatch(variable.pattern, value):
        return False
    return variable.accepts is None or variable.accepts(value)


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
    elif not parts.hostname or port == 0:
        yield "names no host.", f"Write it like {parts.scheme}://host:port."


def _redis_faults(value: str) -> Iterable[tuple[str, str]]:
    try:
        parse_redis_url(value)
    except RedisUrlError as error:
        yield error.wrong, error.fix


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
    specs: Sequence[AdapterSpec], given: Collection[str]
) -> tuple[tuple[AdapterSpec, ...], list[Problem]]:
    """Which adapters run; half-configured ones are problems."""
    running: list[AdapterSpec] = []
    problems: list[Problem] = []
    for spec in sorted(specs, key=lambda spec: spec.name):
        spared = {needed for needed, other in spec.instead if other in given}
        absent = [name for name in spec.needs if name not in given and name not in spared]
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


def _from_files(
    table: Sequence[Variable], given: Mapping[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    """Private values that stand in files, and what is wrong with those."""
    kept: dict[str, str] = {}
    problems: list[Problem] = []
    for variable in table:
        name = variable.file_name
        if name not in given:
            continue
        content, problem = _content(name, given, beside=variable.name)
        if problem is not None:
            problems.append(problem)
        elif content is not None:
            kept[variable.name] = content
    return kept, problems


def _system_prompt(given: Mapping[str, str]) -> tuple[str | None, list[Problem]]:
    if "BOBBIN_SYSTEM_PROMPT_FILE" not in given:
        return given.get("BOBBIN_SYSTEM_PROMPT"), []
    content, problem = _content("BOBBIN_SYSTEM_PROMPT_FILE", given, beside="BOBBIN_SYSTEM_PROMPT")
    return content, [problem] if problem else []


def _content(name: str, given: Mapping[str, str], beside: str) -> tuple[str | None, Problem | None]:
    """The text of the file that a variable names, trimmed, or why there is none."""
    if beside in given:
        return None, Problem(name, f"is set beside {beside}.", "Remove one of them.")
    try:
        with Path(given[name]).expanduser().open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
        text = content.decode("utf-8-sig").strip()
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            return None, Problem(name, "is not UTF-8 text.", "Save it as UTF-8.")
        why = f" ({error.strerror})" if isinstance(error, OSError) else ""
        return None, Problem(name, f"cannot be read{why}.", "Check the path.")
    if len(content) > LONGEST_FILE:
        return None, Problem(name, "is too long.", "Check the path.")
    if not text:
        return None, Problem(name, "is empty.", "Write the text into it, or unset it.")
    return text, None


def _unknown(given: Mapping[str, str], table: Sequence[Variable]) -> dict[str, str]:
    """Names that look like a slip of the pen, with the name that was probably meant."""
    known = {name for variable in table for name in (variable.name, variable.file_name) if name}
    slips = (
        name
        for name in given
        if name.startswith(PREFIXES) and name not in known and name not in OF_THE_SDK
    )
    return {name: next(iter(difflib.get_close_matches(name, known, 1)), "") for name in slips}
