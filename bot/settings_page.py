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
takes the file's path, and only one of the two may be set. This page and `.env.example` are written
by `make settings`.
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
    return "\n".join(parts)


def write_pages(root: Path, specs: Sequence[AdapterSpec]) -> tuple[Path, ...]:
    """Write both files under `root` and return their paths."""
    texts = {root / EXAMPLE: env_example(specs), root / PAGE: configuration_page(specs)}
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
