"""A bar for people who watch, and questions only to those who can answer."""

from __future__ import annotations

import io

from bot.shell.asking import Bar, sure


class Terminal(io.StringIO):
    """Somebody watches."""

    def isatty(self) -> bool:
        return True


def test_a_bar_fills_on_a_terminal_and_goes() -> None:
    watched = Terminal()
    bar = Bar(watched, "importing")
    for done in (0, 5, 5, 10):
        bar.show(done, 10)
    frames = watched.getvalue().split("\r")[1:]
    assert [frame.split("]")[1].strip() for frame in frames] == ["0 %", "50 %", "100 %"]
    assert frames[1].count("#") == frames[1].count(".") == 12
    bar.close()
    assert watched.getvalue().rsplit("\r", 2)[1].strip() == ""
    assert len(watched.getvalue().rsplit("\r", 2)[1]) >= len(frames[-1])


def test_nothing_is_drawn_where_nobody_watches() -> None:
    piped = io.StringIO()
    for stream in (piped, None):
        bar = Bar(stream, "importing")
        bar.show(1, 2)
        bar.of(4)(2)
        bar.close()
    assert piped.getvalue() == ""


def test_nobody_is_asked_without_a_terminal() -> None:
    assert sure("Really?", yes=True) is True
    assert sure("Really?", yes=False) is None
