"""A message's blocks as a column of shapes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.pictures.drawing import Box, Shape, Words
from tests.pictures.shown import (
    Block,
    Code,
    Heading,
    Item,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)
from tests.pictures.theme import HEADINGS, LEADING, SIZE, SMALL, Theme
from tests.pictures.wrap import CODE_PADDING, CODE_SIZE, MONO, Line, run_width, width, wrapped

INDENT = 22.0
CODE = 13.0
CELL = 9.0
"""Blank on either side of a cell's words."""


@dataclass(slots=True)
class Column:
    """Shapes from the top down, between two sides; `y` is where the next one begins."""

    left: float
    y: float
    right: float
    shapes: list[Shape] = field(default_factory=list[Shape])

    @property
    def width(self) -> float:
        """Between the sides."""
        return self.right - self.left


def text_column(blocks: Iterable[Block], theme: Theme, column: Column) -> Column:
    """Put blocks below each other into a column, and return it."""
    before: Block | None = None
    for block in blocks:
        column.y += _gap(before, block)
        _put(block, theme, column)
        before = block
    return column


def _gap(before: Block | None, block: Block) -> float:
    if before is None:
        return 0.0
    if isinstance(before, Item) and isinstance(block, Item):
        return 1.0
    return 12.0 if isinstance(block, Heading) else 7.0


def _put(block: Block, theme: Theme, column: Column) -> None:
    match block:
        case Paragraph(runs=runs, small=small):
            ink = theme.faint if small else theme.ink
            _lines(runs, SMALL if small else SIZE, ink, theme, column)
        case Heading(level=level, runs=runs):
            bold = tuple(replace(run, bold=True) for run in runs)
            _lines(bold, HEADINGS[level], theme.ink, theme, column)
        case Item():
            _item(block, theme, column)
        case Quote(runs=runs):
            inner = Column(column.left + 16, column.y, column.right)
            _lines(runs, SIZE, theme.ink, theme, inner)
            bar = Box(column.left, column.y, 4, inner.y - column.y, fill=theme.line, radius=2)
            _take(column, inner, bar)
        case Code():
            _code(block, theme, column)
        case Table():
            _table(block, theme, column)
        case Rule():
            column.shapes.append(Box(column.left, column.y + 4, column.width, 1, fill=theme.line))
            column.y += 9


def _take(column: Column, inner: Column, *under: Shape) -> None:
    """Put what stands in another column into this one, over some shapes."""
    column.shapes += [*under, *inner.shapes]
    column.y = inner.y


def _lines(runs: Runs, size: float, ink: str, theme: Theme, column: Column) -> None:
    for line in wrapped(runs, size, column.width):
        column.y += size * LEADING
        _line(line, column.left, column.y - size * 0.4, size, ink, theme, column.shapes)


def _line(
    line: Line, x: float, base: float, size: float, ink: str, theme: Theme, shapes: list[Shape]
) -> None:
    for run in line:
        used = run_width(run, size)
        if run.code:
            shapes += _inline_code(run, x, base, size, used, theme)
        else:
            if run.hue == "mention":
                height = size * 1.25
                top = base - size * 0.95
                shapes.append(Box(x - 1, top, used + 2, height, theme.mention_fill, radius=3))
            shapes += _words(run, x, base, size, theme.hues.get(run.hue, ink))
        x += used


def _inline_code(
    run: Run, x: float, base: float, size: float, used: float, theme: Theme
) -> list[Shape]:
    box = Box(x, base - size * 0.9, used, size * 1.2, theme.code_fill, stroke=theme.line, radius=3)
    words = _words(run, x + CODE_PADDING, base, size * CODE_SIZE, theme.code_ink)
    return [box, *words]


def _words(run: Run, x: float, base: float, size: float, ink: str) -> list[Shape]:
    """The words of a run without the blanks around them, which move them instead."""
    text = run.text.lstrip(" ")
    x += width(run.text[: len(run.text) - len(text)], size, bold=run.bold, mono=run.code)
    text = text.rstrip(" ")
    if not text:
        return []
    return [
        Words(
            x,
            base,
            text,
            size,
            ink,
            width=width(text, size, bold=run.bold, mono=run.code),
            bold=run.bold,
            italic=run.italic,
            struck=run.struck,
            mono=run.code,
        )
    ]


def _item(item: Item, theme: Theme, column: Column) -> None:
    left = column.left + 6 + item.depth * INDENT
    inner = Column(left + INDENT, column.y, column.right)
    _lines(item.runs, SIZE, theme.ink, theme, inner)
    mark = Words(left, column.y + SIZE * LEADING - SIZE * 0.4, item.mark, SIZE, theme.ink)
    _take(column, inner, mark)


def _code(code: Code, theme: Theme, column: Column) -> None:
    columns = int((column.width - 24) / (MONO * CODE))
    leading = CODE * LEADING
    y = column.y + 8
    drawn: list[Shape] = []
    for line in _code_lines(code.runs, columns):
        at = 0
        for run in line:
            x = column.left + 12 + at * MONO * CODE
            ink = theme.hues.get(run.hue, theme.ink)
            drawn += _words(run, x, y + leading - CODE * 0.4, CODE, ink)
            at += len(run.text)
        y += leading
    box = Box(
        column.left,
        column.y + 2,
        column.width,
        y + 8 - column.y - 2,
        fill=theme.code_fill,
        stroke=theme.line,
        radius=5,
    )
    column.shapes += [box, *drawn]
    column.y = y + 10


def _code_lines(runs: Runs, columns: int) -> list[list[Run]]:
    """Lines of code; longer ones go on in the next."""
    lines: list[list[Run]] = [[]]
    used = 0
    for run in runs:
        for number, part in enumerate(run.text.split("\n")):
            if number:
                lines.append([])
                used = 0
            rest = part
            while used + len(rest) > columns:
                lines[-1].append(replace(run, text=rest[: columns - used]))
                rest = rest[columns - used :]
                lines.append([])
                used = 0
            lines[-1].append(replace(run, text=rest))
            used += len(rest)
    return lines


def _table(table: Table, theme: Theme, column: Column) -> None:
    header = tuple(tuple(replace(run, bold=True) for run in cell) for cell in table.header)
    rows = (header, *table.rows)
    widths = _column_widths(rows, column.width)
    top = column.y + 2
    y = top
    drawn: list[Shape] = []
    for number, row in enumerate(rows):
        bottom, x = y, column.left
        for cell, align, wide in zip(row, table.aligns, widths, strict=True):
            ends = _cell(cell, align, x, y, wide, theme, drawn)
            bottom, x = max(bottom, ends), x + wide
        if number:
            drawn.insert(0, Box(column.left, y, sum(widths), 1, fill=theme.line))
        else:
            ground = Box(column.left, top, sum(widths), bottom + 5 - y, fill=theme.code_fill)
            drawn.insert(0, ground)
        y = bottom + 5
    x = column.left
    for wide in widths[:-1]:
        x += wide
        drawn.append(Box(x, top, 1, y - top, fill=theme.line))
    drawn.append(Box(column.left, top, sum(widths), y - top, stroke=theme.line, radius=5))
    column.shapes += drawn
    column.y = y + 4


def _cell(
    cell: Runs, align: str, x: float, y: float, wide: float, theme: Theme, drawn: list[Shape]
) -> float:
    """Draw one cell and return where its words end."""
    y += 4
    for line in wrapped(cell, SIZE, wide - 2 * CELL):
        free = wide - 2 * CELL - sum(run_width(run, SIZE) for run in line)
        moved = {"left": 0.0, "center": free / 2, "right": free}[align]
        y += SIZE * LEADING
        _line(line, x + CELL + moved, y - SIZE * 0.4, SIZE, theme.ink, theme, drawn)
    return y


def _column_widths(rows: tuple[tuple[Runs, ...], ...], most: float) -> list[float]:
    """As wide as the words in them; made narrower alike where that is too much."""
    natural = [
        max(sum(run_width(run, SIZE) for run in cell) for cell in column) + 2 * CELL + 1
        for column in zip(*rows, strict=True)
    ]
    shrink = min(1.0, most / sum(natural))
    return [wide * shrink for wide in natural]
