"""The terminal as a platform, without a process around it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from adapters.console.adapter import THREAD, create
from adapters.console.seat import Seat
from adapters.console.terminal import user_name
from bot.chat import Author, CommandReply, File, Incoming, MessageRef, Spot
from bot.errors import NotAllowed

EVENT = Incoming("e", THREAD, MessageRef("terminal", "1"), Author("ada", "Ada"), "hi", 1.0, 1)


async def test_an_answer_is_printed_as_it_grows(capsys: pytest.CaptureFixture[str]) -> None:
    adapter = create({})
    spot = await adapter.open(EVENT, "hi")
    ref = await adapter.post(spot, "One", key="k1")
    await adapter.edit(ref, "One two")
    await adapter.edit(ref, "One two")
    await adapter.edit(ref, "One two three.")
    await adapter.settled(THREAD)
    await adapter.settled(THREAD)
    assert capsys.readouterr().out == "One two three.\n"


async def test_marks_that_are_closed_for_now_are_not_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    adapter = create({})
    ref = await adapter.post(Spot("terminal"), "Code:\n```py\nx = 1\n```", key="k1")
    await adapter.edit(ref, "Code:\n```py\nx = 1\ny = 2\n```")
    await adapter.edit(ref, "Code:\n```py\nx = 1\ny = 2\n```\n\nand **so")
    await adapter.edit(ref, "Code:\n```py\nx = 1\ny = 2\n```\n\nand **so on**")
    await adapter.settled(THREAD)
    assert capsys.readouterr().out == "Code:\n```py\nx = 1\ny = 2\n```\n\nand **so on**\n"


async def test_another_text_gets_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    adapter = create({})
    ref = await adapter.post(Spot("terminal"), "*waiting …*", key="k1")
    await adapter.edit(ref, "Here it is.")
    await adapter.post(Spot("terminal"), "And the next.", key="k2")
    await adapter.settled(THREAD)
    assert capsys.readouterr().out == "*waiting …*\nHere it is.\nAnd the next.\n"


async def test_an_answer_begun_by_an_earlier_process(capsys: pytest.CaptureFixture[str]) -> None:
    adapter = create({})
    await adapter.edit(MessageRef("terminal", "k1"), "Whole.")
    await adapter.settled(THREAD)
    assert capsys.readouterr().out == "Whole.\n"


async def test_files_are_written_or_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    adapter = create({})
    good, bad = File("a.md", b"x", "text/markdown"), File("no/b.md", b"x", "text/markdown")
    await adapter.respond(EVENT, CommandReply("Here.", files=(good, bad)))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "Here.",
        f"Written to {tmp_path / 'a.md'}",
        f"{tmp_path / 'no' / 'b.md'} cannot be written: No such file or directory",
    ]


@pytest.fixture
def full() -> Iterator[TextIO]:
    """A stream that takes nothing."""
    stream = Path("/dev/full").open("w", encoding="utf-8")
    yield stream
    with contextlib.suppress(OSError):
        stream.close()


async def test_nothing_can_be_printed(full: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(NotAllowed) as caught:
        patch.setattr("sys.stdout", full)
        await create({}).post(Spot("terminal"), "x", key="k")
    assert caught.value.hint == "Whatever read the output has ended."


def test_each_terminal_has_a_seat_of_its_own(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    first, second, third = Seat(folder), Seat(folder), Seat(folder)
    assert [seat.take("main") for seat in (first, second, third)] == ["main", "main-2", "main-3"]
    assert second.take("main") == "main-2"
    second.leave()
    assert Seat(folder).take("main") == "main-2"
    first.leave()
    assert Seat(str(tmp_path / "other")).take("main") == "main"


def test_without_locks_everybody_is_the_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (None, str(tmp_path / "file")):
        assert [Seat(folder).take("main") for _ in range(2)] == ["main", "main"]


def test_a_user_has_a_name() -> None:
    assert user_name()
