"""What models write beyond CommonMark: formulas, footnotes, and bold text in languages without
spaces, as rules for the parser; and text that is all marks, which is left as it is."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

from bot.markdown.cjk import is_cjk
from bot.markdown.dense import is_dense

LONGEST_FORMULA = 1000
"""Characters of one within a line."""

_DOLLARS = re.compile(r"\$\$([^$]{1,1000}?)\$\$|\$(?![\s$])([^$\n]{1,1000}?)(?<![\s\\])\$(?![\d$])")
_ROUND = re.compile(r"\\\((.{1,1000}?)\\\)", re.DOTALL)
_SQUARE = re.compile(r"\\\[(.{1,1000}?)\\\]", re.DOTALL)
_LOOKS_LIKE_ONE = re.compile(r"[\\^_=+*/<>|{}-]|^\s*\w{1,3}(?:\(\w\))?\s*$")
"""Money and escaped brackets do not."""
_NOTE = re.compile(r"\[\^([^\s\[\]^]{1,60})\]")
_DISPLAYS = {"$$": "$$", "\\[": "\\]"}


def add_to(parser: MarkdownIt) -> None:
    """Teach a parser these."""
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.inline.ruler.before("link", "note", _note)
    parser.inline.ruler.at("emphasis", _emphasis)
    parser.core.ruler.at("inline", _inline)
    parser.block.ruler.before(
        "fence", "equation", _equation, {"alt": ["paragraph", "blockquote", "list"]}
    )


def formula_at(text: str, at: int, end: int) -> tuple[str, int] | None:
    """The formula that begins at a place within a line, and where it ends; None for none."""
    first = text[at]
    if first == "$":
        found = _DOLLARS.match(text, at, end)
    elif first == "\\":
        found = _ROUND.match(text, at, end) or _SQUARE.match(text, at, end)
    else:
        return None
    if found is None:
        return None
    content = next(group for group in found.groups() if group is not None)
    if not content.strip() or not _LOOKS_LIKE_ONE.search(content):
        return None
    return content.strip(), found.end()


def _inline(state: StateCore) -> None:
    """What stands within lines; words alone where it is all marks."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = token.children or []
        if is_dense(token.content):
            token.children.extend(_words(token.content))
        else:
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _words(content: str) -> list[Token]:
    found: list[Token] = []
    for number, line in enumerate(content.split("\n")):
        if number:
            found.append(Token("softbreak", "br", 0))
        found.append(Token("text", "", 0, content=line.strip(" ")))
    return found


def _formula(state: StateInline, silent: bool) -> bool:
    found = formula_at(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("formula", "", 0).content = found[0]
    state.pos = found[1]
    return True


def _note(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[":
        return False
    found = _NOTE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("note", "", 0).content = found[1]
    state.pos = found.end()
    return True


def _equation(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    if state.is_code_block(first):
        return False
    opening = _line(state, first)[:2]
    if opening not in _DISPLAYS:
        return False
    closing = _DISPLAYS[opening]
    lines: list[str] = []
    for number in range(first, last):
        text = _line(state, number)
        if number > first and (not text or state.sCount[number] < state.blkIndent):
            return False
        lines.append(text[2:] if number == first else text)
        if closing in lines[-1]:
            break
    else:
        return False
    if not lines[-1].endswith(closing):
        return False
    lines[-1] = lines[-1].removesuffix(closing)
    content = "\n".join(lines).strip()
    if not content:
        return False
    if silent:
        return True
    token = state.push("equation", "", 0)
    token.content = content
    token.map = [first, number + 1]
    state.line = number + 1
    return True


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Stars and underscores, as CommonMark has them but for text without spaces.

    There a mark stands between a sign and a letter, where CommonMark takes it for neither
    beginning nor end.
    """
    mark = state.src[state.pos]
    if silent or mark not in "*_":
        return False
    scanned = state.scanDelims(state.pos, mark == "*")
    opens, closes = scanned.can_open, scanned.can_close
    before = state.src[state.pos - 1] if state.pos else " "
    end = state.pos + scanned.length
    after = state.src[end] if end < state.posMax else " "
    if mark == "*" and (is_cjk(before) or is_cjk(after)):
        opens, closes = not after.isspace(), not before.isspace()
    for _ in range(scanned.length):
        state.push("text", "", 0).content = mark
        state.delimiters.append(
            Delimiter(ord(mark), scanned.length, len(state.tokens) - 1, -1, opens, closes)
        )
    state.pos = end
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()
