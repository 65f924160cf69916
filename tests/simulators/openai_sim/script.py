"""What the model says: scripted answers, scripted faults, and the default behaviour."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.openai_sim.answer import Answer
from tests.simulators.openai_sim.request import Request

Predicate = Callable[[Request], bool]
Behaviour = Callable[[Request], Answer]


@dataclass(slots=True)
class _Entry:
    answer: Answer | Behaviour
    predicate: Predicate | None
    left: int | None


class Script:
    """Answers waiting for a request.

    The first entry, in the order added, whose predicate holds (or that has none) is taken.
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def append(self, answer: Answer | Behaviour) -> None:
        """Answer the next request that no earlier entry takes with this."""
        self._entries.append(_Entry(answer, None, 1))

    def extend(self, answers: Iterable[Answer | Behaviour]) -> None:
        """`append` each."""
        for answer in answers:
            self.append(answer)

    def on(
        self, predicate: Predicate, answer: Answer | Behaviour, *, times: int | None = 1
    ) -> None:
        """Answer requests for which the predicate holds with this; `times` None means always."""
        self._entries.append(_Entry(answer, predicate, times))

    def take(self, request: Request) -> Answer | None:
        """The answer for this request, None without a matching entry."""
        for entry in self._entries:
            if entry.predicate is not None and not entry.predicate(request):
                continue
            if entry.left is not None:
                entry.left -= 1
                if entry.left <= 0:
                    self._entries.remove(entry)
            return entry.answer if isinstance(entry.answer, Answer) else entry.answer(request)
        return None

    @property
    def left(self) -> int:
        """Entries that still wait for a request; those for `times=None` are not counted."""
        return sum(entry.left is not None for entry in self._entries)

    def clear(self) -> None:
        """Forget every entry."""
        self._entries.clear()


_HEADING = re.compile(r"^## .+$", re.MULTILINE)
_NOTE = re.compile(r"\[.*\]")
_REFERENCE = re.compile(r"\n\n<(\w+) note=.*</\1>\Z", re.DOTALL)
_SPEAKER = re.compile(r"\[?([^\n:\[\]]{1,40})\]?: (.*)", re.DOTALL)


def echo(request: Request) -> Answer:
    """The default behaviour: say who spoke last, what, and how many messages were to be read.

    The counts make lost or doubled history visible: "Ada said: hello (I have read 4 messages,
    2 from people.)". The speaker is the message's `name`, or what stands before the first ": ";
    lines in square brackets before and after the text are notes of the client and left out, and so
    is a block of reference that is marked with a note. A request that lists headings is taken for
    one that wants something written under them.
    """
    people = [message for message in request.messages if message.role == "user"]
    if not people:
        return Answer(f"I have read {len(request.messages)} messages, none from people.")
    last = people[-1]
    if headings := _HEADING.findall(last.text):
        count = len(request.messages)
        return Answer(f"{headings[0]}\n- a simulated summary of {count} messages")
    lines = last.text.split("\n")
    while len(lines) > 1 and (not lines[-1] or _NOTE.fullmatch(lines[-1])):
        del lines[-1]
    while len(lines) > 1 and (not lines[0] or _NOTE.fullmatch(lines[0])):
        del lines[0]
    speaker, text = last.name, _REFERENCE.sub("", "\n".join(lines).rstrip())
    found = _SPEAKER.fullmatch(text)
    if speaker is None and found is not None:
        speaker, text = found.groups()
    return Answer(
        f"{speaker or 'Somebody'} said: {text} (I have read {len(request.messages)} messages, "
        f"{len(people)} from people.)"
    )


@dataclass(slots=True)
class Fault:
    """What happens to requests that match, below the level of the model's answers."""

    route: str | None
    match: Predicate | None
    times: int
    status: int | None
    body: Mapping[str, Any] | bytes
    headers: Mapping[str, str]
    delay: float
    drop: bool
    after_effect: bool
    gate: asyncio.Event | None

    def matches(self, request: Request) -> bool:
        """Whether this fault is for that request."""
        if self.route is not None and self.route != request.route:
            return False
        return self.match is None or self.match(request)


@dataclass(slots=True)
class Faults:
    """Scripted faults of the transport; each is used `times` times."""

    _faults: list[Fault] = field(default_factory=list[Fault])

    def add(
        self,
        route: str | None = None,
        match: Predicate | None = None,
        *,
        times: int = 1,
        status: int | None = None,
        body: Mapping[str, Any] | bytes = b"",
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        drop: bool = False,
        after_effect: bool = False,
        gate: asyncio.Event | None = None,
    ) -> None:
        """Script a fault.

        Args:
            route: Only this route, e.g. "/v1/models"; None matches all.
            match: Only requests for which this holds.
            status: Answer with this status, `body` and `headers` instead.
            delay: Seconds to wait first; alone it only slows the request down.
            drop: Close the connection without any answer.
            after_effect: Count the request and use its scripted answer up before dropping it.
            gate: Wait for it first; alone it only holds the request up.
        """
        told = headers or {}
        fault = Fault(route, match, times, status, body, told, delay, drop, after_effect, gate)
        self._faults.append(fault)

    def take(self, request: Request) -> Fault | None:
        """The first fault for this request, used once by the call."""
        for fault in self._faults:
            if fault.matches(request):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    @property
    def left(self) -> list[Fault]:
        """Faults that no request has met yet."""
        return list(self._faults)
