"""Whether a message is well-formed Markdown, told by a parser that the code under test shares not.

Only for texts whose whole makes no use of marks as plain characters: then a mark that a parser
takes for a character in some part of it is one that lost its counterpart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

_LOST = re.compile(
    r"\*|~~|`|(?<!\w)_|_(?!\w)|\[[^\]]*$|\[[^\]]*\]\([^)]*$|\|"
    r"|^(?:#{1,6}|[-+]|\d+[.)]|>+|={2,}|-{2,})\s*$",
    re.MULTILINE,
)


def words(text: str) -> Iterator[str]:
    """Everything in a text that is neither markup nor code."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    for token in parser.parse(text):
        for child in token.children or ():
            if child.type == "text":
                yield child.content


def lost_marks(text: str) -> list[str]:
    """Words in which there is a mark that should be markup."""
    return [each for each in words(text) if _LOST.search(each)]


def unbalanced(text: str) -> list[str]:
    """What is wrong with a message."""
    found = lost_marks(text)
    fences = [
        line for line in text.split("\n") if re.match(r"[ >\t]*(?:[-*+]|\d+\.)?[ \t]*```", line)
    ]
    if len(fences) % 2:
        found.append(f"{len(fences)} fences")
    if re.search(r"(?m)^[ \t>]*(?:[-*+]|\d+[.)]|#{1,6})[ \t]*$", text):
        found.append("a mark without text")
    return found
