"""`.env.example` and docs/configuration.md, written from the settings table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.spec import AdapterSpec, Variable
from bot.variables import SECTIONS

EXAMPLE = Path(".env.example")
PAGE = Path("docs/configuration.md")

_INTRO = """\
# Configuration

Bobbin reads its settings from the environment and from a file `.env` in the folder it is started
in; the environment wins. White space around a value is dropped and a blank value counts as unset.
`bobbin doctor` checks all of it, and a wrong value stops the start with a list of everything that
is wrong. A secret may stand in a file, as container platforms mount them: the variable in brackets
takes the file's path, and only one of the two may be set. `bobbin` is `.venv/bin/bobbin` after
`make run`. This page and `.env.example` are written by `make settings`.
"""

_QUESTIONS = (
    ("denied?", "nobody whom, and nothing that, `BOBBIN_DENY` names, whatever else is true"),
    (
        "another bot?",
        "only one that `BOBBIN_BOTS` names, which then counts as allowed among the people",
    ),
    (
        "an outsider?",
        "only with `BOBBIN_OUTSIDERS=on`; never as an admin. With `off` the bot also does not "
        "read what they said in a thread before it was called there",
    ),
    (
        "a direct message?",
        "only with `BOBBIN_DIRECT_MESSAGES=on`; where `BOBBIN_ALLOW` names servers, workspaces or "
        "channels: in a listed workspace, or users who are listed or admins by name",
    ),
    (
        "where?",
        "elsewhere: in a listed server or workspace, if any is listed, and in a listed channel, if "
        "any is listed",
    ),
    (
        "who?",
        "if roles or users are listed: these users, those who have one of these roles, and those "
        "in `BOBBIN_ADMINS`",
    ),
)

_ACCESS = """\
All lists are written in one way: `platform:kind:id`, with commas or white space between. Kinds are
`server` (Discord) or `workspace` (Slack), `channel`, `role` (a user group on Slack) and `user`. An
entry speaks of its own platform only. A channel's entry covers its threads. The questions are asked
from the top, and the first "no" counts; they are asked before anything is stored.
"""

_TOLD = """\
Roles are those of the place, so nobody has any in a direct message. A person who is not on the
list, an outsider and the writer of an unwanted direct message are told so, once a day in a channel;
others get silence, and whoever calls a command gets one sentence that only the caller sees.
"""

_BUDGETS = """\
Days are those of UTC. Before the model is asked, what the answer will probably take (the prompt and
1,000 tokens, or `OPENAI_MAX_OUTPUT_TOKENS` if that is less) is reserved in every budget at once;
afterwards the real figures take its place. A budget can be exceeded only by what the answers that
are being written have beyond that. Summaries that are made to keep a conversation short are never
refused and count for the server or workspace alone, which they can take over its budget. What a
killed process had read of an answer is not counted, since nobody knows it. Discord's direct
messages count as one space.
"""


def env_example(specs: Sequence[AdapterSpec]) -> str:
    """The text of `.env.example`: every variable, blank, with its help."""
    lines = [
        "# Copy this file to .env and fill in what you need. Blank means: not set.",
        "# A secret may stand in a file instead: DISCORD_TOKEN_FILE=/run/secrets/discord",
        "",
    ]
    for title, table in _sections(specs):
        lines += [f"# --- {title} ---", ""]
        for variable in table:
            default = f" Default: {variable.default}" if variable.default else ""
            lines += [f"# {variable.help}{default}", f"{variable.name}=", ""]
    return "\n".join(lines).rstrip() + "\n"


def configuration_page(specs: Sequence[AdapterSpec]) -> str:
    """The text of docs/configuration.md."""
    parts = [_INTRO]
    for title, table in _sections(specs):
        rows = [f"| `{v.name}` | {_meaning(v)} | {_default(v)} |" for v in table]
        parts.append("\n".join([f"## {title}", "", "| variable | meaning | default |"]))
        parts[-1] += "\n" + "\n".join(["| --- | --- | --- |", *rows]) + "\n"
        parts += _notes(title)
    return "\n".join(parts)


def _notes(title: str) -> list[str]:
    """What stands below a section's table."""
    match title:
        case "Access":
            rows = [f"| {question} | {answer} |" for question, answer in _QUESTIONS]
            table = ["| question | who is answered |", "| --- | --- |", *rows]
            return [_ACCESS, "\n".join(table) + "\n", _TOLD]
        case "Budgets":
            return [_BUDGETS]
        case _:
            return []


def write_pages(root: Path, specs: Sequence[AdapterSpec]) -> tuple[Path, ...]:
    """Write both files under `root` and return their paths. Raises OSError."""
    # First the one whose folder is not everywhere.
    texts = {root / PAGE: configuration_page(specs), root / EXAMPLE: env_example(specs)}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return tuple(texts)


def _sections(specs: Sequence[AdapterSpec]) -> list[tuple[str, Sequence[Variable]]]:
    adapters = sorted((spec for spec in specs if spec.variables), key=lambda spec: spec.name)
    return [
        *((spec.title, spec.variables) for spec in adapters),
        *SECTIONS.items(),
    ]


def _meaning(variable: Variable) -> str:
    return f"{variable.help} (`{variable.file_name}`)" if variable.file_name else variable.help


def _default(variable: Variable) -> str:
    return f"`{variable.default}`" if variable.default else "–"
