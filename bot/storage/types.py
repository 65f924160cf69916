"""What the store hands out and takes: leases, turns, drafts and short answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.chat import Incoming, MessageRef, Spot, ThreadKey
from bot.records import Entry, Summary, Tally


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one turn of one thread.

    `fence` rises with every lease of the thread, so that an old holder is told apart; `turn` stays
    the same when a successor takes the turn over.
    """

    thread: ThreadKey
    turn: str
    fence: int


@dataclass(frozen=True, slots=True)
class Draft:
    """Where the running reply is being written, kept so that a successor edits the same messages.

    `note` belongs to the engine; the store only keeps it. With `posting` one message more than
    `refs` names may have been posted.
    """

    spot: Spot | None = None
    refs: tuple[MessageRef, ...] = ()
    note: str = ""
    posting: bool = False


class Again(StrEnum):
    """What a turn that nobody wrote a message for is to do."""

    REGENERATE = "regenerate"
    """Answer the last question anew; the old answer gives way to the new one."""
    CONTINUE = "continue"
    """Go on with the last answer, which stopped too early; it gives way to the whole one."""
    RETRY = "retry"
    """Ask once more what a turn that failed for good had been asked."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything needed to answer.

    Attributes:
        lease: Shown again with every call about this turn.
        mail: The messages to answer together, in the platform's order; those that were meant for
            somebody else come first.
        window: The log after `summary.upto`, oldest first (the newest 10,000 entries at most).
        summary: What stands for the log before the window.
        draft: What an earlier attempt had begun to write; empty on the first.
        attempt: 1, or more when earlier holders of the lease went away.
        losses: How many of them went without a word: neither parked it nor turned out to be alive.
        quick: How many of those in a row, up to the last, went within one lease's length.
        joined: Nothing was ever said here: this is the bot's first turn in the thread.
        names: Author id to the unique name the model sees.
        tally: Figures of the thread so far.
        persona: How the bot should be in this channel; empty for nothing special.
        forgotten: When somebody last had the thread forgotten, seconds since the epoch; 0 for
            never.
        revised: How often what it has read was changed so far.
        again: Set for a turn that was asked for with a control. Its mail is then who did that,
            without words, or for a retry the mail of the turn that failed.
        answer: The answer that gives way to what this turn says; it is not in the window. It stays
            if the turn ends without words.
        pressed: When the control was used, seconds since the epoch; 0 for an ordinary turn.
        askers: Ids of those who asked: they may stop the turn.
        proposed: There is what `Conversation.proposed` has.
    """

    lease: Lease
    mail: tuple[Incoming, ...]
    window: tuple[Entry, ...] = ()
    summary: Summary = field(default_factory=Summary)
    draft: Draft = field(default_factory=Draft)
    attempt: int = 1
    losses: int = 0
    quick: int = 0
    joined: bool = True
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    tally: Tally = field(default_factory=Tally)
    forgotten: float = 0.0
    persona: str = ""
    revised: int = 0
    again: Again | None = None
    answer: Entry | None = None
    pressed: float = 0.0
    askers: frozenset[str] = frozenset()
    proposed: bool = False

    @property
    def is_void(self) -> bool:
        """What it was to answer, or the answer it was to give again, is not there any more."""
        replaces = self.again in (Again.REGENERATE, Again.CONTINUE)
        return all(event.aside for event in self.mail) or (replaces and self.answer is None)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A message of ours in a thread that belongs to no answer any more."""

    thread: ThreadKey
    ref: MessageRef


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread as it stands, read without taking its lease; fields as in `Turn`.

    `remembers` is `ChannelSettings.memory` of its channel.
    `running` says that a turn has been begun and is not over, `waiting` how many messages wait for
    the next one. `epoch` and `newest` (the number of the newest entry) tell whether something has
    changed. `failed` is the id of the last turn if it failed for good, and then `mail` what it had
    been asked; of a turn that runs `mail` is its mail. `proposed` is what folds have proposed to
    remember and nobody has taken up, the oldest first.
    """

    window: tuple[Entry, ...] = ()
    summary: Summary = field(default_factory=Summary)
    tally: Tally = field(default_factory=Tally)
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    draft: Draft = field(default_factory=Draft)
    running: bool = False
    waiting: int = 0
    persona: str = ""
    epoch: int = 0
    newest: int = 0
    failed: str = ""
    mail: tuple[Incoming, ...] = ()
    remembers: bool = False
    proposed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """The turn that runs, empty for none, and ids of those who asked for it."""

    turn: str = ""
    askers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rated:
    """What somebody thinks of an answer.

    Attributes:
        thread: Where it was given.
        turn: The turn that gave it.
        user: Whose opinion it is, the platform's id.
        rating: See `Rating`.
        at: When it was said, seconds since the epoch.
        model: Which model gave the answer; empty if that is not known.
    """

    thread: ThreadKey
    turn: str
    user: str
    rating: Rating
    at: float
    model: str = ""


@dataclass(frozen=True, slots=True)
class Erased:
    """What `forget` found: messages (logged and waiting), other traces, how many names."""

    messages: int = 0
    summary: bool = False
    taking_part: bool = False
    running: bool = False
    names: int = 0


@dataclass(frozen=True, slots=True)
class Revised:
    """Answer to `commit`: nothing was changed, what the turn has read reads otherwise by now.

    `mail` is all of its mail, and any other messages of the thread that were edited meanwhile.
    `revised` counts how often one was; show it with the next `commit`.
    """

    mail: tuple[Incoming, ...]
    revised: int


@dataclass(frozen=True, slots=True)
class Involved:
    """A thread that holds what somebody wrote, or only which controls they have used."""

    thread: ThreadKey
    wrote: bool


@dataclass(frozen=True, slots=True)
class Struck:
    """What was taken out of a thread.

    Attributes:
        entries: Of the log.
        mail: Messages that waited or were being answered.
        unsummarised: The summary covered one of the entries and was dropped.
        withdrawn: A turn runs, and is told to begin anew without them.
    """

    entries: int = 0
    mail: int = 0
    unsummarised: bool = False
    withdrawn: bool = False

    def __add__(self, other: Struck) -> Struck:
        """What was taken out with both."""
        return Struck(
            self.entries + other.entries,
            self.mail + other.mail,
            self.unsummarised or other.unsummarised,
            self.withdrawn or other.withdrawn,
        )


class Amended(StrEnum):
    """Answers to `amend`."""

    DONE = "done"
    UNSUMMARISED = "unsummarised"
    """Done, and the summary that covered the old words was dropped, or may have been."""
    SAME = "same"
    """What is stored is as new, or newer."""
    UNKNOWN = "unknown"
    """Nothing is stored of that message."""


class Restored(StrEnum):
    """Answers to `restore`."""

    DONE = "done"
    BUSY = "busy"
    """A turn runs in that thread."""
    TAKEN = "taken"
    """The thread is there and may not be replaced."""
    INCOMPLETE = "incomplete"
    """What was written beforehand has expired meanwhile."""


class Rating(StrEnum):
    """What somebody thinks of an answer."""

    GOOD = "good"
    BAD = "bad"


class Noted(StrEnum):
    """Answers to `rate`."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    NOTHING = "nothing"
    """Nothing is kept of the thread any more."""


class NotAgain(StrEnum):
    """Answers to `begin_again` when the caller gets no turn."""

    DUPLICATE = "duplicate"
    """This very click was taken before."""
    RUNNING = "running"
    """A turn runs already."""
    STALE = "stale"
    """The thread has changed since the caller looked at it."""
    FOLDED = "folded"
    """The answer is in the summary already."""


class Begun(StrEnum):
    """Answers to `begin` when the caller gets no turn."""

    IGNORED = "ignored"
    """Not addressed, and the bot takes no part here. Nothing was stored."""
    HEARD = "heard"
    """Meant for somebody else: stored as background of the next question."""
    QUEUED = "queued"
    """Another turn runs; this message will be in the next."""
    FULL = "full"
    """Another turn runs, and so many wait for the next one that this message is not taken."""
    FILLED = "filled"
    """The same, for the first time during that turn: people are to be told."""
    DUPLICATE = "duplicate"
    """This message was taken before."""


class Signal(StrEnum):
    """Answers to `renew`."""

    GO = "go"
    WITHDRAWN = "withdrawn"
    """A message that the answer is made from was deleted."""
    STOP = "stop"
    """Somebody asked the turn to stop."""
    LOST = "lost"
    """Another process has the turn now, or the thread was forgotten."""


class Done(StrEnum):
    """Answers to `commit` and `rollback` when there is no next turn."""

    IDLE = "idle"
    """Done, and nothing waits."""
    WITHDRAWN = "withdrawn"
    """Nothing was changed: a message that the answer is made from was deleted."""
    LOST = "lost"
    """Nothing was changed: another process has the turn, or the thread was forgotten."""
