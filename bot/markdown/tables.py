"""Tables where the platform has none: aligned columns, or a list for each row."""

from __future__ import annotations

from collections.abc import Sequence

from wcwidth import wcswidth

from bot.markdown.tree import Break, Cell, Code, Image, Inline, Link, Span, Styled, Table, plain

GAP = "  "


def width(text: str) -> int:
    """Columns that text takes in a font of fixed width."""
    found = wcswidth(text)
    return found if found >= 0 else len(text)


def columns(table: Table, most: int) -> Code | None:
    """The table as lines of code with aligned columns; None when it would lose something.

    It would when it is wider than `most` columns, or when there are links in it, which code
    cannot hold.

    Args:
        table: Any.
        most: Columns of a line.
    """
    if any(_links(cell) for row in (table.header, *table.rows) for cell in row):
        return None
    rows = [[_words(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(width(row[at]) for row in rows) for at in range(len(table.header))]
    if sum(widths) + len(GAP) * (len(widths) - 1) > most or any("```" in "".join(r) for r in rows):
        return None
    rule = ["─" * each for each in widths]
    titled = any(cell for cell in rows[0])
    lines = [rows[0], rule, *rows[1:]] if titled else rows[1:]
    text = "\n".join(
        GAP.join(
            _placed(cell, each, align)
            for cell, each, align in zip(row, widths, table.aligns, strict=True)
        ).rstrip()
        for row in lines
    )
    return Code(text, "", table.apart) if text.strip() else None


def records(table: Table) -> Sequence[tuple[Cell, Sequence[tuple[Cell, Cell]]]]:
    """For each row its first cell, and title and text of the other cells that say something."""
    if not table.rows:
        return [((), [(cell, ()) for cell in table.header if _words(cell)])]
    return [
        (
            row[0],
            [
                (title, cell)
                for title, cell in zip(table.header[1:], row[1:], strict=True)
                if _words(cell)
            ],
        )
        for row in table.rows
    ]


def _words(cell: Cell) -> str:
    return " ".join(plain(cell).split())


def _links(parts: Sequence[Inline]) -> bool:
    for part in parts:
        match part:
            case Image():
                return True
            case Link(address=address, parts=inner):
                if plain(inner) != address:
                    return True
            case Styled(parts=inner):
                if _links(inner):
                    return True
            case Span() | Break():
                continue
            case _:
                continue
    return False


def _placed(text: str, columns: int, align: str) -> str:
    free = columns - width(text)
    left = free if align == "right" else free // 2 if align == "center" else 0
    return " " * left + text + " " * (free - left)
