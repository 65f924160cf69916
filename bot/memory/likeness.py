"""What two texts share: words that carry a meaning, numbers, names with digits. Pure."""

from __future__ import annotations

import re

ALIKE = 0.8
"""Share of common words from which on two memories say the same."""

_WORD = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DIGITS = re.compile(r"(?<!\w)[\w.,:/%$€£+-]*\d[\w.,:/%$€£+-]*")
_FENCED = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_NOT_OWN = re.compile(r"\s*(?:>|\[.*\]\s*$)")
_EMPTY = frozenset(
    """
    a about after again all also always an and any are as at be because been before being both but
    by can could did do does doing done down each every few for from further get got had has have
    having he her here hers him his how i if in into is it its itself just let like made make makes
    may me might more most must my never no nor not of off on once only or other our out over own
    same shall she should so some such than that the their them then there these they this those
    through to too under until up us use used uses using very was we were what when where which
    while who whom why will with would yes you your
    agreed decided decides decision fact person people prefer preference prefers said says team task
    wants want planned planning plans plan
    """.split()
)
"""Words that carry no meaning, and those that claims are put in."""


def says_the_same(one: str, other: str) -> bool:
    """Whether two memories differ in little more than how they put it."""
    if one.casefold() == other.casefold():
        return True
    if exact(one) != exact(other):
        return False
    mine, others = meaning(one), meaning(other)
    return bool(mine | others) and len(mine & others) / len(mine | others) >= ALIKE


def own_words(text: str) -> str:
    """What a message's author says there: no quotations, no code, nothing that came with it."""
    text = _FENCED.sub("\n", text)
    lines = (line for line in text.splitlines() if not _NOT_OWN.match(line))
    return "\n".join(lines)


def meaning(text: str) -> frozenset[str]:
    """The words that carry a text's meaning, cut to their beginnings; pairs of CJK signs."""
    found: set[str] = set()
    for word in _WORD.findall(text.casefold()):
        if _CJK.search(word):
            found |= {word[place : place + 2] for place in range(max(1, len(word) - 1))}
        elif word not in _EMPTY and (len(word) > 2 or any(map(str.isdigit, word))):
            found.add(word.removesuffix("s")[:6])
    return frozenset(found)


def exact(text: str) -> frozenset[str]:
    """Numbers, versions and names with digits, as they are written."""
    found = (word.strip(".,:;-") for word in _DIGITS.findall(text.casefold()))
    return frozenset(word for word in found if word)
