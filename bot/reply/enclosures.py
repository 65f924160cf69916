"""Which answers are handed over as a file, too: those that are hard to read or copy in a chat."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from bot.chat import File
from bot.reply.fences import Kind, Region, scan

LONG_CODE = 3000
"""Characters of a block of code from which on a file is handier, wherever it is shown."""

_EXTENSIONS = {
    "bash": "sh",
    "c": "c",
    "c#": "cs",
    "c++": "cpp",
    "clojure": "clj",
    "cpp": "cpp",
    "cs": "cs",
    "csharp": "cs",
    "css": "css",
    "csv": "csv",
    "dart": "dart",
    "diff": "diff",
    "elixir": "ex",
    "elm": "elm",
    "erlang": "erl",
    "go": "go",
    "golang": "go",
    "graphql": "graphql",
    "haskell": "hs",
    "html": "html",
    "ini": "ini",
    "java": "java",
    "javascript": "js",
    "js": "js",
    "json": "json",
    "jsx": "jsx",
    "julia": "jl",
    "kotlin": "kt",
    "latex": "tex",
    "lua": "lua",
    "markdown": "md",
    "md": "md",
    "nix": "nix",
    "ocaml": "ml",
    "perl": "pl",
    "php": "php",
    "powershell": "ps1",
    "proto": "proto",
    "py": "py",
    "python": "py",
    "python3": "py",
    "r": "r",
    "rb": "rb",
    "rs": "rs",
    "ruby": "rb",
    "rust": "rs",
    "scala": "scala",
    "scss": "scss",
    "sh": "sh",
    "shell": "sh",
    "sql": "sql",
    "svg": "svg",
    "swift": "swift",
    "tex": "tex",
    "toml": "toml",
    "ts": "ts",
    "tsx": "tsx",
    "typescript": "ts",
    "vue": "vue",
    "xml": "xml",
    "yaml": "yaml",
    "yml": "yml",
    "zig": "zig",
    "zsh": "sh",
}
_WHOLE_NAMES = {"dockerfile": "Dockerfile", "makefile": "Makefile", "make": "Makefile"}
_INFO = regex.compile(
    r"^[\s>]*(?:(?:[-*+]|[0-9]{1,9}[.)])[^\S\n]+)*[`~]{3,}[^\S\n]*(?P<info>[^\n]*)"
)
_TITLE = regex.compile(r"(?:title|file|filename|name)\s*[=:]\s*[\"']?([\w.\-]{1,60}\.\w{1,10})\b")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file and the sentence above it."""

    file: File
    text: str


@dataclass(frozen=True, slots=True)
class Enclosures:
    """When an answer gets a file.

    Attributes:
        most_parts: An answer of more messages than this is handed over whole; 0: nothing ever is.
    """

    most_parts: int = 3

    def of(self, answer: str, parts: int, most_chars: int, most_bytes: int) -> Enclosure | None:
        """The file for an answer, None for one that needs none.

        It holds the one long block of code, if that is what the answer is about, or else the
        whole answer, if that is long.

        Args:
            answer: Markdown, complete.
            parts: How many messages show it.
            most_chars: What one message can show.
            most_bytes: The largest file that can be handed over; 0 where none can.
        """
        if not self.most_parts or not most_bytes:
            return None
        found = _code(answer, min(most_chars, LONG_CODE))
        if found is None and parts > self.most_parts:
            file = File("answer.md", answer.encode("utf-8", "replace"), "text/markdown")
            found = Enclosure(file, "The whole answer as a file:")
        return found if found is not None and len(found.file.content) <= most_bytes else None


def _code(answer: str, long: int) -> Enclosure | None:
    """The one long block of code that makes up most of an answer, or is all that is long in it."""
    blocks: list[tuple[Region, str]] = []
    opening: Region | None = None
    regions = scan(answer)
    for region in regions:
        if region.kind is Kind.OPENING:
            opening = region
        elif region.kind is Kind.CODE and opening is not None:
            if region.end - region.start > long:
                blocks.append((opening, answer[region.start : region.end]))
    if len(blocks) != 1:
        return None
    opening, code = blocks[0]
    if len(code) < (len(answer) - len(code)):
        return None
    name = _name(answer[opening.start : opening.end])
    content = _dedented(code, opening).encode("utf-8", "replace")
    return Enclosure(File(name, content, "text/plain"), "The code as a file:")


def _name(opening: str) -> str:
    found = _INFO.match(opening)
    info = found["info"].strip() if found else ""
    if title := _TITLE.search(info):
        return title[1]
    language = info.split()[0].strip("{.}").casefold() if info else ""
    if language in _WHOLE_NAMES:
        return _WHOLE_NAMES[language]
    return f"code.{_EXTENSIONS.get(language, 'txt')}"


def _dedented(code: str, opening: Region) -> str:
    """Code as it was before it was put into a list or a quotation."""
    fence = opening.fence
    if fence is None or not fence.indent:
        return code
    lines = code.split("\n")
    if fence.quoted:
        return "\n".join(regex.sub(r"^[ \t]*(?:>[ \t]?)+", "", line) for line in lines)
    return "\n".join(regex.sub(rf"^[ \t]{{0,{fence.indent}}}", "", line) for line in lines)
