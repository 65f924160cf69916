"""From Markdown to a tree. The parser is markdown-it-py: CommonMark to the letter, with tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.markdown.extras import add_to
from bot.markdown.inlines import inlines
from bot.markdown.tree import (
    Block,
    Cell,
    Code,
    Equation,
    Heading,
    Inline,
    Item,
    List,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)

DEEPEST = 24
"""Containers within each other; what is nested deeper is taken for plain lines."""

_CONTAINERS = re.compile(r"^(?:[ \t]*+(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t\n]|\Z)))+", re.MULTILINE)
_DEEP_INDENT = re.compile(r"^[ \t]{100,}(?:>|[-*+]|\d{1,9}[.)])", re.MULTILINE)
_BRACKET = re.compile(r"[\[\]]|\n[ \t]*\n")
_MOST_OPEN = 64
"""Brackets that are open at once; the parser's work grows with the square of them."""
_TARGET = re.compile(r"\]\(|\)|\s")
_MOST_TARGETS = 8
"""Addresses of links that are begun and not ended; the parser reads on from each of them."""
_TASK = re.compile(r"\[([ xX])\][ \t]+")
_LISTS = frozenset(
    {"bullet_list_open", "ordered_list_open", "bullet_list_close", "ordered_list_close"}
)
_ALIGN = re.compile(r"text-align:(\w+)")


@dataclass(frozen=True, slots=True)
class Placed:
    """A block, and which characters of the text it was made from, line breaks included."""

    block: Block
    start: int
    end: int


class _Parser(MarkdownIt):
    """Addresses stay as they were written."""

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link


def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": True, "maxNesting": 10 * DEEPEST})
    parser.enable(["table", "strikethrough"])
    # A definition would vanish from where it stands, and a block of HTML hide the Markdown in it.
    # What is indented goes on with a list whose beginning may be in the message before; nobody
    # writes code without a fence any more.
    parser.disable(["reference", "html_block", "code"])
    add_to(parser)
    return parser


_PARSER = _parser()


def read(text: str) -> list[Placed]:
    """The blocks of a text, in order. Never raises; nothing but markup is left out.

    Each item of a list is a list of its own, so that a long list grows as other text does: what
    stands before its last item is finished.

    Args:
        text: Markdown that begins at the beginning of a block.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _too_deep(text):
        return [Placed(Paragraph(inline), start, end) for inline, start, end in _lines(text)]
    tokens = _PARSER.parse(text)
    lines = text.split("\n")
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    builder = _Builder(tokens, lines)
    found: list[Placed] = []
    while builder.more():
        first, last = builder.lines_of_next()
        end = min(offsets[last], len(text))
        found.append(Placed(builder.next(), offsets[first], end))
    return found


def _too_deep(text: str) -> bool:
    if _DEEP_INDENT.search(text) or _most_open(text) > _MOST_OPEN:
        return True
    if _most_targets(text) > _MOST_TARGETS:
        return True
    return any(
        len(each[0].split()) > DEEPEST or each[0].count(">") > DEEPEST
        for each in _CONTAINERS.finditer(text)
    )


def _most_open(text: str) -> int:
    most = depth = 0
    for mark in _BRACKET.findall(text):
        depth = depth + 1 if mark == "[" else max(0, depth - 1) if mark == "]" else 0
        most = max(most, depth)
    return most


def _most_targets(text: str) -> int:
    most = depth = 0
    for mark in _TARGET.findall(text):
        depth = depth + 1 if mark == "](" else max(0, depth - 1) if mark == ")" else 0
        most = max(most, depth)
    return most


def _lines(text: str) -> Iterator[tuple[tuple[Inline, ...], int, int]]:
    at = 0
    for line in text.split("\n"):
        end = min(at + len(line) + 1, len(text))
        if line.strip():
            yield (Text(line),), at, end
        at += len(line) + 1


class _Builder:
    """Makes blocks of the parser's flat list of tokens."""

    def __init__(self, tokens: Sequence[Token], lines: Sequence[str]) -> None:
        self._tokens = tokens
        self._lines = lines
        self._at = 0

    def more(self) -> bool:
        while self._at < len(self._tokens) and self._tokens[self._at].type in _LISTS:
            self._at += 1
        return self._at < len(self._tokens)

    def next(self) -> Block:
        """The next block, or the next item of a list."""
        if self._tokens[self._at].type == "list_item_open":
            item = self._item()
            return List((item,), item.apart)
        return self.block()

    def lines_of_next(self) -> tuple[int, int]:
        """The lines of the next block: the first, and the one after the last."""
        first, last = self._map(self._tokens[self._at])
        while last > first + 1 and not self._lines[last - 1].strip():
            last -= 1
        return first, last

    def block(self) -> Block:
        """The next block."""
        token = self._take()
        apart = self._apart(token)
        match token.type:
            case "heading_open":
                return self._heading(int(token.tag[1:]), apart)
            case "fence":
                return Code(token.content.removesuffix("\n"), token.info.strip(), apart)
            case "equation":
                return Equation(token.content, apart)
            case "bullet_list_open" | "ordered_list_open":
                return List(self._items(), apart)
            case "blockquote_open":
                return Quote(self._until("blockquote_close"), apart)
            case "table_open":
                return self._table(apart)
            case "hr":
                return Rule(apart)
            case _:
                parts = inlines(self._take())
                self._take()
                return Paragraph(parts, apart)

    def _heading(self, level: int, apart: bool) -> Heading:
        parts = inlines(self._take())
        self._take()
        return Heading(level, parts, apart)

    def _items(self) -> tuple[Item, ...]:
        items: list[Item] = []
        while self._tokens[self._at].type == "list_item_open":
            items.append(self._item())
        self._take()
        return tuple(items)

    def _item(self) -> Item:
        token = self._take()
        apart, number = self._apart(token), int(token.info) if token.info.isdecimal() else None
        return _item(self._until("list_item_close"), number, apart)

    def _until(self, closing: str) -> tuple[Block, ...]:
        found: list[Block] = []
        while self._tokens[self._at].type != closing:
            found.append(self.block())
        self._take()
        return tuple(found)

    def _table(self, apart: bool) -> Table:
        aligns: list[str] = []
        rows: list[tuple[Cell, ...]] = []
        row: list[Cell] = []
        while (token := self._take()).type != "table_close":
            if token.type in ("th_open", "td_open"):
                if token.type == "th_open":
                    style = _ALIGN.search(str(token.attrGet("style") or ""))
                    aligns.append(style[1] if style else "")
                row.append(inlines(self._take()))
            elif token.type == "tr_close":
                rows.append(tuple(row))
                row = []
        return Table(rows[0], tuple(rows[1:]), tuple(aligns), apart)

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _apart(self, token: Token) -> bool:
        first, _ = self._map(token)
        return first > 0 and not self._lines[first - 1].strip(" \t>")

    @staticmethod
    def _map(token: Token) -> tuple[int, int]:
        first, last = token.map or (0, 0)
        return first, last


def _item(blocks: tuple[Block, ...], number: int | None, apart: bool) -> Item:
    """An item, whose box to tick is taken out of its text."""
    if blocks and isinstance(first := blocks[0], Paragraph) and first.parts:
        words = first.parts[0]
        box = _TASK.match(words.text) if isinstance(words, Text) else None
        if box is not None and isinstance(words, Text):
            rest = words.text[box.end() :]
            parts = ((Text(rest),) if rest else ()) + first.parts[1:]
            task = Paragraph(parts, first.apart)
            return Item((task, *blocks[1:]), number, box[1] != " ", apart)
    return Item(blocks, number, None, apart)
