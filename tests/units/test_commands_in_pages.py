"""Commands and configurations that people copy from the pages are such that they work."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli import command_line
from bot.plugins import find_adapters
from bot.settings import variables

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ENDS = ("|", ">", "&&", ";", "&")


def _commands() -> Iterator[tuple[str, list[str]]]:
    """Each command of ours in a block of the shell, without what it is piped to."""
    for page in PAGES:
        text = re.sub(r"\\\n\s*", " ", page.read_text(encoding="utf-8"))
        for block in re.findall(
            r"^```(?:console|sh|bash)\n(.*?)^```", text, re.DOTALL | re.MULTILINE
        ):
            for line in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?bobbin (.*)$", block, re.MULTILINE):
                words = shlex.split(line, comments=True)
                end = next((at for at, word in enumerate(words) if word in ENDS), len(words))
                yield page.name, words[:end]


def test_every_command_of_ours_is_one() -> None:
    parser = command_line(find_adapters())
    found = list(_commands())
    assert {"memory-api.md", "moving-in.md"} <= {page for page, _ in found}
    for page, words in found:
        try:
            parser.parse_args(words)
        except SystemExit as ended:
            # 0: it was asked for help.
            if ended.code:
                pytest.fail(f"{page}: bobbin {shlex.join(words)}")


def test_configurations_of_other_programs_name_what_there_is() -> None:
    page = (ROOT / "docs/memory-api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```json\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    known = {each.name for each in variables(find_adapters())}
    kinds: list[tuple[str, str]] = []
    for block in map(json.loads, blocks):
        inputs = {each["id"] for each in block.pop("inputs", [])}
        [(outer, servers)] = block.items()
        server: dict[str, Any] = servers["bobbin"]
        if "command" in server:
            assert Path(server["command"]).name == "bobbin"
            command_line(find_adapters()).parse_args(server["args"])
            assert set(server["env"]) <= known
        else:
            assert re.fullmatch(r"https?://[^/]+/mcp", server["url"])
            [(name, value)] = server["headers"].items()
            scheme, _, token = value.partition(" ")
            assert (name, scheme) == ("Authorization", "Bearer")
            asked = re.findall(r"\$\{input:(\w+)\}", token)
            assert set(asked) == inputs
            assert token == "bob_…" or asked or token == "${env:BOBBIN_TOKEN}"
        kinds.append((outer, server.get("type", "")))
    # VS Code calls the outer key otherwise than all others, and wants to be told the type.
    assert {("mcpServers", ""), ("servers", "http"), ("servers", "stdio")} == set(kinds)
