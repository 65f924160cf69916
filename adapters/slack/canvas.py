"""Canvases, which people attach like files and which Slack hands out as HTML: their text. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BEGINS = b'<div class="quip-canvas-content">'
"""What tells a canvas from the log-in page that Slack sends in place of a file."""

MOST_BYTES = 1024 * 1024
"""More of a canvas is not read."""

_CHECKLIST = "7"
"""How Slack calls the style of a list whose items can be ticked off."""

_APART = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "table", "div"})
_AROUND = {
    "strong": "**",
    "b": "**",
    "em": "*",
    "i": "*",
    "del": "~~",
    "s": "~~",
    "code": "`",
}
_SPACES = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")


def is_canvas(data: bytes) -> bool:
    """Whether what Slack sent is a canvas."""
    return data.lstrip()[: len(BEGINS)] == BEGINS


def text_of(data: bytes) -> bytes:
    """A canvas as Markdown, in UTF-8."""
    page = _Page()
    page.feed(data[:MOST_BYTES].decode("utf-8", "replace"))
    page.close()
    return page.text().encode()


class _Page(HTMLParser):
    """Writes down what it is fed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._lists: list[str] = []
        self._numbers: list[int] = []
        self._links: list[str] = []
        self._style = ""
        self._code = 0
        self._cells = 0

    def text(self) -> str:
        return _BLANK_LINES.sub("\n\n", "".join(self._parts)).strip() + "\n"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("ul", "ol"):
            self._lists.append(tag)
            self._numbers.append(0)
        elif tag == "li":
            self._item(given.get("class") or "")
        elif tag in ("td", "th"):
            self._write(" | " if self._cells else "\n")
            self._cells += 1
        elif tag == "tr":
            self._cells = 0
        elif tag == "br":
            self._write("\n")
        elif tag == "a":
            self._links.append(given.get("href") or "")
            self._write("[" if self._links[-1] else "")
        elif tag == "img":
            self._write(given.get("alt") or "")
        elif tag in _APART:
            self._begin(tag, given)
        elif not self._code:
            self._write(_AROUND.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            if self._lists:
                self._lists.pop()
                self._numbers.pop()
            self._write("" if self._lists else "\n\n")
        elif tag == "a":
            link = self._links.pop() if self._links else ""
            self._write(f"]({link})" if link else "")
        elif tag == "pre":
            self._code = max(self._code - 1, 0)
            self._write("\n```\n\n")
        elif tag in _APART:
            self._style = "" if tag == "div" else self._style
            self._write("" if self._lists or self._cells else "\n\n")
            self._cells = 0 if tag == "table" else self._cells
        elif not self._code:
            self._write(_AROUND.get(tag, ""))

    def handle_data(self, data: str) -> None:
        self._write(data if self._code else _SPACES.sub(" ", data))

    def _begin(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "div":
            self._style = given.get("data-section-style") or self._style
        elif tag == "pre":
            self._code += 1
            self._write("\n\n```\n")
        elif not self._lists and not self._cells:
            depth = int(tag[1]) if tag[0] == "h" else 0
            self._write("\n\n" + ("> " if tag == "blockquote" else "#" * depth + " " * bool(depth)))

    def _item(self, kind: str) -> None:
        depth = max(len(self._lists) - 1, 0)
        mark = "-"
        if self._lists and self._lists[-1] == "ol":
            self._numbers[-1] += 1
            mark = f"{self._numbers[-1]}."
        elif self._style == _CHECKLIST:
            mark = "- [x]" if "checked" in kind.split() else "- [ ]"
        self._write(f"\n{'    ' * depth}{mark} ")

    def _write(self, text: str) -> None:
        self._parts.append(text)
