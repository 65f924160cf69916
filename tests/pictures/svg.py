"""A drawing as SVG text."""

from __future__ import annotations

from html import escape

from tests.pictures.drawing import Box, Disc, Picture, Shape, Words

SANS = (
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif, "
    "'Apple Color Emoji', 'Segoe UI Emoji', 'Noto Color Emoji'"
)
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace"
_PRINTABLE = {0x9: " ", 0xA: " ", 0xD: " "}


def svg(picture: Picture) -> str:
    """The file's text; the same drawing always gives the same text."""
    width, height = _number(picture.width), _number(picture.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title description" '
        f'font-family="{SANS}" xml:space="preserve">',
        f'<title id="title">{escaped(picture.title)}</title>',
        f'<desc id="description">{_said(picture.description)}</desc>',
        *map(_shape, picture.shapes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text for XML, in attributes too; signs that XML does not know are left out."""
    known = (
        char
        for char in text.translate(_PRINTABLE)
        if char >= " " and not "\ud800" <= char <= "\udfff" and char not in "\ufffe\uffff"
    )
    return escape("".join(known))


def _said(text: str) -> str:
    """Several lines stay several."""
    return "\n".join(map(escaped, text.split("\n")))


def _shape(shape: Shape) -> str:
    match shape:
        case Box():
            return _box(shape)
        case Disc():
            x, y, radius = map(_number, (shape.x, shape.y, shape.radius))
            return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{shape.fill}"/>'
        case Words():
            return _words(shape)


def _box(box: Box) -> str:
    x, y, width, height = map(_number, (box.x, box.y, box.width, box.height))
    rounded = f' rx="{_number(box.radius)}"' if box.radius else ""
    stroke = f' stroke="{box.stroke}"' if box.stroke else ""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{rounded} '
        f'fill="{box.fill}"{stroke}/>'
    )


def _words(words: Words) -> str:
    given = {
        "font-size": _number(words.size),
        "fill": words.fill,
        "font-family": MONO if words.mono else "",
        "font-weight": "700" if words.bold else "",
        "font-style": "italic" if words.italic else "",
        "text-decoration": "line-through" if words.struck else "",
        "text-anchor": "middle" if words.centred else "",
    }
    if words.width:
        given |= {"textLength": _number(words.width), "lengthAdjust": "spacingAndGlyphs"}
    attributes = "".join(f' {name}="{value}"' for name, value in given.items() if value)
    place = f'x="{_number(words.x)}" y="{_number(words.y)}"'
    return f"<text {place}{attributes}>{escaped(words.text)}</text>"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
