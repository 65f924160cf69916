"""The checks: what was said against what stands there in the end. Pure; it runs nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.plan import Platform
from tests.chaos.words import Page, read_page, token


@dataclass(frozen=True, slots=True)
class Said:
    """A message that a person wrote.

    Attributes:
        number: Makes its token.
        thread: Its conversation.
        at: Loop time.
        sure: The message before it in the thread was known to be with the bot by then.
    """

    number: int
    thread: int
    at: float
    sure: bool = False

    @property
    def token(self) -> str:
        """How answers name it."""
        return token(self.number)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the bot has left in one conversation, oldest first."""

    thread: int
    platform: Platform
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that is checked.

    Attributes:
        said: In the order in which each platform shows it.
        standing: One for each conversation.
        homeless: Messages of the bot outside of all conversations, by platform.
        broken: Answers that the model broke off, by number.
        refused: Tokens that the model was asked about and refused to answer at least once.
        asked: For each answer the tokens that it was asked for.
    """

    said: Sequence[Said]
    standing: Sequence[Standing]
    homeless: Mapping[Platform, Sequence[str]] = field(
        default_factory=dict[Platform, Sequence[str]]
    )
    broken: frozenset[int] = frozenset()
    refused: frozenset[str] = frozenset()
    asked: Mapping[int, Sequence[str]] = field(default_factory=dict[int, Sequence[str]])


VIOLATIONS = ("doubled", "lost", "stuck", "out of order", "half-written", "stray", "given up")


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be.

    Attributes:
        kind: One of VIOLATIONS.
        platform: Where.
        thread: In which conversation, -1 for none.
        what: Tokens, answers or a text.
    """

    kind: str
    platform: Platform
    thread: int
    what: str

    def __str__(self) -> str:
        return f"{self.kind} on {self.platform}, thread {self.thread}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    Attributes:
        violations: All of them.
        answers: Answers that stand, by platform.
        excused: Answers that say that they are not whole, because the model broke off.
        told: Messages whose author was told to ask again, because the model refused.
        notices: Sentences about an outage of the store.
        overtaken: Messages that reached the bot after one that was said later.
    """

    violations: tuple[Violation, ...]
    answers: Mapping[Platform, int]
    excused: Mapping[Platform, int]
    told: Mapping[Platform, int]
    notices: Mapping[Platform, int]
    overtaken: Mapping[Platform, int]

    def count(self, platform: Platform, kind: str) -> int:
        """How many violations of a kind."""
        return sum(1 for each in self.violations if (each.platform, each.kind) == (platform, kind))


def judge(records: Records) -> Verdict:
    """Hold what was said against what stands there."""
    by_thread: dict[int, list[Said]] = defaultdict(list)
    for said in records.said:
        by_thread[said.thread].append(said)
    violations: list[Violation] = []
    figures: dict[str, Counter[Platform]] = defaultdict(Counter)
    for standing in records.standing:
        page, platform = read_page(standing.texts), standing.platform
        said = by_thread.pop(standing.thread, [])
        figures["answers"][platform] += len(page.answers)
        figures["excused"][platform] += sum(each.excused for each in page.answers)
        figures["notices"][platform] += len(page.notices)
        missing = _missing(said, page)
        told = missing & records.refused if page.apologies else set[str]()
        figures["told"][platform] += len(told)
        late, overtaken = _late(said, page)
        figures["overtaken"][platform] += len(overtaken)
        found = [
            *(("doubled", what) for what in _doubled(page)),
            *_unanswered(said, missing - told),
            *(("out of order", what) for what in late),
            *(("half-written", what) for what in _half(page, records)),
            *(("stray", repr(text[:120])) for text in page.strays),
            *(("given up", text) for text in page.apologies if not told),
        ]
        violations += [Violation(kind, platform, standing.thread, what) for kind, what in found]
    for platform, texts in records.homeless.items():
        violations += [Violation("stray", platform, -1, repr(text[:120])) for text in texts]
    if by_thread:
        raise ValueError(f"nothing is known of threads {sorted(by_thread)}")
    return Verdict(tuple(violations), **{name: dict(figures[name]) for name in _FIGURES})


_FIGURES = ("answers", "excused", "told", "notices", "overtaken")


def _missing(said: Iterable[Said], page: Page) -> set[str]:
    answered = {each for answer in page.answers for each in answer.tokens}
    return {each.token for each in said} - answered


def _doubled(page: Page) -> Iterator[str]:
    """Messages that two answers name, or one answer twice; answers that stand there twice."""
    counts = Counter(each for answer in page.answers for each in answer.tokens)
    for name, count in counts.items():
        if count > 1:
            where = [f"A{each.number}" for each in page.answers if name in each.tokens]
            yield f"{name} in {', '.join(where)}"
    for answer in page.answers:
        if not answer.tokens:
            yield f"A{answer.number} answers nobody"


def _unanswered(said: Sequence[Said], missing: set[str]) -> Iterator[tuple[str, str]]:
    """At the end of a thread they are stuck, before an answered message they are lost."""
    after = True
    for each in reversed(said):
        if each.token in missing:
            yield "stuck" if after else "lost", each.token
        else:
            after = False


def _late(said: Sequence[Said], page: Page) -> tuple[list[str], list[str]]:
    """Messages that are answered after one that was said later.

    It is the bot's fault where the earlier one was with it before the later one was said, or where
    both stand in one answer; else the platform has delivered them in that order.
    """
    place: dict[str, tuple[int, int]] = {}
    for number, answer in enumerate(page.answers):
        for position, name in enumerate(answer.tokens):
            place.setdefault(name, (number, position))
    late: list[str] = []
    overtaken: list[str] = []
    known = [each for each in said if each.token in place]
    for earlier, later in pairwise(known):
        before, after = place[earlier.token], place[later.token]
        if before < after:
            continue
        if before[0] == after[0] or later.sure:
            late.append(f"{earlier.token} after {later.token}")
        else:
            overtaken.append(earlier.token)
    return late, overtaken


def _half(page: Page, records: Records) -> Iterator[str]:
    """Answers that are not whole, unless the model broke them off and they say so."""
    for answer in page.answers:
        name = f"A{answer.number}"
        asked = records.asked.get(answer.number)
        if asked is not None and tuple(asked) != answer.tokens:
            yield f"{name} names other messages than it was asked about"
        if answer.excused and answer.number not in records.broken:
            yield f"{name} says that it was interrupted, and was not"
        elif not answer.whole and not answer.excused:
            yield f"{name} in {answer.messages} message(s)"
