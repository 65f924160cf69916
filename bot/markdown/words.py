"""Markdown as plain words, for notifications, screen readers and places without markup."""

from __future__ import annotations

from collections.abc import Sequence

from bot.markdown.read import read
from bot.markdown.tree import Code, Heading, Link, Quote, Styled, Table
from bot.markdown.write import Writer, label_of


class PlainWriter(Writer):
    """Writes words without marks."""

    unticked, ticked = "☐", "☑"

    def heading(self, heading: Heading) -> str:
        """A line of its own."""
        return " ".join(self.inline(heading.parts).split("\n"))

    def code(self, code: Code) -> str:
        """The code alone."""
        return code.text

    def quote(self, quote: Quote) -> str:
        """In quotation marks of their own, one a line."""
        return "\n".join(f"| {line}".rstrip() for line in self.blocks(quote.blocks).split("\n"))

    def table(self, table: Table) -> str:
        """A list for each row: it can be read aloud."""
        return self.table_as_lists(table)

    def rule(self) -> str:
        """Nothing that could be read aloud."""
        return ""

    def line_start(self, line: str) -> str:
        """Nothing is read as a mark."""
        return line

    def words(self, text: str) -> str:
        """As they are."""
        return text

    def note(self, label: str) -> str:
        """A footnote's mark."""
        return f"[{label}]"

    def styled(self, styled: Styled) -> str:
        """The words."""
        return self.inline(styled.parts)

    def span(self, text: str) -> str:
        """The code alone."""
        return text

    def link(self, link: Link) -> str:
        """The words, and the address behind them where they do not name it."""
        label = " ".join(label_of(link).split())
        return f"{label} ({link.address})" if label and label != link.address else link.address


_WRITER = PlainWriter()


def words(markdown: str) -> str:
    """A text without its markup, for people who only hear or glimpse it."""
    shown: Sequence[str] = [_WRITER.block(placed.block) for placed in read(markdown)]
    return "\n".join(text for text in shown if text)
