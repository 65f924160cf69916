"""What three ways of choosing the prompt cost: `python -m benchmarks.prefix`.

One made-up conversation (seeded, the same for all) is played against

- full: the whole history with every question;
- sliding: the newest messages that fit into the budget, chosen anew at every turn;
- steps: Bobbin's window, folded into a summary past the high mark, with the requests for
  summaries included.

No model is asked: answers have random text of ordinary length, summaries are made by the extractive
fall-back. Nothing is measured but tokens, so the figures are the same on every machine.

A cache is taken to keep everything it saw (no expiry), and is looked at in two ways:

- prefix: any common prefix of whole messages counts, in steps of 128 tokens from 1024 on;
- marked: only a prefix that an earlier request marked for caching counts. Each request marks the
  end of the last user's message before its newest message, which is the last that the next
  request has unchanged. A mark at the end of the newest message would never be met again, because
  that message ends with the clock.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.context.prompt import system_prompt
from bot.context.render import Now, conversation, entry_tokens
from bot.context.summary import extract_summary, fold_instruction, fold_messages, summary_cap
from bot.context.tokens import REPLY_TOKENS, Tokenizer, load_tokenizer
from bot.context.window import build_window, fold_cut, low_mark, needs_fold
from bot.model.port import Message
from bot.records import Entry, Summary

_START = 1_795_449_600.0
_PEOPLE = (("1", "Ada"), ("2", "Ben"), ("3", "Carla"))
_WORDS = (
    "the plan for next week is to move our build over and see whether tests still pass when two "
    "people work on one branch while somebody else reviews what has changed since then because "
    "nobody wants a release that breaks things users have come to like about this small program"
).split()
_CACHED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Turn:
    """Messages of people and the answer to them, with tokens and rising `seq`."""

    asked: tuple[Entry, ...]
    answer: Entry


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt; `summary` if it asks for one."""

    messages: tuple[Message, ...]
    summary: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over all requests of a policy.

    Attributes:
        policy: Its name.
        sent: Prompt tokens.
        peak: The longest prompt.
        cached: Prompt tokens that a prefix cache has.
        marked: Prompt tokens that a cache of marked prefixes has.
        summaries: Requests for a summary among them.
    """

    policy: str
    sent: int
    peak: int
    cached: int
    marked: int
    summaries: int

    @property
    def paid(self) -> float:
        """Prompt tokens at full price, where one from the prefix cache costs a tenth."""
        return self.sent - (1 - _CACHED_SHARE) * self.cached


def converse(turns: int, seed: int, tokenizer: Tokenizer) -> list[Turn]:
    """A conversation: one or two short messages a turn, now and then a paste, an answer."""
    rng = random.Random(seed)
    story: list[Turn] = []
    seq = 0

    def say(role: str, length: int, at: float) -> Entry:
        nonlocal seq
        seq += 1
        text = " ".join(rng.choices(_WORDS, k=length)).capitalize() + "."
        id, name = rng.choice(_PEOPLE)
        said = (
            Entry("assistant", text, at, turn=f"t{number}", seq=seq)
            if role == "assistant"
            else Entry("user", text, at, id, name, turn=f"t{number}", seq=seq)
        )
        return _weighed(said, tokenizer)

    for number in range(turns):
        at = _START + 180.0 * number
        asked = tuple(
            say("user", rng.randint(300, 900) if rng.random() < 0.04 else rng.randint(4, 60), at)
            for _ in range(rng.choice((1, 1, 1, 2)))
        )
        story.append(Turn(asked, say("assistant", rng.randint(20, 260), at + 10)))
    return story


def full(story: Sequence[Turn], tokenizer: Tokenizer) -> Iterator[Request]:
    """The whole history every time."""
    log: list[Entry] = []
    for turn in story:
        yield Request(_window(log, turn, Summary(), 10**9, tokenizer)[0])
        log += (*turn.asked, turn.answer)


def sliding(story: Sequence[Turn], budget: int, tokenizer: Tokenizer) -> Iterator[Request]:
    """As many of the newest messages as fit, every time."""
    log: list[Entry] = []
    fixed = REPLY_TOKENS + 64 + tokenizer.count_message("system", system_prompt())
    for turn in story:
        room = budget - fixed - sum(entry.tokens for entry in turn.asked)
        start = len(log)
        while start > 0 and log[start - 1].tokens <= room:
            start -= 1
            room -= log[start].tokens
        yield Request(_window(log[start:], turn, Summary(), 10**9, tokenizer)[0])
        log += (*turn.asked, turn.answer)


def steps(story: Sequence[Turn], budget: int, tokenizer: Tokenizer) -> Iterator[Request]:
    """Bobbin's window, and its requests for summaries."""
    log: list[Entry] = []
    summary = Summary()
    for turn in story:
        messages, tokens, fixed = _window(log, turn, summary, budget, tokenizer)
        yield Request(messages)
        log += (*turn.asked, turn.answer)
        if not needs_fold(tokens + turn.answer.tokens, budget, fixed):
            continue
        upto = fold_cut(log, low_mark(budget, fixed))
        folded = [entry for entry in log if entry.seq <= upto]
        if not folded:
            continue
        cap = summary_cap(budget)
        prefix = conversation(
            system_prompt(), summary, folded, longest=budget // 2, tokenizer=tokenizer
        )
        yield Request(fold_messages(prefix, fold_instruction(folded, cap)), summary=True)
        text = extract_summary(summary, folded, cap, tokenizer.count)
        summary = Summary(text, upto, summary.version + 1, "extract")
        log = [entry for entry in log if entry.seq > upto]


@dataclass(slots=True)
class Caches:
    """What caches have seen of the requests so far."""

    seen: set[int] = field(default_factory=set[int])
    marked: set[int] = field(default_factory=set[int])

    def take(self, messages: Sequence[Message], sizes: Sequence[int]) -> tuple[int, int]:
        """Tokens of this request that the prefix cache and the marked cache have; remember it."""
        found = hit = total = key = 0
        keys: list[int] = []
        for message, size in zip(messages, sizes, strict=True):
            key = hash((key, message))
            keys.append(key)
            total += size
            if key in self.seen:
                found = total
            if key in self.marked:
                hit = total
        self.seen.update(keys)
        users = [n for n, message in enumerate(messages[:-1]) if message.role != "assistant"]
        self.marked.add(keys[users[-1]])
        return _rounded(found), _rounded(hit)


def measure(policy: str, requests: Iterator[Request], tokenizer: Tokenizer) -> Figures:
    """Play a policy's requests against the caches."""
    caches = Caches()
    known: dict[Message, int] = {}
    sent = peak = cached = marked = summaries = 0
    for request in requests:
        sizes: list[int] = []
        for message in request.messages:
            if message not in known:
                known[message] = tokenizer.count_message(message.role, message.content)
            sizes.append(known[message])
        total = sum(sizes) + REPLY_TOKENS
        prefix, hit = caches.take(request.messages, sizes)
        sent += total
        peak = max(peak, total)
        cached += prefix
        marked += hit
        summaries += request.summary
    return Figures(policy, sent, peak, cached, marked, summaries)


def compare(turns: int, budget: int, seed: int, tokenizer: Tokenizer) -> list[Figures]:
    """The three policies over the same conversation."""
    story = converse(turns, seed, tokenizer)
    return [
        measure("full", full(story, tokenizer), tokenizer),
        measure("sliding", sliding(story, budget, tokenizer), tokenizer),
        measure("steps", steps(story, budget, tokenizer), tokenizer),
    ]


def table(figures: Sequence[Figures]) -> str:
    """The figures as Markdown."""
    lines = [
        "| window | tokens sent | longest prompt | cached: prefix | cached: marked "
        "| full-price equivalent | summaries |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += (
        f"| {f.policy} | {f.sent:,} | {f.peak:,} | {f.cached / f.sent:.1%} "
        f"| {f.marked / f.sent:.1%} | {f.paid:,.0f} | {f.summaries} |"
        for f in figures
    )
    return "\n".join(lines)


def _rounded(tokens: int) -> int:
    return 0 if tokens < 1024 else tokens // 128 * 128


def _window(
    log: Sequence[Entry], turn: Turn, summary: Summary, budget: int, tokenizer: Tokenizer
) -> tuple[tuple[Message, ...], int, int]:
    people = tuple(dict.fromkeys(entry.author for entry in turn.asked))
    window = build_window(
        system=system_prompt(),
        summary=summary,
        log=log,
        new=turn.asked,
        now=Now(turn.asked[-1].at, people),
        budget=budget,
        tokenizer=tokenizer,
    )
    return window.messages, window.tokens, window.fixed


def _weighed(entry: Entry, tokenizer: Tokenizer) -> Entry:
    tokens = entry_tokens(entry, tokenizer)
    return Entry(
        entry.role,
        entry.text,
        entry.at,
        entry.author_id,
        entry.author,
        tokens=tokens,
        turn=entry.turn,
        seq=entry.seq,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compare ways of choosing the prompt.")
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--budget", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tokenizer = load_tokenizer("gpt-6-luna")
    print(f"{options.turns} turns, budget {options.budget:,} tokens, seed {options.seed}\n")
    print(table(compare(options.turns, options.budget, options.seed, tokenizer)))


if __name__ == "__main__":
    main()
