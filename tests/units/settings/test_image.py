"""The image, as far as it can be looked at without being built."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from bot.recall.weights import PACKAGE

ROOT = Path(__file__).parents[3]


def test_the_image_is_built_from_every_package() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(built["targets"]["wheel"]["packages"])


@pytest.mark.parametrize(
    ("extras", "installed"),
    [
        ("", ["."]),
        ("otel,embeddings", [".[otel,embeddings]"]),
        ("local-embeddings", [".[local-embeddings]", PACKAGE]),
        ("otel,local-embeddings", [".[otel,local-embeddings]", PACKAGE]),
    ],
)
def test_what_is_optional_can_be_built_into_it(extras: str, installed: list[str]) -> None:
    """The step that installs, with a pip that only says what it was to do."""
    [step] = re.findall(
        r"^RUN (python -m venv .*?[^\\])$",
        (ROOT / "Dockerfile").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    told = step.replace("python -m venv", ": ").replace("/opt/bobbin/bin/pip install", "echo")
    ran = subprocess.run(
        ["sh", "-ec", told], env={"EXTRAS": extras}, capture_output=True, text=True, check=True
    )
    assert [line.split()[-1] for line in ran.stdout.splitlines()] == installed
