"""A message's text as blocks: paragraphs, headings, lists, quotes, tables and code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from tests.pictures.inlines import Dialect, Names, runs
from tests.pictures.shown import (
    Align,
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

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]*)[ \t]*$")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*$")
_ITEM = re.compile(r"^([ \t]*)([-*+•]|\d{1,3}[.)])[ \t]+(.*)$")
_QUOTE = re.compile(r"^ {0,3}(?:>|&gt;) ?(.*)$")
_SMALL = re.compile(r"^-# (.*)$")
_RULE = re.compile(r"^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_DELIMITER = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_BULLETS = "•◦▪"

_COLOURED = frozenset({"py", "python"})
_HUES: tuple[Literal["comment", "string", "keyword", "number"], ...] = (
    "comment",
    "string",
    "keyword",
    "number",
)
_CODE_PART = re.compile(
    r"(?P<comment>#[^\n]*)"
    r"|(?P<string>[rfb]?\"[^\"\n]*\"|[rfb]?'[^'\n]*')"
    r"|(?P<keyword>\b(?:and|as|async|await|class|def|elif|else|except|finally|for|from|if|import"
    r"|in|is|lambda|not|or|pass|raise|return|try|while|with|yield|None|True|False)\b)"
    r"|(?P<number>\b\d+(?:\.\d+)?\b)"
)


def blocks(text: str, dialect: Dialect, names: Names) -> tuple[Block, ...]:
    """The blocks of a text."""
    return tuple(_blocks(text.split("\n"), dialect, names))


def _blocks(lines: list[str], dialect: Dialect, names: Names) -> Iterator[Block]:
    at = 0
    plain: list[str] = []
    while at < len(lines):
        taken, block = _special(lines, at, dialect, names)
        if block is None and lines[at].strip():
            plain.append(lines[at].strip())
            at += 1
            continue
        if plain:
            yield Paragraph(runs("\n".join(plain), dialect, names))
            plain = []
        if block is not None:
            yield block
        at += taken or 1
    if plain:
        yield Paragraph(runs("\n".join(plain), dialect, names))


def _special(lines: list[str], at: int, dialect: Dialect, names: Names) -> tuple[int, Block | None]:
    """How many lines belong to a block that is no paragraph, and the block."""
    line = lines[at]
    if fence := _FENCE.match(line):
        end = _end_of_fence(lines, at + 1, fence[1])
        return end + 1 - at, _code(fence[2], lines[at + 1 : end], dialect)
    if (heading := _HEADING.match(line)) and len(heading[1]) <= dialect.headings:
        return 1, Heading(min(len(heading[1]), 3), runs(heading[2], dialect, names))
    if dialect.small and (small := _SMALL.match(line)):
        return 1, Paragraph(runs(small[1], dialect, names), small=True)
    if _RULE.match(line) and dialect.tables:
        return 1, Rule()
    if item := _ITEM.match(line):
        return _item(lines, at, item, dialect, names)
    if _QUOTE.match(line):
        quoted = _while(lines, at, _QUOTE)
        return len(quoted), Quote(runs("\n".join(found[1] for found in quoted), dialect, names))
    if dialect.tables and "|" in line and at + 1 < len(lines) and _DELIMITER.match(lines[at + 1]):
        return _table(lines, at, dialect, names)
    return 0, None


def _end_of_fence(lines: list[str], at: int, mark: str) -> int:
    while at < len(lines) and lines[at].strip() != mark:
        at += 1
    return at


def _while(lines: list[str], at: int, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    while at < len(lines) and (match := pattern.match(lines[at])):
        found.append(match)
        at += 1
    return found


def _item(
    lines: list[str], at: int, found: re.Match[str], dialect: Dialect, names: Names
) -> tuple[int, Block]:
    depth = len(found[1].expandtabs(4)) // 2
    end = at + 1
    # What is indented goes on with the entry, unless it is an entry itself or begins code.
    while end < len(lines) and re.match(r"[ \t]{2,}\S", lines[end]):
        if _ITEM.match(lines[end]) or _FENCE.match(lines[end]):
            break
        end += 1
    words = "\n".join([found[3], *(line.strip() for line in lines[at + 1 : end])])
    ordered = found[2][0].isdigit()
    mark = found[2].replace(")", ".") if ordered else _BULLETS[min(depth, 2)]
    return end - at, Item(mark, depth, runs(words, dialect, names))


def _table(lines: list[str], at: int, dialect: Dialect, names: Names) -> tuple[int, Block]:
    end = at + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    header = _cells(lines[at])
    count = len(header)
    signs = (_cells(lines[at + 1]) + [""] * count)[:count]
    aligns: list[Align] = [_align(sign) for sign in signs]
    rows = [(_cells(line) + [""] * count)[:count] for line in lines[at + 2 : end]]

    def cells(row: list[str]) -> tuple[Runs, ...]:
        return tuple(runs(cell, dialect, names) for cell in row)

    return end - at, Table(cells(header), tuple(map(cells, rows)), tuple(aligns))


def _cells(line: str) -> list[str]:
    inner = re.sub(r"^\s*\||(?<!\\)\|\s*$", "", line)
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def _align(cell: str) -> Align:
    if cell.endswith(":"):
        return "center" if cell.startswith(":") else "right"
    return "left"


def _code(language: str, lines: list[str], dialect: Dialect) -> Code:
    text = "\n".join(lines)
    known = dialect.coloured and language in _COLOURED
    return Code(language, _coloured(text) if known else (Run(text, code=True),))


def _coloured(code: str) -> Runs:
    found: list[Run] = []
    at = 0
    for part in _CODE_PART.finditer(code):
        found.append(Run(code[at : part.start()], code=True))
        for hue in _HUES:
            if part[hue] is not None:
                found.append(Run(part[0], code=True, hue=hue))
        at = part.end()
    found.append(Run(code[at:], code=True))
    return tuple(run for run in found if run.text)
