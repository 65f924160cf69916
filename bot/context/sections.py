"""A summary as data: the fixed sections and their lines, and what must not be lost from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

GOAL: Final = "Goal"
DECISIONS: Final = "Decisions"
FACTS: Final = "Facts and preferences"
QUESTIONS: Final = "Open questions"
IDENTIFIERS: Final = "Identifiers"

SECTIONS = (GOAL, DECISIONS, FACTS, QUESTIONS, IDENTIFIERS)

Sections = Mapping[str, Sequence[str]]
"""Lines without bullets by section; sections without lines may be missing."""

_STEMS = (
    ("goal", GOAL),
    ("decision", DECISIONS),
    ("fact", FACTS),
    ("open", QUESTIONS),
    ("identifier", IDENTIFIERS),
)
_HEADING = re.compile(
    r"(?P<mark>#{1,6}\s*|\*\*)?"
    r"(?P<title>goals?|decisions?|facts?(?: (?:and|&) preferences)?|open (?:questions?|points?)|"
    r"identifiers?)\b"
    r"(?P<more>[^:*]{0,40})\**(?P<colon>:)?\**\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^(?:[-*•–]|\d{1,2}[.)])\s+")
_NOTHING = re.compile(r"[\W_]*(?:none|nothing|n/?a|not applicable|no \w+)?[\W_]*", re.IGNORECASE)
_LEFT_OUT = re.compile(r"\((\d+) older lines? left out\)")

_IDENTIFIER = re.compile(
    r"`[^`\n]{1,200}`"
    r"|[a-z][a-z0-9+.-]{1,15}://[^\s<>\"'`]+"
    r"|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+"
    r"|(?<!\w)@[\w.-]+"
    r"|\b[A-Za-z][A-Za-z0-9]*[-_]?\d[\w.-]*"
    r"|\b\d[\w.,:/%-]*"
)
_MAX_LINE = 20_000

_DROP_ORDER = (FACTS, QUESTIONS, IDENTIFIERS, DECISIONS)


def parse(text: str) -> dict[str, list[str]]:
    """Read the sections of a summary, in whatever dress a model puts the headings and bullets.

    Lines before the first heading, empty lines and lines that say "none" are dropped; indented
    bullets join the line above them. Text without any known heading gives no sections.
    """
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for raw in text.splitlines():
        line = raw.strip()
        heading = _heading(line)
        if heading is not None:
            section, line = heading
            lines = found.setdefault(section, [])
        content = _BULLET.sub("", line, count=1)
        if lines is None or _NOTHING.fullmatch(content) or content.startswith("```"):
            continue
        if lines and raw[:1] in (" ", "\t"):
            lines[-1] += (" " if lines[-1].endswith(":") else "; ") + content
        else:
            lines.append(content)
    return {section: found[section] for section in SECTIONS if found.get(section)}


def write(sections: Sections) -> str:
    """The summary's text: the sections that have lines, in their order."""
    return "\n\n".join(
        "\n".join((f"## {section}", *(f"- {line}" for line in sections[section])))
        for section in SECTIONS
        if sections.get(section)
    )


def identifiers(text: str) -> list[str]:
    """Addresses, numbers, dates, @names, code in back-quotes and names with digits, in order.

    Each once. What follows the first 20,000 characters is not searched.
    """
    found = (match.rstrip(".,:;!?)]}-") for match in _IDENTIFIER.findall(text[:_MAX_LINE]))
    return list(dict.fromkeys(item.strip("`") for item in found if item.strip("`")))


def words(line: str) -> frozenset[str]:
    """The words that carry the meaning of a line: three letters or more, case ignored."""
    return frozenset(re.findall(r"\w{3,}", line.casefold()))


def fit(sections: Sections, cap: int, count: Callable[[str], int]) -> dict[str, list[str]]:
    """Leave out the oldest lines until the summary has at most `cap` tokens.

    Facts go first, then open questions, identifiers and decisions; the goal stays. A line tells
    how many went, added to what such a line said before.
    """
    kept = {section: list(sections.get(section, ())) for section in SECTIONS}
    gone = 0
    for lines in kept.values():
        gone += sum(int(match[1]) for line in lines if (match := _LEFT_OUT.fullmatch(line)))
        lines[:] = [line for line in lines if not _LEFT_OUT.fullmatch(line)]
    sizes = {s: [3 + count(line) for line in lines] for s, lines in kept.items()}
    total = sum(map(sum, sizes.values())) + sum(5 for lines in kept.values() if lines)
    room = cap - 10
    for section in _DROP_ORDER:
        surplus = 0
        while surplus < len(kept[section]) and total > room:
            total -= sizes[section][surplus]
            surplus += 1
        gone += surplus
        del kept[section][:surplus]
    if gone:
        kept[FACTS].insert(0, f"({gone} older line{'' if gone == 1 else 's'} left out)")
    return {section: lines for section, lines in kept.items() if lines}


def _heading(line: str) -> tuple[str, str] | None:
    """The section that a line opens, and what stands behind the heading in the same line."""
    match = _HEADING.fullmatch(line)
    if match is None:
        return None
    marked, colon, rest = bool(match["mark"]), bool(match["colon"]), match["rest"].strip()
    if not (marked if not colon else marked or not match["more"]) or (rest and not colon):
        return None
    title = match["title"].casefold()
    section = next(section for stem, section in _STEMS if title.startswith(stem))
    return section, rest
