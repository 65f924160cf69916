"""docs/architecture.md knows each room and each package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_each_room_is_named() -> None:
    rooms = {path.parent.name for path in (ROOT / "bot").glob("*/__init__.py")}
    assert {room for room in rooms if f"bot/{room}" not in PAGE} == set()


def test_files_that_are_named_are_there() -> None:
    named = set(re.findall(r"`((?:bot|adapters|deploy)/[\w/]+\.\w+)`", PAGE))
    assert named and {name for name in named if not (ROOT / name).exists()} == set()


def test_each_dependency_has_its_reason_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    optional = [each for name, extra in extras.items() if name != "dev" for each in extra]
    wanted = [re.split(r"[\[<>=~;]", each)[0] for each in (*project["dependencies"], *optional)]
    _, _, rest = PAGE.partition("## Dependencies")
    cells = re.findall(r"^\| (.+?) \| ", rest, re.MULTILINE)[2:]
    told = {part for cell in cells for part in re.split(r", | with ", cell)}
    prefixed = {f"opentelemetry{name[1:]}" if name.startswith("…") else name for name in told}
    assert prefixed - {"hiredis"} == set(wanted) - {"bobbin"}
