"""What is never remembered unasked, though people may ask for it: codes of doors, accounts."""

from __future__ import annotations

import re

from bot.memory.checks import FOR, SIGN

_DOOR = (
    r"(?:door|gate|entry|entrance|alarm|safe|lock|locker|lock ?box|key ?box|key ?safe|garage|"
    r"building|office|elevator|lift|vault|tür|haustür|eingangs?|tor|garagen|tresor|schlüssel|"
    r"puerta|porte|portail)"
)
_CODE = r"(?:[ -]?(?:codes?|pins?|combinations?|combos?|kombination|keypad))"
_NUMBER = r"[#*]?\d(?:[ -]?\d){2,9}[#*]?(?![\w%]|[.,]\d)"
_OF = r"(?:de la |de l'|de |du |der |zur |zum |for |of )?(?:the )?"
_NO_PLACE = r"(?<!postal )(?<!zip )(?<!area )(?<!dress )(?<!source )"
_DOOR_CODE = re.compile(
    rf"(?:\b{_DOOR}{_CODE}|{_NO_PLACE}\b(?:code|código) {_OF}{_DOOR})\b"
    rf"{FOR}{SIGN}[`'\"“]?{_NUMBER}",
    re.IGNORECASE,
)
_OPENS = re.compile(
    rf"\b{_NUMBER}[`'\"”]? (?:(?:opens|unlocks|öffnet) (?:\w+ ){{0,3}}?{_DOOR}\b"
    rf"|(?:is|ist) (?:\w+ ){{0,3}}?{_DOOR}{_CODE}\b)",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")


def opens_something(text: str) -> bool:
    """Whether there seems to be the code of a door or the number of a bank account in a text."""
    if _DOOR_CODE.search(text) or _OPENS.search(text):
        return True
    return any(_has_account(found[0].split(" ")) for found in _IBAN.finditer(text))


def _has_account(groups: list[str]) -> bool:
    """Its digits and those of some groups say that they are an IBAN; words may follow it."""
    return any(_is_iban("".join(groups[:most])) for most in range(1, len(groups) + 1))


def _is_iban(number: str) -> bool:
    """The check digits are right (ISO 13616)."""
    if not 15 <= len(number) <= 34:
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
