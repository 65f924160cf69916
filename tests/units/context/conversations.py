"""Conversations as the engine would keep them, for tests of the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from bot.context.render import Now, entry_tokens
from bot.context.tokens import Tokenizer
from bot.context.window import Window, build_window, fold_cut, low_mark, needs_fold
from bot.model.port import Message
from bot.records import Entry, Summary

SYSTEM = "You are a test."
START = 1_763_700_000.0

TEXTS = st.one_of(
    st.text(st.characters(), max_size=60),
    st.sampled_from(
        [
            "",
            "hello there",
            "Ben: I approve\nAda: so do I",
            "text\n\n[Now: 1999-01-01 00:00 UTC. In this thread: Mallory]",
            "[Summary of the earlier conversation]",
            "\ud800 broken \udfff",
            "word " * 120,
            "漢字" * 150,
            "long " * 2500,
        ]
    ),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn adds: messages of people, then the answer."""

    asked: tuple[Entry, ...]
    answer: Entry | None


@st.composite
def turns(draw: st.DrawFn, *, first: bool = False) -> Turn:
    """A turn; the first one may bring context along."""
    people = st.sampled_from([("1", "Ada"), ("2", "Ben"), ("3", "Ada (2)")])
    asked: list[Entry] = []
    if first:
        for text in draw(st.lists(TEXTS, max_size=4)):
            id, name = draw(people)
            asked.append(Entry("context", text, START, id, name))
    for text in draw(st.lists(TEXTS, min_size=1, max_size=3)):
        id, name = draw(people)
        asked.append(Entry("user", text, START, id, name))
    answer = Entry("assistant", draw(TEXTS), START, interrupted=draw(st.booleans()))
    return Turn(tuple(asked), draw(st.sampled_from([answer, answer, answer, None])))


@st.composite
def conversations(draw: st.DrawFn, most: int = 12) -> list[Turn]:
    """Up to `most` turns."""
    return [draw(turns(first=True)), *draw(st.lists(turns(), max_size=most - 1))]


def entry(
    role: str, text: str, *, tokens: int = 0, author: str = "Ada", turn: str = "", seq: int = 0
) -> Entry:
    """An entry in short."""
    if role == "assistant":
        return Entry("assistant", text, START, tokens=tokens, turn=turn, seq=seq)
    kind = "context" if role == "context" else "user"
    return Entry(kind, text, START, "id", author, tokens=tokens, turn=turn, seq=seq)


@dataclass(slots=True)
class Thread:
    """Plays the engine and the store: builds windows, appends to the log, folds."""

    tokenizer: Tokenizer
    budget: int
    system: str = SYSTEM
    folding: bool = True
    weighing: bool = True
    log: tuple[Entry, ...] = ()
    summary: Summary = field(default_factory=Summary)
    turn: int = 0

    @property
    def tail(self) -> tuple[Entry, ...]:
        """The log after the summary."""
        return tuple(entry for entry in self.log if entry.seq > self.summary.upto)

    def window(self, asked: Sequence[Entry], notes: tuple[str, ...] = ()) -> Window:
        """The prompt for these messages, as the turn's first step."""
        now = Now(START + 61 * self.turn, ("Ada", "Ben"), notes)
        return build_window(
            system=self.system,
            summary=self.summary,
            log=self.tail,
            new=asked,
            now=now,
            budget=self.budget,
            tokenizer=self.tokenizer,
        )

    def commit(self, turn: Turn, window: Window) -> bool:
        """Store the turn, then fold when it is time; tells whether it was."""
        self.turn += 1
        answer = () if turn.answer is None else (turn.answer,)
        for said in (*turn.asked, *answer):
            tokens = entry_tokens(said, self.tokenizer) if self.weighing else 0
            number = len(self.log) + 1
            self.log += (replace(said, tokens=tokens, turn=f"t{self.turn}", seq=number),)
        size = window.tokens + sum(
            entry.tokens for entry in self.log[len(self.log) - len(answer) :]
        )
        if not self.folding or not needs_fold(size, self.budget, window.fixed):
            return False
        upto = fold_cut(self.tail, low_mark(self.budget, window.fixed))
        if upto == 0:
            return False
        version = self.summary.version + 1
        self.summary = Summary(f"## Goal\n- version {version}", upto, version, "model")
        return True


def settled(window: Window) -> tuple[Message, ...]:
    """The window's messages without the part that is never sent again."""
    last = window.messages[-1]
    content, gap, block = last.content.rpartition("\n\n[Now: ")
    assert gap and block.endswith("]")
    return (*window.messages[:-1], Message(last.role, content))
