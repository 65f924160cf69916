"""What is said about attachments: to the model in brackets, to people at the end of the reply."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from bot.attached import AttachedAs, Attachment

LONGEST_NAME = 80
LONGEST_CAPTION = 300

_LANGUAGES = {
    ".bash": "bash", ".c": "c", ".cc": "cpp", ".cpp": "cpp", ".cs": "csharp", ".css": "css",
    ".csv": "csv", ".diff": "diff", ".go": "go", ".h": "c", ".hpp": "cpp", ".html": "html",
    ".ini": "ini", ".java": "java", ".js": "javascript", ".json": "json", ".jsx": "jsx",
    ".kt": "kotlin", ".lua": "lua", ".md": "markdown", ".patch": "diff", ".php": "php",
    ".ps1": "powershell", ".py": "python", ".rb": "ruby", ".rs": "rust", ".sh": "bash",
    ".sql": "sql", ".svg": "xml", ".swift": "swift", ".toml": "toml", ".ts": "typescript",
    ".tsv": "tsv", ".tsx": "tsx", ".xml": "xml", ".yaml": "yaml", ".yml": "yaml",
}  # fmt: skip

_ENCLOSED = re.compile(r"(?:\A|\n\n)(?=\[(?:Picture \d+\. )?Attached[ :])")

PASTED = "[Attached: a long text]"
"""Stands between what was typed and what was pasted."""

_TICKS = re.compile(r"`{3,}")
_BRACKETS = str.maketrans("[]", "()")


def plain_name(name: str) -> str:
    """A file's name on one line, safe between quotation marks and brackets."""
    visible = (
        char if unicodedata.category(char)[0] != "C" and char not in '"`*_~|<>\\' else " "
        for char in name.translate(_BRACKETS)
    )
    short = " ".join("".join(visible).split())
    if len(short) > LONGEST_NAME:
        stem, ending = short[: LONGEST_NAME - 12], short[-10:]
        short = f"{stem}…{ending}"
    return short or "a file"


def called(attachment: Attachment) -> str:
    """How an attachment is named: by its file name in quotation marks, a voice message as such."""
    if attachment.kind is AttachedAs.VOICE:
        return "the voice message"
    return f'"{plain_name(attachment.name)}"'


def attached(attachment: Attachment) -> str:
    """The same with where it comes from."""
    where = f"Attached to {attachment.origin}: " if attachment.origin else "Attached: "
    return where + called(attachment)


def joined(text: str, enclosed: Sequence[str]) -> str:
    """A message with what came with it, so that `reworded` can tell where its own text ends."""
    rest = "\n\n".join(enclosed)
    if text.strip() and rest and not _ENCLOSED.match(rest):
        rest = f"{PASTED}\n{rest}"
    return "\n\n".join(part for part in (text.strip(), rest) if part)


def reworded(stored: str, text: str, *, pasted: bool = False) -> str:
    """A stored message with another text of its author's; what came with it stays.

    Args:
        stored: The text as it is kept, files and captions included.
        text: What the author has put in the place of what was written.
        pasted: It came with a long text as a file, which may be all that it says.
    """
    if pasted and PASTED not in stored:
        return joined(text, [stored])
    found = _ENCLOSED.search(stored)
    enclosed = stored[found.end() :] if found is not None else ""
    return "\n\n".join(part for part in (text.strip(), enclosed) if part)


def fenced(text: str, name: str = "") -> str:
    """A file's text in a code block that nothing in it can end."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    language = _LANGUAGES.get(PurePosixPath(name.casefold()).suffix, "")
    return f"{fence}{language}\n{text}\n{fence}"


def one_line(text: str) -> str:
    """A caption as it stands in brackets."""
    line = " ".join(text.translate(_BRACKETS).split()).removesuffix(".")
    return line if len(line) <= LONGEST_CAPTION else line[: LONGEST_CAPTION - 1].rstrip() + "…"


def told(unread: Sequence[str], cut: Sequence[str]) -> str:
    """What people are told at the end of a reply; empty when everything was read.

    Args:
        unread: What was not read, each with why.
        cut: What was read in part, each with how much of it.
    """
    parts = [f"not read: {'; '.join(unread)}"] if unread else []
    parts += [f"read in part: {'; '.join(cut)}"] if cut else []
    if not parts:
        return ""
    line = ". ".join(part[0].upper() + part[1:] for part in parts)
    return f"*({line}.)*"
