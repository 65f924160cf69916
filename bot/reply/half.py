"""Blocks that are only half there where a text ends: a list's mark, a table's row."""

from __future__ import annotations

import regex

_HALF_MARK = regex.compile(
    r"[^\S\n]*+(?:(?:>[^\S\n]*+)++|(?:>[^\S\n]*+)*+(?:[-*+=_~#]++|-#?|[0-9]{1,9}[.)]?|-{3,})"
    r"(?:[^\S\n]++(?:\[[ xX]?\]?[^\S\n]*+)?+)?+)$"
)
"""A line that only says that something is to come: an item, a heading, a quotation, a rule."""
_DELIMITERS = regex.compile(
    r"[^\S\n]*+\|?(?:[^\S\n]*+:?-++:?[^\S\n]*+\|)++(?:[^\S\n]*+:?-++:?)?[^\S\n]*+$"
    r"|[^\S\n]*+\|[^\S\n]*+:?-++:?[^\S\n]*+\|?[^\S\n]*+$"
)
_MAY_BE_DELIMITERS = regex.compile(r"[\s|:\-]++$")
_PIPE = regex.compile(r"(?<!\\)\|")


def half_block_at(text: str, start: int = 0) -> int:
    """Where a block that is not to be shown yet begins at the end of prose; `len(text)` for none.

    Args:
        text: Markdown; from `start` on outside fences.
        start: Nothing before is looked at.
    """
    line = max(start, text.rfind("\n") + 1)
    if _HALF_MARK.match(text, line):
        return line
    last = text[line:]
    before = max(start, text.rfind("\n", start, max(start, line - 1)) + 1)
    above = text[before : max(before, line - 1)]
    undecided = _PIPE.search(above) is not None and not _in_table(text, start, before)
    if undecided and (_MAY_BE_DELIMITERS.match(last) if last else _like_a_row(above)):
        # Whether the line above is a table's header this one will tell.
        return before
    return line if _like_a_row(last) else len(text)


def _in_table(text: str, start: int, line: int) -> bool:
    """Whether a line goes on with a table, or is the row of dashes itself."""
    if _DELIMITERS.match(text[line:].split("\n", 1)[0]):
        return True
    for row in reversed(text[start:line].split("\n")[:-1]):
        if _DELIMITERS.match(row):
            return True
        if not _PIPE.search(row):
            return False
    return False


def _like_a_row(line: str) -> bool:
    return line.lstrip().startswith("|") or len(_PIPE.findall(line)) > 1


def table_head(shown: str, chunk: str, after: str, most: int) -> str:
    """The first two lines of the table that a cut goes through; empty for none.

    Args:
        shown: What the message before the cut shows.
        chunk: What it holds of the text.
        after: What follows the cut.
        most: Characters; a longer header is not repeated.
    """
    gap = chunk[len(chunk.rstrip()) :] + after[: len(after) - len(after.lstrip())]
    if gap.count("\n") != 1 or not _PIPE.search(after.lstrip().split("\n", 1)[0]):
        return ""
    rows = shown.rstrip().split("\n")
    for number in reversed(range(1, len(rows))):
        if _DELIMITERS.match(rows[number]) and _PIPE.search(rows[number - 1]):
            head = f"{rows[number - 1]}\n{rows[number]}\n"
            return head if len(head) <= most else ""
        if not _PIPE.search(rows[number]):
            return ""
    return ""
