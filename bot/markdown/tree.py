"""What a piece of Markdown says, without how it was written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Style(StrEnum):
    """How a stretch of text is set off."""

    STRONG = "strong"
    EMPHASIS = "emphasis"
    STRIKE = "strike"
    UNDERLINE = "underline"


@dataclass(frozen=True, slots=True)
class Text:
    """Words, without any markup in them."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a line within a paragraph; `hard` was asked for, others only happened."""

    hard: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Code within a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Formula:
    """Mathematics in the words of TeX, without its delimiters."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """A reference to a footnote, or the footnote's own mark."""

    label: str


@dataclass(frozen=True, slots=True)
class Styled:
    """Text that is set off; `mark` is what it was written with."""

    style: Style
    parts: tuple[Inline, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link; `bare` was written as an address in angle brackets."""

    address: str
    parts: tuple[Inline, ...]
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A picture somewhere else, and what it shows."""

    address: str
    alt: str


Inline: TypeAlias = Text | Break | Span | Formula | Note | Styled | Link | Image


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, `level` 1 to 6. `apart`, here and below: a blank line stands before it."""

    level: int
    parts: tuple[Inline, ...]
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of text."""

    parts: tuple[Inline, ...]
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code; `info` is what stands behind the opening mark."""

    text: str
    info: str = ""
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Equation:
    """A formula on lines of its own, without its delimiters."""

    text: str
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a list.

    Attributes:
        blocks: What it says.
        number: As it was written; None for a bullet.
        done: None where there is nothing to tick off.
        apart: A blank line stands before it.
    """

    blocks: tuple[Block, ...]
    number: int | None = None
    done: bool | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class List:
    """A list, or a stretch of one."""

    items: tuple[Item, ...]
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation."""

    blocks: tuple[Block, ...]
    apart: bool = True


Cell: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has as many cells as the header. `aligns`: left, right, center or empty."""

    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    aligns: tuple[str, ...]
    apart: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""

    apart: bool = True


Block: TypeAlias = Heading | Paragraph | Code | Equation | List | Quote | Table | Rule


def plain(parts: tuple[Inline, ...]) -> str:
    """The words of a line alone; an address only where it is all there is."""
    found: list[str] = []
    for part in parts:
        match part:
            case Text(text) | Span(text) | Formula(text):
                found.append(text)
            case Break():
                found.append(" ")
            case Note(label):
                found.append(f"[{label}]")
            case Styled(parts=inner):
                found.append(plain(inner))
            case Link(address=address, parts=inner):
                found.append(plain(inner) or address)
            case Image(address=address, alt=alt):
                found.append(alt or address)
    return "".join(found)
