"""From a tree to Markdown again, the way a platform understands it.

`Writer` writes standard Markdown. A platform's own writer overrides what differs there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bot.markdown.tables import columns, records
from bot.markdown.tree import (
    Block,
    Break,
    Code,
    Equation,
    Formula,
    Heading,
    Image,
    Inline,
    Item,
    Link,
    List,
    Note,
    Paragraph,
    Quote,
    Rule,
    Span,
    Style,
    Styled,
    Table,
    Text,
    plain,
)

WIDEST_TABLE = 46
"""Columns of a line of code that a phone shows without wrapping it."""

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>]+", re.IGNORECASE)
_TICKS = re.compile(r"`+")
_WEB = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_SPECIAL = re.compile(
    r"\\(?![A-Za-z0-9\s])"
    r"|`"
    r"|\*(?=\S)|(?<=\S)\*|^\*|\*$"
    r"|(?<![^\W_])_+|_+(?![^\W_])"
    r"|~(?=~)|(?<=~)~"
    r"|\[(?=[^\[\]\n]*\]\()"
)
_LINE_START = re.compile(r"^([ \t]*)(#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|(?:[-=_*][ \t]*){3,}$)")
_ADDRESS_LIKE = re.compile(r"https?://|^[\w-]+(?:\.[\w-]+)+(?:/\S*)?$", re.IGNORECASE)
_NUMBER_START = re.compile(r"^([ \t]*\d{1,9})([.)])(?=\s|$)")


_MARKS = "*_~`"


class Writer:
    """Writes standard Markdown."""

    bullet = "- "
    unticked, ticked = "[ ]", "[x]"
    underline = ("", "")

    def block(self, block: Block) -> str:
        """One block, without a line break at its end; empty when nothing of it can be shown."""
        match block:
            case Heading():
                return self.heading(block)
            case Paragraph(parts=parts):
                return self.lines(parts)
            case Code():
                return self.code(block)
            case Equation():
                return self.equation(block)
            case List():
                return self.list(block)
            case Quote():
                return self.quote(block)
            case Table():
                return self.table(block)
            case Rule():
                return self.rule()

    def blocks(self, blocks: Sequence[Block]) -> str:
        """Several blocks, with a blank line between those that had one."""
        found = ""
        for block in blocks:
            text = self.block(block)
            if text:
                found += (("\n\n" if block.apart else "\n") if found else "") + text
        return found

    def heading(self, heading: Heading) -> str:
        """A heading."""
        words = " ".join(self.inline(heading.parts).split("\n"))
        return f"{'#' * heading.level} {words}".rstrip()

    def code(self, code: Code) -> str:
        """A block of code."""
        mark = "`" * max(3, _longest_run(code.text) + 1)
        info = code.info if "`" not in code.info else ""
        return f"{mark}{info}\n{code.text}\n{mark}" if code.text else f"{mark}{info}\n{mark}"

    def equation(self, equation: Equation) -> str:
        """A formula that has lines of its own."""
        return self.code(Code(equation.text, "tex"))

    def list(self, found: List) -> str:
        """A list; each item's further lines stand below its first one."""
        lines = ""
        for number, item in enumerate(found.items):
            mark = self.bullet if item.number is None else f"{item.number}. "
            body = self.indented(self.item(item), " " * len(mark))
            gap = "\n\n" if item.apart else "\n"
            lines += (gap if number else "") + (mark + body).rstrip()
        return lines

    def indented(self, text: str, by: str) -> str:
        """An item's text, its further lines below the first one."""
        first, *rest = text.split("\n")
        return "\n".join([first, *((by + line if line else line) for line in rest)])

    def item(self, item: Item) -> str:
        """What stands behind an item's mark."""
        body = self.blocks(item.blocks)
        if item.done is None:
            return body
        return f"{self.ticked if item.done else self.unticked} {body}"

    def quote(self, quote: Quote) -> str:
        """A quotation."""
        body = self.blocks(quote.blocks)
        return "\n".join(f"> {line}".rstrip() for line in body.split("\n"))

    def table(self, table: Table) -> str:
        """A table."""
        rows = [self.row(row) for row in (table.header, *table.rows)]
        marks = {"left": ":---", "right": "---:", "center": ":---:"}
        rule = "| " + " | ".join(marks.get(align, "---") for align in table.aligns) + " |"
        return "\n".join((rows[0], rule, *rows[1:]))

    def row(self, row: Sequence[tuple[Inline, ...]]) -> str:
        """A line of a table."""
        cells = (" ".join(self.inline(cell).split("\n")).replace("|", "\\|") for cell in row)
        return "| " + " | ".join(cells) + " |"

    def table_without_one(self, table: Table, most: int = WIDEST_TABLE) -> str:
        """A table as aligned lines of code, or as a list for each row where that is too wide."""
        code = columns(table, most)
        return self.code(code) if code is not None else self.table_as_lists(table)

    def table_as_lists(self, table: Table) -> str:
        """A list for each row, under the row's first cell."""
        found: list[str] = []
        for first, cells in records(table):
            title = self.inline((Styled(Style.STRONG, _without_strong(first)),)) if first else ""
            lines = [" ".join(title.split("\n"))] if title else []
            for name, cell in cells:
                said = " ".join(self.inline((*name, Text(": "), *cell) if cell else name).split())
                lines.append(f"{self.bullet}{said}")
            if lines:
                found.append("\n".join(lines))
        return "\n\n".join(found)

    def rule(self) -> str:
        """A line across the page."""
        return "---"

    def lines(self, parts: Sequence[Inline]) -> str:
        """The lines of a paragraph; none begins with what would be more than words."""
        return "\n".join(self.line_start(line) for line in self.inline(parts).split("\n")).strip()

    def line_start(self, line: str) -> str:
        """A line whose beginning would otherwise be read as a mark."""
        line = _LINE_START.sub(r"\1\\\2", line)
        return _NUMBER_START.sub(r"\1\\\2", line)

    def inline(self, parts: Sequence[Inline]) -> str:
        """What stands within a line, or within several."""
        found = ""
        for part in parts:
            text = self.part(part)
            if text and found and text[0] == found[-1] and text[0] in _MARKS:
                # Two marks side by side would be read as another one.
                glued = not isinstance(part, Text) or found[-2:-1] != "\\"
                found += "\u200b" if glued else ""
            found += text
        return found

    def part(self, part: Inline) -> str:
        """One part of a line."""
        match part:
            case Text(text):
                return self.text(text)
            case Break():
                return "\n"
            case Span(text):
                return self.span(text)
            case Formula(text):
                return self.span(text)
            case Note(label):
                return self.note(label)
            case Styled():
                return self.styled(part)
            case Link():
                return self.link(part)
            case Image():
                return self.image(part)

    def text(self, text: str) -> str:
        """Words, in which nothing is read as markup; addresses stay as they are."""
        found, at = "", 0
        for address in _ADDRESS.finditer(text):
            found += self.words(text[at : address.start()]) + address[0]
            at = address.end()
        return found + self.words(text[at:])

    def words(self, text: str) -> str:
        """Words without addresses."""
        return _SPECIAL.sub(lambda match: "".join(f"\\{char}" for char in match[0]), text)

    def note(self, label: str) -> str:
        """A footnote's mark."""
        return f"[{self.words(label)}]"

    def styled(self, styled: Styled) -> str:
        """Text that is set off."""
        before, after = {
            Style.STRONG: ("**", "**"),
            Style.EMPHASIS: ("_", "_") if styled.mark == "_" else ("*", "*"),
            Style.STRIKE: ("~~", "~~"),
            Style.UNDERLINE: self.underline,
        }[styled.style]
        body = self.inline(styled.parts)
        words = body.strip()
        if not words:
            return body
        left = body[: len(body) - len(body.lstrip())]
        return f"{left}{before}{words}{after}{body[len(body.rstrip()) :]}"

    def span(self, text: str) -> str:
        """Code within a line."""
        text = " ".join(text.split("\n"))
        runs = {len(run) for run in _TICKS.findall(text)}
        mark = "`" * next(size for size in range(1, len(runs) + 2) if size not in runs)
        pad = " " if text.startswith("`") or text.endswith("`") else ""
        return f"{mark}{pad}{text}{pad}{mark}"

    def link(self, link: Link) -> str:
        """A link."""
        if link.bare:
            return f"<{link.address}>"
        label = " ".join(self.inline(link.parts).split("\n"))
        address = link.address
        if not address or re.search(r"[\s<>]", address) or not balanced(address):
            address = f"<{address}>" if not re.search(r"[<>\n]", address) else ""
        return f"[{label}]({address})"

    def image(self, image: Image) -> str:
        """A picture: a link to it."""
        alt = Text(image.alt.strip() or "image")
        if not _WEB.fullmatch(image.address):
            return self.inline((alt,))
        return self.link(Link(image.address, (alt,)))


def _without_strong(parts: Sequence[Inline]) -> tuple[Inline, ...]:
    found: list[Inline] = []
    for part in parts:
        if isinstance(part, Styled) and part.style is Style.STRONG:
            found.extend(part.parts)
        else:
            found.append(part)
    return tuple(found)


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def balanced(text: str, pair: str = "()") -> bool:
    """Each bracket of a kind has its counterpart."""
    depth = 0
    for char in text:
        depth += (char == pair[0]) - (char == pair[1])
        if depth < 0:
            return False
    return depth == 0


def is_web(address: str) -> bool:
    """An address that a browser opens."""
    return _WEB.fullmatch(address) is not None


def label_of(link: Link) -> str:
    """The words of a link."""
    return plain(link.parts).strip()


def looks_like_address(label: str) -> bool:
    """Words that people take for an address; behind them there may be another one."""
    seen = "".join(char for char in label if unicodedata.category(char) != "Cf")
    return _ADDRESS_LIKE.search(seen.strip()) is not None
