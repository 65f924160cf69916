"""Dates that still mean the same tomorrow: "on Friday", said on a day, is a date. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GERMAN = "montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag"
_SOME = (
    r"(?:about |the next )?(?:\d{1,3}|an?|some|one|two|three|four|five|six|seven|eight|nine|ten|"
    r"twelve|half an?|a few|a couple of|several)"
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_UNIT = {"day": 1, "days": 1, "week": 7, "weeks": 7}

ISO = re.compile(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)")

_ABSOLUTE = re.compile(
    rf"{ISO.pattern}|\b\d{{1,2}}\.?(?:th|st|nd|rd)? (?:{_MONTHS})\w*"
    rf"|\b(?:{_MONTHS})\w* \d{{1,2}}\b",
    re.IGNORECASE,
)
_NEAR = re.compile(
    r"\b(?P<word>(?:the )?day after tomorrow|(?:the )?day before yesterday|today|tonight|tomorrow|"
    r"yesterday)\b"
    r"|\bin (?P<ahead>\d{1,3}|a|one|two|three) (?P<unit>days?|weeks?)\b"
    r"|\b(?P<back>\d{1,3}|a|one|two|three) (?P<since>days?|weeks?) ago\b",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(
    rf"\b(?P<how>(?:on|by|until|till|before|after|from|since|this|due|last) )(?:this )?"
    rf"(?P<day>{'|'.join(_DAYS)})\b(?!s\b)(?!['’])",
    re.IGNORECASE,
)
_RECURRING = re.compile(rf"\b(?:every|each) (?:{'|'.join(_DAYS)})\b", re.IGNORECASE)
_ANY_WEEKDAY = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b", re.IGNORECASE)
_VAGUE = re.compile(
    r"\b(?:(?:this|next|last|coming|past|following) (?:morning|afternoon|evening|night|week|"
    r"weekend|month|quarter|year|spring|summer|autumn|fall|winter|sprint|time|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday)|right now|just now|at the moment|currently|"
    r"recently|lately|soon|later|earlier|nowadays|these days|ago|now|eod|eow|eom|"
    r"(?:end|beginning|start|middle|close) of (?:the |this )?(?:day|week|month|quarter|year)|"
    rf"(?:within|in) {_SOME} (?:month|quarter|year)s?|"
    rf"(?:is|are|was|were|starts?|begins?|happens?|goes|ships?|due) in {_SOME} (?:minute|hour)s?|"
    # Days of a month or in numbers only, of which nobody can tell the month.
    r"(?:on|by|until|till|due|before|after|since) (?:the )?(?:\d{1,2}(?:st|nd|rd|th)|"
    r"\d{1,2}/\d{1,2}(?:/\d{2,4})?)|"
    # The commonest of other languages, which are not resolved.
    r"heute|gestern|morgen|übermorgen|vorgestern|demain|aujourd['’]hui|mañana|ayer|hoy|domani|oggi|"
    r"ieri|(?:nächste|diese|letzte|kommende|vorige)[nrsm]? (?:woche|monat|jahr|quartal|"
    rf"{_GERMAN})|(?:am|bis|ab|seit|vor|nach) (?:{_GERMAN})|"
    r"in (?:\d+|einem|einer|zwei|drei|vier) (?:tag|woche|monat|jahr)e?n?|"
    r"(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|"
    r"(?:semaine|mois|année) (?:prochaine?|dernière?)|"
    r"dans (?:\d+|une?|deux|trois) (?:jour|semaine|mois|an)s?|"
    r"el (?:lunes|martes|miércoles|jueves|viernes|sábado|domingo)|"
    r"(?:próxim[oa]|pasad[oa]) (?:semana|mes|año)|(?:semana|mes|año) (?:próxim[oa]|pasad[oa]|que "
    r"viene)|en (?:\d+|una?|dos|tres) (?:días?|semanas?|mes(?:es)?))\b"
    r"|今天|明天|昨天|今日|明日|昨日|来週|来月|先週|下周|下週|上周|下个月|내일|어제|오늘|다음 ?주|"
    r"(?:下|这|這|上|本)?(?:周|週|星期|礼拜)[一二三四五六日天]",
    re.IGNORECASE,
)
_TIME_WORDS = re.compile(rf"{_VAGUE.pattern}|{_ANY_WEEKDAY.pattern}|\b(?:{_MONTHS})", re.IGNORECASE)
_COUNT = {"a": 1, "one": 1, "two": 2, "three": 3}


def absolute(text: str, said_at: float) -> str | None:
    """The text with dates instead of words that mean another day tomorrow.

    Args:
        text: A sentence.
        said_at: When it was said, seconds since the epoch; days are those of UTC.

    Returns:
        None when something in it can't be resolved.
    """
    day = day_of(said_at)
    text = _NEAR.sub(lambda match: _resolved(match, day), text)
    if not _ABSOLUTE.search(text):
        text = _WEEKDAY.sub(lambda match: _of_weekday(match, day), text)
        if _ANY_WEEKDAY.search(_RECURRING.sub("", text)):
            return None
    return None if _VAGUE.search(text) else text


def dates_in(text: str) -> tuple[date, ...]:
    """The dates written as 2026-11-21, in order; impossible ones are left out."""
    found: list[date] = []
    for year, month, day in ISO.findall(text):
        try:
            found.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return tuple(found)


def may_mean(day: date, text: str, said_at: float) -> bool:
    """Whether somebody who said `text` at that time can have meant this day."""
    said = day_of(said_at)
    if day == said or day in dates_in(text):
        return True
    told = f"{day.day}" in re.findall(r"\d+", text)
    speaks_of_time = _NEAR.search(text) or _TIME_WORDS.search(text)
    return abs((day - said).days) <= 400 and bool(speaks_of_time or told)


def day_of(at: float) -> date:
    """The day in UTC."""
    return datetime.fromtimestamp(at, UTC).date()


def _resolved(match: re.Match[str], day: date) -> str:
    if match["word"]:
        word = match["word"].casefold().removeprefix("the ")
        away = {
            "today": 0,
            "tonight": 0,
            "tomorrow": 1,
            "yesterday": -1,
            "day after tomorrow": 2,
            "day before yesterday": -2,
        }[word]
        return f"{_on(match)}{_moved(day, away)}"
    if match["ahead"]:
        return (
            f"{_on(match)}{_moved(day, _count(match['ahead']) * _UNIT[match['unit'].casefold()])}"
        )
    away = -_count(match["back"]) * _UNIT[match["since"].casefold()]
    return f"{_on(match)}{_moved(day, away)}"


def _on(match: re.Match[str]) -> str:
    """The word that a date needs: what was "ships tomorrow", but not "by tomorrow"."""
    before = match.string[: match.start()].rstrip().rpartition(" ")[2].casefold()
    return (
        ""
        if before in ("", "on", "by", "until", "till", "before", "after", "from", "since")
        else "on "
    )


def _of_weekday(match: re.Match[str], day: date) -> str:
    how, wanted = match["how"].casefold(), _DAYS.index(match["day"].casefold())
    ahead = (wanted - day.weekday()) % 7
    if not ahead:
        # Said on that very day it may mean this one or the next.
        return match[0]
    back = how in ("last ", "since ")
    word = {"last ": "on ", "this ": "on "}.get(how, match["how"])
    return f"{word}{_moved(day, ahead - 7 if back else ahead)}"


def _moved(day: date, days: int) -> str:
    return (day + timedelta(days=days)).isoformat()


def _count(text: str) -> int:
    return _COUNT.get(text.casefold()) or int(text)
