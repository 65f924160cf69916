"""What a picture is made of: shapes and words at places, in pixels from the upper left corner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `radius` rounds its corners."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    stroke: str = ""
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Disc:
    """A filled circle around a centre."""

    x: float
    y: float
    radius: float
    fill: str


@dataclass(frozen=True, slots=True)
class Words:
    """Words in one style on one line.

    Attributes:
        y: The base line.
        width: What the words take; a font with other widths is fitted to it. 0 for its own.
        centred: `x` is their middle.
    """

    x: float
    y: float
    text: str
    size: float
    fill: str
    width: float = 0.0
    bold: bool = False
    italic: bool = False
    struck: bool = False
    mono: bool = False
    centred: bool = False


Shape = Box | Disc | Words


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing and what it shows, in words, for those who cannot see it."""

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]
