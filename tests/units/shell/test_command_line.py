"""What the command line says without any store: its help, and what it cannot read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import COMMANDS, main
from bot.plugins import resolve
from bot.shell import memory


def _told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert isinstance(ended.value.code, int)
    shown = capsys.readouterr()
    return ended.value.code, shown.out + shown.err


def test_each_command_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    listed = re.findall(r"^    (\w+)  ", _told(capsys, "--help")[1], re.MULTILINE)
    assert {"run", "chat", "doctor", "memory", "api"} <= set(listed)
    assert set(listed) == set(COMMANDS) and all(map(resolve, COMMANDS.values()))
    for name in listed:
        code, told = _told(capsys, name, "--help")
        assert code == 0
        paragraphs = told.split("\n\n")
        assert paragraphs[0].startswith("usage:")
        assert re.match(r"[A-Z][^\0]*\.\Z", paragraphs[1]), (name, told)


def test_what_reads_memories_loads_nothing_that_imports_need() -> None:
    assert all(map(resolve, (memory.IMPORT, memory.SCOPES, *memory.COMMANDS.values())))
    code = "import sys, bot.shell.remembering, bot.shell.reading; print('pydantic' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "soon"])
def test_a_time_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], seconds: str) -> None:
    code, told = _told(capsys, "ping", f"--seconds={seconds}")
    assert code == 2 and f"'{seconds}' is not a number of seconds above 0" in told


def test_pages_are_written_where_the_source_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["settings", "--write"]) == 1
    said = capsys.readouterr().err
    assert said == (
        "docs/configuration.md: No such file or directory. "
        "Run it in the folder of Bobbin's source.\n"
    )
    assert not list(tmp_path.iterdir())
