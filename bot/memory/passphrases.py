"""Passphrases: some plain words that make no sentence, where a password is told. Pure."""

from __future__ import annotations

import re

FEWEST, MOST = 4, 12
"""Words of one."""

FEWEST_NAMED = 3
"""The same where it stands in quotation marks, or is called a passphrase."""

_WORDS = re.compile(r"[^\W\d_]{2,12}(?:[^\S\n]+[^\W\d_]{2,12})*")
_NAMED = re.compile(r"pass[ -]?phrase", re.IGNORECASE)
_OF_MORE = frozenset(("pass", "pw", "pwd", "pin"))
"""Names that mean other things, too, and that no phrase goes by."""
_OF_SOMETHING = re.compile(
    r"\s*(?:for|of|to|at|in|on|is|fürs?|zum|zur|vom|von|der|des|ist|pour|para|de|du|del|est|es)\b",
    re.IGNORECASE,
)
_BY_NOW = re.compile(r"(?:now|currently|again|jetzt|wieder)\s+", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.,;:!?)\n]")
_OF_SENTENCES = frozenset(
    """
    a an the this that these those there here and or but nor so if then else than as of at by for
    with about against between into through during before after above below to from up down in out
    on off over under again once only own same too very just also not no any some all both each few
    more most other such every my our your his her its their it we you they he she i us them me who
    what which when where why how am is are was were be been being have has had having do does did
    will would shall should can could may might must let get got gets goes going go come comes
    ask asks see say says said tell told please never always now soon still yet again today
    tomorrow yesterday since until while because without within per via like using used use uses
    needs need needed wants want works working work changed change changes rotate rotates reset
    resets stored store kept keep shared share sent send known written broken wrong right strong
    weak safe unsafe old new long short secret missing required longer shorter
    next last first this every each expiring expired expires expire valid invalid due closed open
    printed written located hidden blocked
    words characters letters digits signs minimum maximum length vault manager managers hash hashed
    policy team people users user admin admins everybody everyone nobody somebody anyone
    der die das den dem des ein eine einen einem einer und oder aber nicht kein keine ist sind war
    wird werden wurde hat haben kann muss soll darf mit bei von vom zum zur für auf aus nach im am
    ins beim über unter durch nur noch schon sehr auch immer nie jetzt bald wer was wie wo wann
    liegt steht bitte siehe frag fragt seit bis wegen gültig ungültig abgelaufen gesperrt läuft
    nächste nächsten letzte letzten
    depuis jusque prochain dernier valable
    le la les un une et ou est sont dans avec pour sur par pas ne qui que chez
    el los las una y o es son en con por para no se lo
    """.split()
)
"""What sentences about passwords have, and passphrases hardly: words that join others, and what
people say of passwords."""


def is_passphrase(named: str, between: str, told: str) -> bool:
    """Whether what is told after "password is" or the like seems to be a passphrase.

    Args:
        named: What is told, up to the sign: "the passphrase".
        between: Words between that name and the sign, such as "for the wifi".
        told: The rest of the line, with its quotation marks.
    """
    if named.casefold() in _OF_MORE or (between and not _OF_SOMETHING.match(between)):
        return False
    told = _BY_NOW.sub("", told, count=1) if _BY_NOW.match(told) else told
    quoted = told[:1] in "`'\"“„«"
    inner = re.split(r"[`'\"”“»]", told[1:], maxsplit=1)[0] if quoted else told
    words = _SENTENCE_END.split(inner, maxsplit=1)[0].strip()
    if not _WORDS.fullmatch(words):
        return False
    parts = words.split()
    fewest = FEWEST_NAMED if quoted or _NAMED.match(named) else FEWEST
    plain = all(part.islower() or part.istitle() for part in parts)
    return fewest <= len(parts) <= MOST and plain and not any(map(_is_of_a_sentence, parts))


def _is_of_a_sentence(word: str) -> bool:
    """It joins others, tells how, or is what people say of passwords."""
    return word.casefold() in _OF_SENTENCES or word.endswith("ly")
