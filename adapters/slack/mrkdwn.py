"""Markdown for windows and the Home tab, which take Slack's own markup only. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.slack.markup import escaped
from adapters.slack.render import BLANK, misleading
from bot.markdown.cutting import cut_text
from bot.markdown.read import read
from bot.markdown.tree import Code, Heading, Inline, Link, Span, Style, Styled, Table
from bot.markdown.write import Writer, is_web, label_of

LONGEST_SECTION = 3000
MORE = "_…and more, which does not fit here._"
MOST_SECTIONS = 40

WIDEST_TABLE = 60
"""Columns of a line of code that a window shows without wrapping it."""

RULE = "─" * 12

_MARKS = {Style.STRONG: "*", Style.EMPHASIS: "_", Style.STRIKE: "~", Style.UNDERLINE: ""}


class MrkdwnWriter(Writer):
    """Writes Slack's own markup, in which nothing can be escaped but three signs."""

    bullet = "• "
    unticked, ticked = "☐", "☑"

    def heading(self, heading: Heading) -> str:
        """A bold line."""
        return self.inline((Styled(Style.STRONG, _without_strong(heading.parts)),))

    def code(self, code: Code) -> str:
        """A block of code; there are no languages."""
        return f"```\n{escaped(code.text).replace('```', f'``{BLANK}`') or BLANK}\n```"

    def table(self, table: Table) -> str:
        """There are no tables."""
        return self.table_without_one(table, WIDEST_TABLE)

    def rule(self) -> str:
        """Three dashes would be shown as such."""
        return RULE

    def line_start(self, line: str) -> str:
        """What begins a line means nothing here."""
        return line

    def inline(self, parts: Sequence[Inline]) -> str:
        """Marks are none beside a letter or another mark; a blank of no width parts them."""
        found, marked = "", False
        for part in parts:
            text, marks = self.part(part), isinstance(part, Styled | Span)
            if found and text and ((marks and _joins(found[-1])) or (marked and _joins(text[0]))):
                found += BLANK
            found, marked = found + text, marks if text else marked
        return found

    def words(self, text: str) -> str:
        """Words, which can name nobody."""
        return escaped(text)

    def text(self, text: str) -> str:
        """Words; addresses as well."""
        return self.words(text)

    def styled(self, styled: Styled) -> str:
        """Marks hold within a line only."""
        mark, body = _MARKS[styled.style], " ".join(self.inline(styled.parts).split("\n"))
        words = body.strip()
        if not words:
            return body
        left, right = body[: len(body) - len(body.lstrip())], body[len(body.rstrip()) :]
        return f"{left}{mark}{words}{mark}{right}"

    def span(self, text: str) -> str:
        """Code within a line, in which a back-tick would end it."""
        shown = " ".join(text.split("\n")).replace("`", "ˋ")
        return f"`{escaped(shown)}`" if shown.strip() else shown

    def link(self, link: Link) -> str:
        """A link; words that look like an address are none where it leads elsewhere."""
        label = escaped(" ".join(label_of(link).split()))
        if not is_web(link.address) and not link.address.startswith("mailto:"):
            return f"{label} ({self.span(link.address)})" if link.address else label
        address = escaped("%20".join(link.address.split())).replace("|", "%7C")
        if link.bare or not label or label == address:
            return f"<{address}>"
        return f"{label} (<{address}>)" if misleading(link) else f"<{address}|{label}>"


def _joins(char: str) -> bool:
    return char.isalnum() or char in "*_~`"


def _without_strong(parts: Sequence[Inline]) -> tuple[Inline, ...]:
    """The same, of which nothing is bold yet."""
    found: list[Inline] = []
    for part in parts:
        if isinstance(part, Styled):
            inner = _without_strong(part.parts)
            strong = part.style is Style.STRONG
            found += inner if strong else (Styled(part.style, inner, part.mark),)
        else:
            found.append(part)
    return tuple(found)


_WRITER = MrkdwnWriter()


def mrkdwn(text: str) -> str:
    """Markdown in Slack's own markup; it names and notifies nobody."""
    return "".join(before + shown for before, shown in _blocks(text))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each block as it is shown, and what parts it from the one before."""
    before = ""
    for placed in read(text.replace("\r\n", "\n").replace("\r", "\n")):
        if shown := _WRITER.block(placed.block):
            yield before and ("\n\n" if placed.block.apart else "\n"), shown
            before = shown


def sections(text: str, most: int = MOST_SECTIONS) -> list[dict[str, Any]]:
    """Markdown as section blocks; what does not fit is cut, and that is said."""
    limit = LONGEST_SECTION - len(MORE) - 1
    made = [""]
    for before, shown in _blocks(text):
        if _size(made[-1] + before + shown) <= limit:
            made[-1] += before + shown
        else:
            made += cut_text(shown, limit, _size)
    made = [part for part in made if part.strip()]
    if len(made) > most:
        made = [*made[: most - 1], f"{made[most - 1]}\n{MORE}"]
    return [section(part) for part in made]


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def section(text: str) -> dict[str, Any]:
    """A block of text in Slack's own markup."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
