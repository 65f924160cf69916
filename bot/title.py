"""A thread's name, made from the question that opens it."""

from __future__ import annotations

import re

MOST = 80
"""Characters; Discord takes 100 and phones show about 40."""


def title_of(text: str, author: str) -> str:
    """The first line that says something, without markup, cut at a word.

    Quoted lines are somebody else's words: they name the thread only when there are no others. Nor
    does the language of a block of code.

    Args:
        text: Markdown of the opening message; may be empty.
        author: Display name, for a message without words.
    """
    lines = text.splitlines()
    own = [line for line in lines if not line.lstrip().startswith((">", "```", "~~~"))]
    for line in (*own, *lines):
        if plain := _plain(line):
            return _cut(plain)
    return _cut(f"Chat with {_plain(author) or 'somebody'}")


def _plain(line: str) -> str:
    line = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", line)
    line = re.sub(r"^[\s>#*\-+`~|]+|[*`~|]+", " ", line)
    return " ".join("".join(char if char.isprintable() else " " for char in line).split())


def _cut(line: str) -> str:
    if len(line) <= MOST:
        return line
    head = line[: MOST - 1]
    at_word = head.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > MOST // 2 else head).rstrip(" ,;:.-") + "…"
