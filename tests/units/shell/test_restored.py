"""`bobbin restored`: until when nothing is answered, and what is not a time."""

from __future__ import annotations

import argparse

import pytest

from bot.restored import restored_since
from bot.shell.restored import add_restored_parser, run_restored
from bot.stand_ins import MemoryNotes

NOW = 1_784_000_000.0


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_restored_parser(parser.add_subparsers(dest="command"))
    return parser.parse_args(["restored", *arguments])


@pytest.mark.parametrize(
    ("arguments", "since"),
    [
        ((), NOW),
        (("--since", "2026-07-14T03:00:00"), 1_783_998_000.0),
        (("--since", "2026-07-14T05:00:00+02:00"), 1_783_998_000.0),
        (("--since", "2027-01-01"), NOW),
    ],
    ids=["now", "utc", "elsewhere", "to-come"],
)
async def test_what_was_said_before_is_left_alone(arguments: tuple[str, ...], since: float) -> None:
    notes, said = MemoryNotes(), list[str]()
    assert await restored_since(notes) == 0.0
    assert await run_restored(parsed(*arguments), notes, NOW, said.append) == 0
    assert await restored_since(notes) == since
    assert len(said) == 1 and " 2026-07-14T03:" in said[0]
    [when] = [word for word in said[0].split() if word.startswith("2026")]
    assert parsed("--since", when).since == since


def test_what_is_not_a_time_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--since", "yesterday")
    assert "'yesterday' is not a time like 2026-07-30T14:05" in capsys.readouterr().err
