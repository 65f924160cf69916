"""Bad days of the model and of the platforms: faults of the plan, told to the simulators."""

from __future__ import annotations

import random
from collections import Counter, deque
from dataclasses import dataclass, field

from tests.chaos.plan import Fault, Upset
from tests.chaos.words import answer_text, asked_now
from tests.simulators.discord_sim import DiscordSimulator
from tests.simulators.openai_sim import (
    Answer,
    Cut,
    EndOfFile,
    Piece,
    Request,
    dropped,
    echo,
    error_object,
    failure,
    overloaded,
    rate_limited,
)
from tests.simulators.slack_sim import SlackSimulator

DISCORD_SLOW = 8.0
"""Seconds; longer than the bot waits for one try of a call at Discord."""
SLACK_SLOW = 16.0
"""The same for Slack."""

WORDS_A_PIECE = 12
BREAKS = frozenset({"cut", "end", "error"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that the model began to answer.

    Attributes:
        number: Of its answer.
        at: Loop time.
        tokens: What it was to answer.
        fault: What became of it instead, empty if it was answered.
    """

    number: int
    at: float
    tokens: tuple[str, ...]
    fault: str = ""


@dataclass(slots=True)
class PretendModel:
    """Answers what it is asked: which messages are new, and some words more.

    How long an answer is, and how fast it comes, follows from the seed and what is asked, and
    differs when the same is asked again.
    """

    seed: int
    asked: list[Asked] = field(default_factory=list[Asked])
    given: Counter[str] = field(default_factory=Counter[str])
    _waiting: deque[Fault] = field(default_factory=deque[Fault])
    _times: Counter[tuple[str, ...]] = field(default_factory=Counter[tuple[str, ...]])

    def spoil(self, fault: Fault) -> None:
        """Let the next request fail."""
        self._waiting.append(fault)

    def behave(self, request: Request) -> Answer:
        """The simulator's behaviour."""
        fault = self._waiting.popleft() if self._waiting else None
        if fault is not None:
            self.given[fault.kind] += 1
        if "## " in request.last_user_text:
            return self._spoilt(fault, echo(request)) if fault else echo(request)
        tokens = asked_now(request)
        number = len(self.asked) + 1
        self.asked.append(Asked(number, request.at, tokens, fault.kind if fault else ""))
        self._times[tokens] += 1
        rng = random.Random(f"{self.seed} {tokens} {self._times[tokens]}")
        answer = _answer(rng, number, tokens)
        return self._spoilt(fault, answer) if fault else answer

    def _spoilt(self, fault: Fault, answer: Answer) -> Answer:
        match fault.kind:
            case "busy":
                return rate_limited(retry_after=round(fault.seconds, 1))
            case "500" | "503":
                return failure(int(fault.kind))
            case "overloaded":
                return overloaded()
            case "drop":
                return dropped()
            case "cut" | "end" | "error":
                breaks: dict[str, Piece] = {
                    "cut": Cut(),
                    "end": EndOfFile(),
                    "error": error_object(),
                }
                half = answer.pieces[: max(1, len(answer.pieces) // 2)]
                return Answer([*half, breaks[fault.kind]], token_rate=answer.token_rate)
            case _:
                raise ValueError(fault.kind)


def _answer(rng: random.Random, number: int, tokens: tuple[str, ...]) -> Answer:
    length = rng.choices(
        (rng.randrange(4, 40), rng.randrange(60, 200), rng.randrange(450, 800)), (75, 20, 5)
    )[0]
    text = answer_text(number, tokens, length)
    head, _, body = text.partition("\n\n")
    words = body.split(" ")
    pieces = [
        f"{head}\n\n",
        *(
            " ".join(words[start : start + WORDS_A_PIECE]) + " "
            for start in range(0, len(words), WORDS_A_PIECE)
        ),
    ]
    pieces[-1] = pieces[-1].rstrip()
    slow = rng.random() < 0.3
    return Answer(
        pieces,
        first_token_delay=rng.uniform(0, 0.5),
        token_rate=len(text) / 3 / rng.uniform(0.5, 4.0) if slow else 0.0,
    )


def spoil_discord(sim: DiscordSimulator, fault: Fault, scale: float) -> None:
    """Let the next such call at Discord fail."""
    match fault.kind:
        case "busy":
            sim.faults.rate_limit(fault.call, fault.seconds * scale, scope="shared")
        case "500" | "503":
            sim.faults.add(fault.call, status=int(fault.kind), body="upstream connect error")
        case "drop":
            sim.faults.add(fault.call, drop=True)
        case "lost":
            sim.faults.add(fault.call, drop=True, after_effect=True)
        case "slow":
            sim.faults.add(fault.call, delay=DISCORD_SLOW * scale, after_effect=True)
        case _:
            raise ValueError(fault.kind)


def spoil_slack(sim: SlackSimulator, fault: Fault, scale: float) -> None:
    """Let the next such call at Slack fail."""
    match fault.kind:
        case "busy":
            limited = {"ok": False, "error": "ratelimited"}
            wait = {"Retry-After": str(max(1, round(fault.seconds)))}
            sim.faults.add(fault.call, status=429, body=limited, headers=wait)
        case "500" | "503":
            sim.faults.add(fault.call, status=int(fault.kind), body="upstream connect error")
        case "drop":
            sim.faults.add(fault.call, drop=True)
        case "lost":
            sim.faults.add(fault.call, after_effect=True)
        case "slow":
            sim.faults.add(fault.call, delay=SLACK_SLOW * scale, after_effect=True)
        case _:
            raise ValueError(fault.kind)


def upset_discord(sim: DiscordSimulator, upset: Upset) -> None:
    """Do something to the gateway's connections, all of them."""
    gateway = sim.gateway
    match upset.kind:
        case "drop":
            gateway.drop()
        case "reconnect":
            gateway.reconnect()
        case "invalidate":
            gateway.invalidate()
        case "resumable":
            gateway.invalidate(resumable=True)
        case "close":
            gateway.close(4000)
        case "refuse":
            gateway.refuse(2)
            gateway.drop()
        case _:
            raise ValueError(upset.kind)


def upset_slack(sim: SlackSimulator, upset: Upset) -> None:
    """Do something to one of the sockets."""
    links = [link for link in sim.connections if not link.draining]
    if not links:
        return
    link = links[upset.which % len(links)]
    match upset.kind:
        case "refresh":
            sim.disconnect("refresh_requested", link)
        case "warning":
            sim.disconnect("warning", link)
        case "cut":
            sim.cut(link)
        case _:
            raise ValueError(upset.kind)
