"""Answers that are given again: anew, or on from where they stopped. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.chat import Author
from bot.context.speakers import unique_name
from bot.controls import Action
from bot.engine import texts
from bot.records import Entry
from bot.reply.fences import open_fence, scan
from bot.storage.types import Again, Turn

AFTER = (Action.REGENERATE, Action.GOOD, Action.BAD)
"""What can be done with an answer."""

AFTER_CUT = (Action.CONTINUE, *AFTER)
"""What can be done with one that stopped too early."""

AFTER_FAILURE = (Action.REGENERATE,)
"""What can be done where there is none."""

LONGEST_WORD = 40
"""Characters at the end of an answer that may be half a word."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """What is known of an answer before the model says a word of it.

    Attributes:
        head: Its beginning, which ends between two words, or two lines of code: a model that is
            asked to go on begins with a whole one.
        in_code: The beginning ends inside a code fence.
    """

    head: str = ""
    in_code: bool = False

    @staticmethod
    def of(text: str) -> Continuation:
        """The continuation of an answer that was cut."""
        kept = _between_words(text)
        if not _in_code(kept):
            return Continuation(kept)
        # Code goes on with a whole line, since it is opened anew before that.
        lines = kept[: kept.rfind("\n") + 1]
        return Continuation(lines if _in_code(lines) else kept, in_code=True)

    def joined(self, more: str) -> str:
        """The answer so far, when the model has added `more` of it.

        Many models open the code once more in which they stopped; that line is left out. One
        without a language closes it.
        """
        if self.in_code:
            line, whole, rest = more.lstrip().partition("\n")
            opens = line[:3] in ("```", "~~~") and line.strip("`~ ")
            begins = "```".startswith(line[:3]) or "~~~".startswith(line[:3])
            if not whole and begins:
                more = ""
            elif whole and opens:
                more = rest
        return self.head + more


def _in_code(text: str) -> bool:
    return open_fence(scan(text)) is not None


def _between_words(text: str) -> str:
    """The text without the word that it may have been cut in."""
    for end in range(len(text), max(0, len(text) - LONGEST_WORD), -1):
        if text[end - 1].isspace():
            return text[:end]
    return text


@dataclass(frozen=True, slots=True)
class Anew:
    """A turn that gives an answer again.

    Attributes:
        old: The answer as it was.
        asked: The question, as it is in the log.
        goes_on: From where the old answer stopped; else from the beginning.
        request: What asks the model to go on.
        orphaned: The question was deleted, so that there is nothing to answer anew.
    """

    old: Entry
    asked: tuple[Entry, ...]
    goes_on: bool
    request: tuple[Entry, ...] = field(default=())
    orphaned: bool = False

    @staticmethod
    def of(turn: Turn, names: Mapping[str, str]) -> Anew | None:
        """What a turn gives again; None for one that answers its mail."""
        if turn.answer is None:
            return None
        asked = question_of(turn.window)
        before = turn.answer.seq - 1
        if turn.summary.upto < before and (not asked or asked[-1].seq != before):
            return Anew(turn.answer, (), turn.again is Again.CONTINUE, orphaned=True)
        if turn.again is not Again.CONTINUE:
            return Anew(turn.answer, asked, goes_on=False)
        return Anew(turn.answer, asked, goes_on=True, request=_request(turn, names))

    @property
    def begun(self) -> Continuation:
        """What the new answer begins with."""
        return Continuation.of(self.old.text) if self.goes_on else Continuation()

    @property
    def shown(self) -> str:
        """What stays on the platform as it is; empty where everything is written anew."""
        return self.old.text if self.goes_on else ""

    @property
    def new(self) -> tuple[Entry, ...]:
        """What the model is asked, after `log`."""
        return (*self.asked, *self.request)

    def log(self, window: Sequence[Entry]) -> tuple[Entry, ...]:
        """The conversation before the question."""
        known = {entry.seq for entry in self.asked}
        return tuple(entry for entry in window if entry.seq not in known)

    def restored(self, why: str) -> str:
        """The old answer as it is shown again when no new one came, and why that is."""
        unfinished = texts.UNFINISHED if self.old.interrupted else ""
        return with_note(self.old.text, unfinished, why)

    @property
    def actions(self) -> tuple[Action, ...]:
        """What can be done with the old answer."""
        return AFTER_CUT if self.old.interrupted else AFTER


def actions_after(cut: bool, note: str) -> tuple[Action, ...]:
    """What can be done with an answer; one that the provider has cut would be cut again."""
    return AFTER_CUT if cut and note != texts.FILTERED else AFTER


def question_of(window: Sequence[Entry]) -> tuple[Entry, ...]:
    """What an answer after `window` answers: the last entries that one turn stored of people."""
    asked: list[Entry] = []
    for entry in reversed(window):
        if entry.role == "assistant" or (asked and entry.turn != asked[0].turn):
            break
        asked.insert(0, entry)
    return tuple(asked)


def askers_of(asked: Sequence[Entry]) -> frozenset[str]:
    """Ids of the people who put a question."""
    return frozenset(entry.author_id for entry in asked if entry.role == "user")


def with_note(text: str, *notes: str) -> str:
    """A text with notes of ours after it, none of which becomes part of its code."""
    text = text.rstrip()
    if text and any(notes):
        fence = open_fence(scan(text))
        text += f"\n{fence.closing}" if fence else ""
    return "\n\n".join(part for part in (text, *notes) if part)


def _request(turn: Turn, names: Mapping[str, str]) -> tuple[Entry, ...]:
    """The unfinished answer and somebody's wish that it goes on; neither is stored."""
    if turn.answer is None or not turn.mail:
        return ()
    asker: Author = turn.mail[-1].author
    head = Continuation.of(turn.answer.text).head
    partial = Entry(role="assistant", text=head, at=turn.answer.at)
    wish = Entry(
        role="user",
        text=texts.GO_ON,
        at=turn.pressed,
        author_id=asker.id,
        author=unique_name(names, asker),
    )
    return partial, wish
