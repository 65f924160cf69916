"""What is printed on a terminal: lines broken between words, bold and code shown as such.

Text comes in pieces of any size and is printed as soon as it is clear how: a word when it has
ended, something bold when its second pair of marks is there. Nothing is lost but the marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from wcwidth import wcswidth

BOLD, NOT_BOLD = "\x1b[1m", "\x1b[22m"
CODE, NO_CODE = "\x1b[36m", "\x1b[39m"
DIM = "\x1b[2m"

_MARKS = re.compile(r"\*\*|`+")
_SPAN = re.compile(
    r"(?P<bold>\*\*)(?=\S)(.+?)(?<=\S)\*\*(?!\*)|(?P<code>`+)(?!`)(.+?)(?<!`)(?P=code)(?!`)"
)
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LEAD = re.compile(r"[ \t]*(?:>[ \t]*)*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+(?=\S))?")
_UNCLEAR = re.compile(r"[ \t>]*(?:[`~]{0,2}|[-*+]|\d{1,3}[.)]?)[ \t]*\Z")
"""A beginning of a line of which it is not clear yet what kind it is."""

_HEADING = re.compile(r"#{1,6} +(?=\S)")
_TOKEN = re.compile(r"\x1b\[[0-9;]*m|[ \t]+|[^ \t\x1b]+|\x1b")


class Page:
    """Turns pieces of Markdown into what a terminal is sent.

    Args:
        columns: How wide the terminal is now.
        styled: Show bold and code; else the marks stay.
    """

    def __init__(self, columns: Callable[[], int], *, styled: bool) -> None:
        self._columns = columns
        self._styled = styled
        self._held = ""
        self._begun = False
        self._fence = ""
        self._column = 0
        self._hang = ""
        self._gap = ""
        self._word = ""

    def take(self, text: str) -> str:
        """What can be printed now that `text` has come."""
        *whole, rest = (self._held + _CONTROLS.sub("", text)).split("\n")
        out = [self._line(line) for line in whole]
        self._held = rest
        if self._begun or not _UNCLEAR.match(rest):
            out.append(self._part(rest))
        return "".join(out)

    @property
    def midway(self) -> bool:
        """A line has begun and not ended."""
        return bool(self._begun or self._held)

    def _line(self, line: str) -> str:
        """The end of a line, or a whole one."""
        fence = None if self._begun else _FENCE.match(line)
        if fence is not None and fence[1].startswith(self._fence):
            self._fence = "" if self._fence else fence[1]
            out = f"{DIM}{line}{NOT_BOLD}" if self._styled else line
        elif self._fence:
            out = line
        else:
            shown = line
            self._begin(line)
            heading = None if self._begun or not self._styled else _HEADING.match(line)
            if heading is not None:
                shown = f"**{line[heading.end() :].replace('**', '')}**"
            out = self._broken(self._shown(shown, whole=True)[0]) + self._flushed()
        self._begun, self._column, self._gap = False, 0, ""
        return f"{out}\n"

    def _part(self, part: str) -> str:
        """As much of a line that goes on as can be shown."""
        heading = self._styled and not self._fence and part.startswith("#")
        if not self._begun and (_FENCE.match(part) or heading):
            return ""
        if self._fence:
            self._held, self._begun = "", True
            return part
        self._begin(part)
        shown, self._held = self._shown(part, whole=False)
        self._begun = self._begun or bool(shown)
        return self._broken(shown)

    def _begin(self, line: str) -> None:
        """Further lines of an item or a quotation stand below its words."""
        if self._begun:
            return
        lead = _LEAD.match(line)
        hang = re.sub(r"[^>\s]", " ", lead[0]) if lead else ""
        self._hang = hang if 2 * len(hang) < self._columns() else ""

    def _shown(self, text: str, *, whole: bool) -> tuple[str, str]:
        """Marks as styles, and what has to wait since its second mark is not there yet."""
        if not self._styled:
            return text, ""
        out: list[str] = []
        at = 0
        while (mark := _MARKS.search(text, at)) is not None:
            out.append(text[at : mark.start()])
            span = _SPAN.match(text, mark.start())
            ends = span is not None and (whole or span.end() < len(text))
            if span is not None and ends:
                out.append(_styled(span))
                at = span.end()
            elif whole or text[mark.end() :][:1].isspace():
                out.append(mark[0])
                at = mark.end()
            else:
                return "".join(out), text[mark.start() :]
        tail = "" if whole or not text.endswith("*") or at == len(text) else "*"
        out.append(text[at : len(text) - len(tail)])
        return "".join(out), tail

    def _broken(self, text: str) -> str:
        """All words that have ended, with the lines between them."""
        out: list[str] = []
        for token in _TOKEN.findall(text):
            if token[0] in " \t":
                out.append(self._flushed())
                self._gap += token
            else:
                self._word += token
        return "".join(out)

    def _flushed(self) -> str:
        """The word that has ended."""
        if not self._word:
            return ""
        width = _width(self._word)
        out = self._gap + self._word
        if self._column and self._column + len(self._gap) + width > self._columns():
            out = f"\n{self._hang}{self._word}"
            self._column = len(self._hang) + width
        else:
            self._column += len(self._gap) + width
        self._gap = self._word = ""
        return out


def _styled(span: re.Match[str]) -> str:
    if span["bold"]:
        inner = _SPAN.sub(lambda each: _styled(each) if each["code"] else each[0], span[2])
        return f"{BOLD}{inner}{NOT_BOLD}"
    return f"{CODE}{span[4]}{NO_CODE}"


def _width(word: str) -> int:
    """Columns, without styles."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", word)
    return max(wcswidth(plain), 0)
