"""What of a model's proposals is remembered: the rules, in code. Pure.

A model that is asked what is worth keeping restates its own instructions, invents people and
repeats what it was told it remembers. So nothing counts but what a person has said: each proposal
has to name the messages that say it, and has to share its words and all its numbers with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.context.speakers import BOT_NAME
from bot.memories import LONGEST_TAG, MOST_TAGS, Kind
from bot.memory.candidates import MOST, Candidate
from bot.memory.dates import ISO, absolute, dates_in, may_mean
from bot.memory.likeness import ALIKE, denies, exact, meaning, own_words, says_the_same
from bot.memory.withheld import opens_something
from bot.records import Entry

SHORTEST, LONGEST = 8, 300
"""Characters of what is remembered unasked."""

SHARED = 1 / 2
"""Of the words that carry a claim's meaning, how many the messages must have."""


_EPOCH = date(1970, 1, 1)
_NO_TAG = re.compile(r"[^\w.+-]+")
_UNNAMED = re.compile(
    r"(?:i|you|he|she|it|we|they|this|that|these|those|there|his|her|their|its|my|our|your|"
    r"someone|somebody|everyone|everybody|nobody|people|one|"
    r"(?:the |a |an |this )?(?:user|users|human|person|speaker|customer|participant|author|member)|"
    r"er|sie|es|wir|ich|ihr|man|elle|ils|elles|nous|vous|ella|ellos|nosotros)(?:['’]\w+)?(?!\w)",
    re.IGNORECASE,
)
_ABOUT_NOBODY = re.compile(
    # What may stand before the one whom a sentence is about.
    r"(?:(?:decision|fact|task|note|preference|agreed)\s?[:–-]\s)?"
    r"(?:(?:on|since|from|until|till|by|in|at|after|before|for|as of|last|next|every|each)\s"
    rf"[^,]{{1,40}}?,?\s)?{_UNNAMED.pattern}",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(r"\b(?:he|she|him|her|hers|his|me|my|mine|you|yours?)\b", re.IGNORECASE)
_TIME_NAMES = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:jan|febr)uary|march|april|may|june|july|august|"
    r"(?:septem|octo|novem|decem)ber",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?<=[^.!?:]\s)[^\W\d_a-z][^\W\d_]*")
"""A name within a sentence: a word with a capital."""

_GERMAN = re.compile(
    r"\b(?:der|das|und|ist|sind|wird|werden|für|nicht|mit|einen?|einer|eines|auf|zum|zur|über|dem|"
    r"des|sich|durch|statt|läuft|nutzt)\b"
)
"""What tells that every noun has a capital; lower case, as "MIT" is none of it."""

_OURSELVES = re.compile(
    rf"(?<!\w)(?:{BOT_NAME}|assistant|chat ?bot|the bot|ai model|language model|llm|system prompt|"
    r"prompt|instructions?|as an ai|(?:ignore|disregard|forget|override) (?:all|any|every|the|your|"
    r"previous|earlier|prior|above)|you (?:must|should|are|will|have to|need to)|"
    r"(?:always|never) (?:answer|reply|respond|say|write|mention|tell|use|call)|"
    r"(?<![^\n.!?;:] )(?:if|when(?:ever)?) (?:\w+ ){0,2}(?:asks?|asked|wants? to know)|"
    r"(?:answer|reply|respon[ds]e?)s? (?:with|in|as|are|should|must|only))(?!\w)",
    re.IGNORECASE,
)
_PRIVATE = re.compile(
    r"\b(?:diagnos\w*|illness|disease|cancer|hiv|pregnan\w*|depress\w*|therapy|therapist|medication|"
    r"disab(?:led|ility)|sick leave|burn-?out|adhd|autis\w*|addict\w*|alcoholic|religio\w*|muslim|"
    r"christian|jewish|hindu|buddhist|atheist|gay|lesbian|bisexual|trans(?:gender|sexual)|"
    r"sexual\w*|votes? for|voted|political\w*|trade union|salary|salaries|wage|debts?|bankrupt\w*|"
    r"divorc\w*|affair|criminal record|convict(?:ed|ion)|arrested|fired|incompetent|lazy|stupid|"
    r"idiot|ethnic\w*|passport number|social security)\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"the (?:team|group|channel|project|company)\b", re.IGNORECASE)


class Junk(StrEnum):
    """Why something is not remembered."""

    LENGTH = "length"
    EVIDENCE = "evidence"
    """It names no message, or one that is not there or that no person wrote."""
    UNSAID = "unsaid"
    """The messages don't say it."""
    NUMBER = "number"
    """It has a number or a name with digits that the messages don't have."""
    UNNAMED = "unnamed"
    """It is about "she", "the user" or nobody."""
    OURSELVES = "ourselves"
    """It is about the bot, or tells it what to do."""
    RESTATED = "restated"
    """It comes from the bot's own instructions."""
    DATE = "date"
    """It depends on when it is read."""
    HEARSAY = "hearsay"
    """It says of somebody what somebody else said of them."""
    PRIVATE = "private"
    """Nobody wants to read that of themselves."""
    UNFIT = "unfit"
    """It holds a secret or the code of a door, or can't be stored as it is."""
    DOUBLE = "double"
    """The same is there already."""
    TOO_MANY = "too many"


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may be remembered.

    Attributes:
        content: Dates made absolute.
        kind: See `Kind`.
        subject: Whom or what it is about.
        tags: Lower case.
        event_at: The one day that it names, seconds since the epoch; 0 for none or several.
        author_id: Who said it, or the last who did.
        message_ids: The platform's messages that say it.
    """

    content: str
    kind: Kind
    subject: str
    tags: tuple[str, ...]
    event_at: float
    author_id: str
    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sifted:
    """What came of some proposals: those that may be remembered, and why others may not."""

    admitted: tuple[Admitted, ...] = ()
    junk: tuple[tuple[Candidate, Junk], ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What proposals are held against.

    Attributes:
        entries: What was folded; nothing else is evidence.
        people: Names by id of everybody in the conversation.
        bots: Ids of other programs among them.
        system: The system prompt, with what is set for the channel.
        unfit: Says what is wrong with a text that may not be stored; empty for one that may.
    """

    entries: Sequence[Entry]
    people: Mapping[str, str]
    bots: Collection[str] = ()
    system: str = ""
    unfit: Callable[[str], str] = lambda content: ""


def sift(candidates: Iterable[Candidate], around: Surroundings, most: int = MOST) -> Sifted:
    """Decide what of some proposals may be remembered, at most `most` of them."""
    told = {
        entry.seq: entry
        for entry in around.entries
        if entry.role == "user" and entry.author_id and entry.author_id not in around.bots
    }
    admitted: list[Admitted] = []
    junk: list[tuple[Candidate, Junk]] = []
    for candidate in candidates:
        verdict = _judged(candidate, told, around)
        if isinstance(verdict, Admitted):
            if any(says_the_same(verdict.content, other.content) for other in admitted):
                verdict = Junk.DOUBLE
            elif len(admitted) >= most:
                verdict = Junk.TOO_MANY
            else:
                admitted.append(verdict)
                continue
        junk.append((candidate, verdict))
    return Sifted(tuple(admitted), tuple(junk))


def _judged(
    candidate: Candidate, told: Mapping[int, Entry], around: Surroundings
) -> Admitted | Junk:
    if not SHORTEST <= len(candidate.content) <= LONGEST:
        return Junk.LENGTH
    if not candidate.evidence or not all(number in told for number in candidate.evidence):
        return Junk.EVIDENCE
    evidence = [told[number] for number in sorted(set(candidate.evidence))]
    if around.unfit(candidate.content) or opens_something(candidate.content):
        return Junk.UNFIT
    wrong = _about(candidate, around.people) or _ungrounded(candidate, evidence, around)
    if wrong is not None:
        return wrong
    if _PRIVATE.search(candidate.content):
        return Junk.PRIVATE
    if _is_hearsay(candidate, evidence, around.people):
        return Junk.HEARSAY
    content = absolute(candidate.content, evidence[-1].at)
    if content is None or not _days_fit(content, evidence):
        return Junk.DATE
    return Admitted(
        content,
        candidate.kind,
        candidate.subject[:LONGEST_TAG],
        _tags(candidate.tags),
        _event_at(content),
        evidence[-1].author_id,
        tuple(dict.fromkeys(id_ for entry in evidence for id_ in entry.message_ids)),
    )


def _about(candidate: Candidate, people: Mapping[str, str]) -> Junk | None:
    """What is wrong with whom or what it is about."""
    if _OURSELVES.search(f"{candidate.content}\n{candidate.subject}"):
        return Junk.OURSELVES
    if _UNNAMED.fullmatch(candidate.subject) or _ABOUT_NOBODY.match(candidate.content):
        return Junk.UNNAMED
    if (found := _SOMEBODY.search(candidate.content)) is None:
        return None
    before = candidate.content[: found.start()]
    names = (*people.values(), candidate.subject)
    named = _names_in(before) or any(_names(before, name) for name in names)
    return None if named else Junk.UNNAMED


def _ungrounded(
    candidate: Candidate, evidence: Sequence[Entry], around: Surroundings
) -> Junk | None:
    """Whether the claim stands in the messages."""
    said = "\n".join(own_words(entry.text) for entry in evidence)
    names = frozenset[str]().union(*(meaning(name) for name in around.people.values()))
    claim, words = meaning(ISO.sub(" ", candidate.content)) - names, meaning(said)
    shared = claim & words
    if not shared or len(shared) < len(claim) * SHARED:
        return Junk.UNSAID
    if not exact(ISO.sub(" ", candidate.content)) <= exact(said):
        return Junk.NUMBER
    if denies(candidate.content, said) or _invents(candidate.content, words | names):
        return Junk.UNSAID
    restated = claim & meaning(around.system)
    if len(restated) >= ALIKE * len(claim) and len(restated) > len(shared):
        return Junk.RESTATED
    return None


def _invents(content: str, known: Set[str]) -> bool:
    """Whether there are names in it that are not known; among German nouns, most of them."""
    named = _names_in(content)
    unknown = named - known
    return 2 * len(unknown) > len(named) if _GERMAN.search(content) else bool(unknown)


def _names_in(content: str) -> frozenset[str]:
    """What stands within a sentence with a capital, but for days and months."""
    found = (name for name in _NAMED.findall(content) if not _TIME_NAMES.fullmatch(name))
    return frozenset[str]().union(*map(meaning, found))


def _is_hearsay(candidate: Candidate, evidence: Sequence[Entry], people: Mapping[str, str]) -> bool:
    """A decision or a task may be told by anybody; what somebody is or likes, by themselves."""
    if candidate.kind in (Kind.DECISION, Kind.TASK):
        return False
    about = f"{candidate.content}\n{candidate.subject}"
    named = {id_ for id_, name in people.items() if _names(about, name)}
    speakers = {entry.author_id for entry in evidence}
    if candidate.kind is Kind.PREFERENCE and not named:
        return not _TOGETHER.match(candidate.content)
    return bool(named) and not named & speakers


def _names(text: str, name: str) -> bool:
    return bool(name) and bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE))


def _days_fit(content: str, evidence: Sequence[Entry]) -> bool:
    """Every day in it is one that somebody can have meant."""
    days = dates_in(content)
    if len(days) != len(ISO.findall(content)):
        return False
    return all(
        any(may_mean(day, own_words(entry.text), entry.at) for entry in evidence) for day in days
    )


def _event_at(content: str) -> float:
    days = set(dates_in(content))
    if len(days) != 1:
        return 0.0
    return (days.pop() - _EPOCH).days * 86_400.0


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    clean = (_NO_TAG.sub("-", tag.casefold()).strip("-") for tag in tags)
    return tuple(dict.fromkeys(tag for tag in clean if 0 < len(tag) <= LONGEST_TAG))[:MOST_TAGS]
