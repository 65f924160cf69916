"""What the model writes, the way Slack shows it.

Slack takes standard Markdown, so that most of it goes out as it came. Changed is what Slack has
no marks for, and what it takes only once in a message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from adapters.slack.markup import MAX_CHARS, measure, safe
from bot.markdown.cjk import is_cjk
from bot.markdown.read import read
from bot.markdown.rendering import Block, Rendering
from bot.markdown.tree import (
    Block as Node,
)
from bot.markdown.tree import (
    Code,
    Equation,
    Formula,
    Heading,
    Image,
    Inline,
    Link,
    List,
    Note,
    Paragraph,
    Quote,
    Styled,
    Table,
    Text,
    plain,
)
from bot.markdown.words import words
from bot.markdown.write import Writer, label_of, looks_like_address

MOST_COLUMNS = 20
MOST_ROWS = 100
WIDEST_TABLE = 80
"""Columns of a line of code, for a table that Slack does not take."""

MANY = 400
"""Lines and cells of tables of which one hardly notices how long they take."""

LONGEST_TEXT = 12_000
LONGEST_FALLBACK = 3000
"""Characters of what stands for a message in a notification; an edit takes 4,000."""

BLANK = "\u200b"
"""A blank of no width, which counts as a letter."""

_HTML = re.compile(
    r"</?(?:br|b|strong|i|em|s|del|strike|u|ins|su[bp]|code|kbd|summary)\s*/?>", re.I
)
_LABELLED = re.compile(r"<((?:https?://|mailto:)[^<>|\s]+)\|([^<>\n]*)>")
_SCHEME = re.compile(r"\A(?:https?://|mailto:)", re.IGNORECASE)
_SPACES = re.compile(r"\s")
_CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)


class SlackWriter(Writer):
    """Writes standard Markdown without what Slack does not show."""

    def table(self, table: Table) -> str:
        """One that is not the message's first, or within something else."""
        return self.table_without_one(table, WIDEST_TABLE)

    def link(self, link: Link) -> str:
        """A link; words that look like an address are none where it leads elsewhere."""
        if not misleading(link):
            return super().link(link)
        label = " ".join(self.inline(link.parts).split("\n"))
        return f"{label} (<{_SPACES.sub('%20', link.address)}>)"

    def styled(self, styled: Styled) -> str:
        """Slack takes no mark between a sign and a letter of a language without spaces."""
        if not _between(styled):
            return super().styled(styled)
        inner = (Text(BLANK), *styled.parts, Text(BLANK))
        return super().styled(replace(styled, parts=inner))


def _between(styled: Styled) -> bool:
    words = plain(styled.parts)
    return any(is_cjk(char) and not char.isalnum() for char in words[:1] + words[-1:])


def misleading(link: Link) -> bool:
    """Words that look like an address, and lead to another one."""
    label = label_of(link)
    return looks_like_address(label) and _bare(label) != _bare(link.address)


def _bare(address: str) -> str:
    return _SCHEME.sub("", address).rstrip("/")


_WRITER = SlackWriter()


def _block(block: Block) -> str:
    node, source = block.placed.block, block.source.strip("\n")
    if isinstance(node, Code):
        return source
    if "|" in source and "<" in source and (linked := _linked(source)) != source:
        return "\n\n".join(
            _node(each.block, linked[each.start : each.end].strip("\n"), block.before)
            for each in read(linked)
        )
    return _node(node, source, block.before)


def _node(node: Node, source: str, before: int) -> str:
    if isinstance(node, Table):
        fits = len(node.header) <= MOST_COLUMNS and not before
        return _table(node, source.split("\n")) if fits else _WRITER.block(node)
    underlined = isinstance(node, Heading) and not source.lstrip().startswith("#")
    # Slack takes for code what goes on with a list from the message before.
    indented = source.startswith("    ")
    changed = underlined or indented or _HTML.search(source) is not None or _foreign(node)
    return _WRITER.block(node) if changed else source


def _table(table: Table, lines: Sequence[str]) -> str:
    """As many rows as Slack takes, as they were written where that can be; others without one.

    A row stays as it is whatever comes after it, so that a table can be streamed.
    """
    kept, more = table.rows[: MOST_ROWS - 1], table.rows[MOST_ROWS - 1 :]
    # Below the title stands what makes it a table.
    rows = ((table.header, lines[0]), ((), lines[1]), *zip(kept, lines[2:], strict=False))
    shown = "\n".join(
        _WRITER.row(row) if _HTML.search(line) or any(map(_foreign_parts, row)) else line
        for row, line in rows
    )
    return f"{shown}\n\n{_WRITER.block(replace(table, rows=more))}" if more else shown


def _linked(source: str) -> str:
    """Slack's own way of writing a link, which its Markdown does not know."""
    found, at = "", 0
    for code in _CODE_SPAN.finditer(source):
        found += _LABELLED.sub(_standard, source[at : code.start()]) + code[0]
        at = code.end()
    return found + _LABELLED.sub(_standard, source[at:])


def _standard(match: re.Match[str]) -> str:
    label = match[2].replace("[", "\\[").replace("]", "\\]")
    return f"[{label}]({match[1]})" if label else f"<{match[1]}>"


def _foreign(node: Node) -> bool:
    """Something in a block is not of standard Markdown."""
    match node:
        case Paragraph(parts=parts) | Heading(parts=parts):
            return _foreign_parts(parts)
        case List(items=items):
            return any(_foreign(block) for item in items for block in item.blocks)
        case Quote(blocks=blocks):
            return any(map(_foreign, blocks))
        case Equation() | Table():
            return True
        case _:
            return False


def _foreign_parts(parts: tuple[Inline, ...]) -> bool:
    return any(
        isinstance(part, Formula | Note)
        or _misleads((part,))
        or (isinstance(part, Styled) and _between(part))
        or (isinstance(part, Styled | Link) and _foreign_parts(part.parts))
        for part in parts
    )


def _misleads(parts: tuple[Inline, ...]) -> bool:
    """Words that look like an address lead elsewhere, or Slack might see such a link."""
    for part in parts:
        match part:
            case Text(text):
                misleads = "](" in text
            case Image(address=address, alt=alt):
                misleads = misleading(Link(address, (Text(alt),)))
            case Link():
                misleads = misleading(part)
            case Styled():
                misleads = _misleads(part.parts)
            case _:
                misleads = False
        if misleads:
            return True
    return False


def rendering() -> Rendering:
    """What renders Markdown for Slack; one for each adapter, because it remembers.

    What it gives notifies nobody: see `safe`.
    """
    return Rendering(lambda block: safe(_block(block)))


def rendered(text: str) -> str:
    """One whole text as Slack takes it; as it was written, should it become too long."""
    found = rendering()(text)
    return found if measure(found) <= LONGEST_TEXT else safe(text)


def fallback(text: str) -> str:
    """What stands for a message of blocks in notifications and for screen readers.

    Text without any words, such as a lone fence, stands for itself.
    """
    shown = words(text[: 2 * LONGEST_FALLBACK]) or text
    found = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(found) <= LONGEST_FALLBACK:
        return found
    cut = found[: LONGEST_FALLBACK - 1]
    return re.sub(r"&[a-z]{0,3}$", "", cut) + "…"


def takes_long(text: str) -> bool:
    """Whether rendering may take more than some milliseconds: each line and each cell costs."""
    return text.count("\n") + text.count("|") > MANY


def measure_shown(render: Rendering, text: str) -> int:
    """Length of Markdown once it is rendered; one that is far too long is not rendered for it."""
    written = measure(text)
    return written if written > 3 * MAX_CHARS else measure(render(text))
