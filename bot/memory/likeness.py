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
_SENTENCES = re.compile(r"(?<=[.!?;。！？])\s*|\n+")
_NOT = re.compile(
    # First what only sounds like one.
    r"(?!\b(?:(?:no (?:problem|worries)|kein problem|pas de (?:problème|souci))\s*[,.!;:–-]|"
    r"(?:not only|nicht nur)\b))"
    r"\b(?:not|no longer|never|none|neither|nor|without|cannot|any ?more|against|instead of|"
    r"stop(?:s|ped)?|no(?![,.!])|nicht|kein\w*|niemals|ohne|pas|jamais|sans|nunca|sin)\b|"
    r"n['’]t\b(?! worry)|[不没無]|ない",
    re.IGNORECASE,
)
_SET_APART = (
    r"(?P<{}>(?:[^,;!?()\n–—.]|\.(?=\w)){{1,60}}?)(?=$|[,;!?()\n–—.]|\s(?:because|weil|denn)\b)"
)
_CONTRAST = re.compile(
    r"(?:,\s*(?:(?:and|but|und|aber|mais|y)\s+)?|\s(?:and|but|und|aber|mais)\s+|\s[–—-]\s)"
    r"(?:not|no longer|no|nicht(?: mehr)?|kein\w*|pas)\s+"
    # What says of all before it that it is not so, and no other thing.
    r"(?!\w+(?:ed|ing|able|ible)\b|(?:ok(?:ay)?|good|fine|true|yet|sure|so|really|at all|any ?more|"
    r"until|before|unless|if|when|erlaubt|möglich|gut|nötig|wahr|bevor|bis|wenn|permis|encore)\b)"
    + _SET_APART.format("after")
    + r"|\s(?:instead of|rather than|(?:an)?statt|au lieu d[eu]|en vez de)\s+"
    + _SET_APART.format("instead"),
    re.IGNORECASE,
)
"""Something that is set apart from what a sentence says: "pg 15, not mysql"."""

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
    als auf bei das dem den der des die ein eine einem einen einer eines für ist mit nach sich sie
    sind und vom von werden wird wir zum zur über avec dans des elle les nous par que qui sont sur
    une vous con del las los para por una
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


def denies(one: str, other: str) -> bool:
    """Whether one says that something is not so, and the other that it is, as far as words tell.

    Of `other` only those sentences count that have most of the words in common.
    """
    mine, not_mine = _contrasted(one)
    claim, not_so = meaning(mine), bool(_NOT.search(mine))
    told = [_contrasted(each) for each in _SENTENCES.split(other)]
    shared = [(len(claim & meaning(each)), each) for each, _ in told]
    most = max((count for count, _ in shared), default=0)
    near = [bool(_NOT.search(each)) for count, each in shared if count and 2 * count > most]
    if near and not_so not in near:
        return True
    said = meaning("\n".join(each for each, _ in told))
    apart = meaning("\n".join(each for _, each in told))
    return bool(meaning(not_mine) & (said - apart)) or (not not_so and bool(claim & (apart - said)))


def _contrasted(text: str) -> tuple[str, str]:
    """What a text says, and what it sets apart from that."""
    found = [match["after"] or match["instead"] for match in _CONTRAST.finditer(text)]
    return _CONTRAST.sub(" ", text), "\n".join(found)


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
