"""The figures' places in docs/benchmarks.md."""

from __future__ import annotations

import platform
from datetime import date
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def markers(name: str) -> tuple[str, str]:
    """The lines between which a benchmark's figures stand."""
    return f"<!-- figures: {name} -->", f"<!-- end: {name} -->"


def replaced(page: str, name: str, figures: str) -> str:
    """The page with new figures.

    Raises:
        ValueError: It has no place for them.
    """
    first, last = markers(name)
    before, opening, rest = page.partition(first)
    _, closing, after = rest.partition(last)
    if not opening or not closing:
        raise ValueError(f"the page has no place for {name!r}")
    return f"{before}{first}\n{figures}\n{last}{after}"


def write(results: dict[str, str], today: date, path: Path = PAGE) -> None:
    """Put the figures of these benchmarks into the page, each with where and when."""
    page = path.read_text(encoding="utf-8")
    for name, figures in results.items():
        page = replaced(page, name, f"{figures}\n\n*{where(today)}*")
    path.write_text(page, encoding="utf-8")


def where(today: date) -> str:
    """What the figures were measured on, as far as it matters."""
    return f"2 cores, {platform.system()}, Python {platform.python_version()}, {today.isoformat()}"
