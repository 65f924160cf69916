"""What happens when, as data: all of it follows from the seed before anything runs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Platform = Literal["discord", "slack"]
PLATFORMS: tuple[Platform, ...] = ("discord", "slack")


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything.

    Attributes:
        messages: What people say.
        threads: In how many conversations, half of them on each platform.
        channels: Per platform.
        kills: How often a process is killed, or all of them at once.
        restarts: Of the store, by kill.
        processes: How many answer at a time.
        seconds: Over which people talk.
        faults: Of each edge: model, Discord, Slack.
        upsets: Of each platform's connections.
        doubled: Share of messages that are delivered twice.
        settle: Seconds after which what is not answered counts as stuck.
        backlog: People wait with what they say while so many messages are not answered.
        lease: BOBBIN_LEASE_SECONDS of the processes.
        slow: Some calls take longer than the bot waits for them.
        forked: Processes come from a nursery, which is quick, and not from nothing.
    """

    messages: int
    threads: int
    channels: int
    kills: int
    restarts: int
    processes: int
    seconds: float
    faults: int
    upsets: int
    doubled: float = 0.3
    settle: float = 180.0
    backlog: int = 150
    lease: float = 2.0
    slow: bool = True
    forked: bool = False


FULL = Size(
    messages=2000,
    threads=100,
    channels=8,
    kills=50,
    restarts=3,
    processes=3,
    seconds=200.0,
    faults=60,
    upsets=8,
)
SHORT = Size(
    messages=40,
    threads=4,
    channels=1,
    kills=1,
    restarts=1,
    processes=2,
    seconds=3.0,
    faults=4,
    upsets=1,
    settle=60.0,
    lease=0.8,
    slow=False,
    forked=True,
)
SIZES: Mapping[str, Size] = {"full": FULL, "short": SHORT}


@dataclass(frozen=True, slots=True)
class Say:
    """Somebody says something.

    Attributes:
        number: Of the message, which makes its token.
        thread: In which conversation.
        person: Who of those who are there.
        again: Seconds after which it is delivered once more; None if it is not.
    """

    at: float
    number: int
    thread: int
    person: int
    again: float | None


@dataclass(frozen=True, slots=True)
class Kill:
    """A process is killed; `everybody` for all at once. A supervisor starts it again later."""

    at: float
    victim: int
    everybody: bool
    back: float


@dataclass(frozen=True, slots=True)
class Restart:
    """The store is killed and comes back after some seconds."""

    at: float
    away: float


@dataclass(frozen=True, slots=True)
class Upset:
    """Something happens to a platform's connections; `which` chooses one of several."""

    at: float
    platform: Platform
    kind: str
    which: int


@dataclass(frozen=True, slots=True)
class Fault:
    """From now on the next call of this kind fails, once."""

    at: float
    edge: Literal["model", "discord", "slack"]
    call: str
    kind: str
    seconds: float


Event = Say | Kill | Restart | Upset | Fault


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation and where it is."""

    number: int
    platform: Platform
    channel: int
    people: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    seed: int
    size: Size
    threads: tuple[Thread, ...]
    events: tuple[Event, ...] = field(repr=False)

    def told(self) -> Iterator[str]:
        """The plan without what people say, a line for each event."""
        for event in self.events:
            if not isinstance(event, Say):
                yield str(event)


UPSETS: Mapping[Platform, Sequence[str]] = {
    "discord": ("drop", "reconnect", "invalidate", "resumable", "close", "refuse"),
    "slack": ("refresh", "cut", "refresh", "warning"),
}
_KINDS = ("busy", "busy", "500", "503", "drop", "lost", "lost", "slow")
_CALLS: Mapping[Platform, Mapping[str, int]] = {
    "discord": {
        "POST /channels/{channel_id}/messages": 8,
        "PATCH /channels/{channel_id}/messages/{message_id}": 5,
        "POST /channels/{channel_id}/messages/{message_id}/threads": 3,
        "GET /channels/{channel_id}/messages": 2,
        "POST /channels/{channel_id}/typing": 1,
        "DELETE /channels/{channel_id}/messages/{message_id}": 1,
        "GET /users/@me": 1,
    },
    "slack": {
        "chat.postMessage": 8,
        "chat.update": 5,
        "chat.delete": 2,
        "conversations.replies": 2,
        "users.info": 2,
        "assistant.threads.setStatus": 1,
        "apps.connections.open": 1,
        "auth.test": 1,
    },
}
_MODEL = ("busy", "busy", "500", "503", "overloaded", "drop", "drop", "cut", "cut", "end", "error")


def make_plan(seed: int, size: Size) -> Plan:
    """The plan that belongs to a seed."""
    rng = random.Random(seed)
    threads = tuple(
        Thread(
            number,
            PLATFORMS[number % 2],
            (number // 2) % size.channels,
            1 + rng.randrange(3),
        )
        for number in range(size.threads)
    )
    events = [
        *_talk(rng, size, threads),
        *_kills(rng, size),
        *_restarts(rng, size),
        *_upsets(rng, size),
        *_faults(rng, size),
    ]
    return Plan(seed, size, threads, tuple(sorted(events, key=lambda event: event.at)))


def _calm(size: Size) -> float:
    """When it begins to go wrong: every channel has a conversation by then."""
    return min(4.0, size.seconds / 4)


def _talk(rng: random.Random, size: Size, threads: Sequence[Thread]) -> Iterator[Say]:
    """Each thread has its own times; a message may follow hard on the one before."""
    shares = [rng.expovariate(1.0) + 0.2 for _ in threads]
    times: list[tuple[float, int]] = []
    begins: list[float] = []
    for thread in threads:
        first = thread.number < 2 * size.channels
        begins.append(rng.uniform(0, 0.5) if first else rng.uniform(0.5, size.seconds * 0.7))
    counts = _shared(size.messages, shares)
    for thread, count in zip(threads, counts, strict=True):
        at = begins[thread.number]
        times.append((at, thread.number))
        for _ in range(count - 1):
            close = rng.random() < 0.25
            at = (
                at + rng.uniform(0, 0.3)
                if close
                else rng.uniform(begins[thread.number], size.seconds)
            )
            times.append((at, thread.number))
    for number, (at, thread) in enumerate(sorted(times)):
        again = rng.choice((0.0, rng.uniform(0, 2), rng.uniform(2, min(20, size.seconds))))
        yield Say(
            at,
            number,
            thread,
            rng.randrange(threads[thread].people),
            again if rng.random() < size.doubled else None,
        )


def _shared(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers of at least one that add up to `total`, about in these proportions."""
    whole = sum(shares)
    counts = [max(1, round(total * share / whole)) for share in shares]
    place = 0
    while sum(counts) != total:
        step = 1 if sum(counts) < total else -1
        if counts[place % len(counts)] + step >= 1:
            counts[place % len(counts)] += step
        place += 1
    return counts


def _kills(rng: random.Random, size: Size) -> Iterator[Kill]:
    """A tenth of them are meant for everybody at once, as when a machine loses its power."""
    for _ in range(size.kills):
        yield Kill(
            rng.uniform(_calm(size), size.seconds * 1.02),
            rng.randrange(1000),
            rng.random() < 0.1,
            rng.uniform(0.0, 1.5),
        )


def _restarts(rng: random.Random, size: Size) -> Iterator[Restart]:
    """Spread over the run, so that one has ended before the next begins."""
    calm, each = _calm(size), (size.seconds - _calm(size)) / max(1, size.restarts)
    for number in range(size.restarts):
        begin = calm + number * each
        yield Restart(rng.uniform(begin, begin + each * 0.8), rng.uniform(0.1, min(4.0, each / 2)))


def _upsets(rng: random.Random, size: Size) -> Iterator[Upset]:
    for platform in PLATFORMS:
        for _ in range(size.upsets):
            kind = rng.choice(UPSETS[platform])
            yield Upset(rng.uniform(_calm(size), size.seconds), platform, kind, rng.randrange(1000))


def _faults(rng: random.Random, size: Size) -> Iterator[Fault]:
    kinds = _KINDS if size.slow else _KINDS[:-1]
    for _ in range(size.faults):
        at = rng.uniform(_calm(size), size.seconds)
        yield Fault(at, "model", "chat", rng.choice(_MODEL), rng.uniform(0.2, 3.0))
    for platform in PLATFORMS:
        calls = _CALLS[platform]
        for _ in range(size.faults):
            call = rng.choices(list(calls), list(calls.values()))[0]
            at = rng.uniform(_calm(size), size.seconds)
            yield Fault(at, platform, call, rng.choice(kinds), rng.uniform(0.2, 3.0))
