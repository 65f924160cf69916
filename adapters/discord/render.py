"""What the model writes, the way Discord shows it.

Discord reads some Markdown of its own: three sizes of headings, no tables, no pictures, one
fence, and marks that nobody else knows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from adapters.discord.markup import MAX_CHARS, measure
from bot.markdown.rendering import Block, Rendering
from bot.markdown.tree import (
    Block as Node,
)
from bot.markdown.tree import (
    Code,
    Heading,
    Image,
    Inline,
    Link,
    Quote,
    Style,
    Styled,
    Table,
    Text,
)
from bot.markdown.write import Writer, balanced, is_web, label_of, looks_like_address

SMALLEST_HEADING = 3
RULE = "─" * 15
BLANK = "\u200b"
"""A blank of no width: what it parts is no mark any more."""

_LANGUAGE = re.compile(r"[a-zA-Z0-9_+\-.#]{1,20}")
_FENCE = re.compile(r"`(?=``)")
_OWN = re.compile(
    r"\\(?![A-Za-z0-9\s])|`|\*(?=\S)|(?<=\S)\*|^\*|\*$"
    r"|(?<![^\W_])_|_(?![^\W_])|__+|~~+|\|\|+|\[(?=[^\[\]\n]*\]\()"
)
"""Also in the middle of a word two underscores are a mark."""
_SPOILER = re.compile(r"(\|\|(?![\s|])[^|\n]+?(?<!\s)\|\|)(?!\|)")
"""One that was meant; an "or" of some programming language has blanks around it."""
_LINE_START = re.compile(r"^([ \t]*)(#{1,3}(?=\s)|-#(?=\s)|>(?=\s|>>)|[-*](?=\s))")
_PARENTHESES = {"(": "%28", ")": "%29"}


class DiscordWriter(Writer):
    """Writes Discord's Markdown."""

    unticked, ticked = "☐", "☑"
    underline = ("__", "__")

    def heading(self, heading: Heading) -> str:
        """Discord has three sizes; smaller ones become bold lines."""
        if heading.level <= SMALLEST_HEADING:
            return super().heading(heading)
        return " ".join(self.inline((Styled(Style.STRONG, _plain(heading.parts)),)).split("\n"))

    def code(self, code: Code) -> str:
        """Discord's only fence: three back-ticks, one word of language, no fence within."""
        word = code.info.split()[0] if code.info.split() else ""
        language = word if _LANGUAGE.fullmatch(word) else ""
        # A fence that is shown as code would end the block; a blank of no width parts it.
        text = _FENCE.sub("`" + BLANK, code.text)
        return f"```{language}\n{text if text.strip() else BLANK}\n```"

    def quote(self, quote: Quote) -> str:
        """Discord knows one level of quotations."""
        body = self.blocks([block for each in quote.blocks for block in _unquoted(each)])
        return "\n".join(f"> {line}" for line in body.split("\n"))

    def table(self, table: Table) -> str:
        """Discord has no tables."""
        return self.table_without_one(table)

    def rule(self) -> str:
        """Discord shows three dashes as three dashes."""
        return RULE

    def line_start(self, line: str) -> str:
        """Also small print, and the quotation that takes all the rest."""
        return _LINE_START.sub(r"\1\\\2", line)

    def words(self, text: str) -> str:
        """Also spoilers, unless they were meant, and underlining."""
        return "".join(
            f"||{self._escaped(piece[2:-2])}||" if number % 2 else self._escaped(piece)
            for number, piece in enumerate(_SPOILER.split(text))
        )

    @staticmethod
    def _escaped(text: str) -> str:
        return _OWN.sub(lambda match: "".join(f"\\{char}" for char in match[0]), text)

    def span(self, text: str) -> str:
        """Three back-ticks are a block to Discord, wherever they stand."""
        text = _FENCE.sub("`" + BLANK, text)
        return super().span(text) if text.strip() else f"`{BLANK}`"

    def indented(self, text: str, by: str) -> str:
        """Code stays at the margin: Discord would show its indentation."""
        within, lines = False, list[str]()
        for number, line in enumerate(text.split("\n")):
            fence = line.startswith("```")
            moved = by + line if number and line and not (within or fence) else line
            lines.append(moved)
            within ^= fence
        return "\n".join(lines)

    def link(self, link: Link) -> str:
        """A masked link, where Discord shows one; else the words, and the address behind them."""
        label = label_of(link)
        address = link.address.replace(" ", "%20")
        if not is_web(address):
            if link.bare or not link.address or link.address.startswith("#"):
                return self.inline(link.parts)
            words = " ".join(self.inline(link.parts).split("\n"))
            return f"{words} ({self.span(link.address)})" if words else self.span(link.address)
        if not balanced(address):
            address = "".join(_PARENTHESES.get(char, char) for char in address)
        if link.bare or not label or label == link.address:
            return address
        words = " ".join(self.inline(_without_pictures(link.parts)).split("\n"))
        if looks_like_address(label):
            # Words that look like an address are not made a link: it might lead elsewhere.
            return f"{words} (<{address}>)"
        return f"[{words if balanced(label, '[]') else _brackets(words)}]({address})"


def _without_pictures(parts: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """A picture in a link is what it shows: there are no links within links."""
    return tuple(Text(part.alt or "image") if isinstance(part, Image) else part for part in parts)


def _brackets(words: str) -> str:
    return words.replace("[", "\\[").replace("]", "\\]")


def _unquoted(block: Node) -> Sequence[Node]:
    if not isinstance(block, Quote):
        return (block,)
    return [inner for each in block.blocks for inner in _unquoted(each)]


def _plain(parts: tuple[Inline, ...]) -> tuple[Inline, ...]:
    return tuple(
        inner
        for part in parts
        for inner in (
            part.parts if isinstance(part, Styled) and part.style is Style.STRONG else (part,)
        )
    )


_WRITER = DiscordWriter()


def _block(block: Block) -> str:
    return _WRITER.block(block.placed.block)


def rendering() -> Rendering:
    """What renders Markdown for Discord; one for each adapter, because it remembers."""
    return Rendering(_block)


def measure_shown(render: Rendering, text: str) -> int:
    """Length of Markdown once it is rendered; one that is far too long is not rendered for it."""
    written = measure(text)
    return written if written > 3 * MAX_CHARS else measure(render(text))
