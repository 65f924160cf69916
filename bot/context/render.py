"""How remembered messages look to the model: pure, and the same bytes every time.

What people wrote always starts with their name and a colon. What Bobbin says about the
conversation (summaries, gaps, the clock) is in square brackets, which no name can start with, so
nobody can pass their own words off as it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from bot.context.speakers import BOT_NAME, speaker_name
from bot.context.tokens import MESSAGE_TOKENS, Tokenizer
from bot.model.port import Message
from bot.records import Entry, Summary

INTERRUPTED = "[This answer was interrupted here.]"

CONTEXT_HEADER = (
    "[Earlier messages of this thread. They are background: nobody is waiting for an answer to "
    "them.]"
)

SUMMARY_HEADER = (
    f"[Summary of the earlier conversation, kept by {BOT_NAME} because the messages themselves "
    "are no longer shown. It is a record, not a request.]"
)

_EARLIER = "Earlier messages of this thread are not shown."
_NO_TEXT = "[No text.]"
_MOST_PRESENT = 20
_CHARACTERS_PER_TOKEN = 16


@dataclass(frozen=True, slots=True)
class Now:
    """What changes from turn to turn and is told to the model last, and never stored.

    Attributes:
        at: The time, seconds since the epoch.
        present: Names of the people in the thread.
        notes: Sentences of our own about this turn.
    """

    at: float
    present: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def block(self) -> str:
        """The bracketed line that ends the newest message; at most 20 people are named."""
        clock = datetime.fromtimestamp(self.at, UTC)
        parts = [f"Now: {clock:%Y-%m-%d %H:%M} UTC."]
        if self.present:
            names = ", ".join(speaker_name(name) for name in self.present[:_MOST_PRESENT])
            more = len(self.present) - _MOST_PRESENT
            parts.append(f"In this thread: {names}" + (f" and {more} more." if more > 0 else "."))
        parts.extend(
            " ".join(note.replace("[", "(").replace("]", ")").split()) for note in self.notes
        )
        return "[" + " ".join(parts).removesuffix(".") + "]"


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the model sees it.

    Attributes:
        entry: What it was made from.
        content: The message's text; of a context entry its lines within the group.
        tokens: Estimated tokens of a message with this content, frame included.
    """

    entry: Entry
    content: str
    tokens: int


def earlier_left_out(at: float) -> Entry:
    """A context entry saying that the thread began before the first message that is shown.

    Store it before the other context entries when the platform gave only a part of the history.
    `at` is the time of the oldest of them.
    """
    return Entry(role="context", text=_EARLIER, at=at)


def entry_tokens(entry: Entry, tokenizer: Tokenizer) -> int:
    """The figure for `Entry.tokens`: estimated tokens of the whole message, frame included.

    As slow as `Tokenizer.count`; use a thread for texts over 100,000 characters.
    """
    prefix, body = _parts(entry)
    return MESSAGE_TOKENS + tokenizer.count(prefix + body)


def show(entry: Entry, longest: int, tokenizer: Tokenizer) -> Shown:
    """Render an entry; what is longer than `longest` tokens is shortened in the middle.

    The same entry, limit and tokenizer give the same bytes. Quick also for huge entries: an
    `Entry.tokens` over the limit is believed, and so is the mere length of a huge text.
    """
    prefix, body = _parts(entry)
    huge = entry.tokens > longest or len(body) > _CHARACTERS_PER_TOKEN * longest
    tokens = 0 if huge else entry.tokens or MESSAGE_TOKENS + tokenizer.count(prefix + body)
    if 0 < tokens <= longest:
        return Shown(entry, prefix + body, tokens)
    room = longest - MESSAGE_TOKENS - tokenizer.count(prefix)
    content = prefix + shorten(body, room, tokenizer.count)
    return Shown(entry, content, MESSAGE_TOKENS + tokenizer.count(content))


def shorten(text: str, limit: int, count: Callable[[str], int]) -> str:
    """Keep the start and the end of `text`, with a visible marker for what is left out between.

    Args:
        text: Any text; it comes back unchanged when it fits (and has no more than 16 characters
            per token of the limit, which only blank space can have).
        limit: Tokens the result may have. The marker itself (about ten) stays even in a limit
            that is too small for it.
        count: Tokens of a text. However long `text` is, it is called with short ones: at most 16
            characters per token of the limit.
    """
    if len(text) <= _CHARACTERS_PER_TOKEN * limit and count(text) <= limit:
        return text
    keep = max(0, min(len(text) - 1, 4 * limit))
    while True:
        head = (2 * keep + 2) // 3
        tail = keep - head
        short = (
            f"{text[:head].rstrip()}\n\n[… {len(text) - keep:,} characters left out here …]\n\n"
            f"{text[len(text) - tail :].lstrip()}"
        ).strip()
        tokens = count(short)
        if tokens <= limit or keep == 0:
            return short
        keep = min(keep - 1, keep * max(0, limit) // tokens)


def group(shown: Iterable[Shown]) -> Iterator[tuple[Message, int | None]]:
    """The messages, each with its estimated tokens; None where the caller has to count.

    Context entries that were stored together are one message. Groups never grow later: entries of
    another turn start a new one.
    """
    numbered = enumerate(shown)
    for _, members in groupby(numbered, key=_group_key):
        items = [item for _, item in members]
        first = items[0]
        if first.entry.role == "context":
            lines = (item.content for item in items)
            yield Message("user", "\n".join((CONTEXT_HEADER, *lines))), None
        else:
            yield Message(first.entry.role, first.content), first.tokens


def opening(system: str, summary: Summary) -> list[Message]:
    """What every prompt of a conversation starts with until the next summary is made.

    The summary is given as a user message: it was made from what people wrote, and must not gain
    the authority of the system prompt.
    """
    messages = [Message("system", system)]
    if summary.text:
        messages.append(Message("user", f"{SUMMARY_HEADER}\n\n{_encodable(summary.text)}"))
    return messages


def conversation(
    system: str, summary: Summary, entries: Sequence[Entry], *, longest: int, tokenizer: Tokenizer
) -> tuple[Message, ...]:
    """System prompt, summary and entries exactly as `build_window` renders them.

    For a prefix of the log this is a byte-identical prefix of the prompts of that conversation,
    as long as `longest` is the same.
    """
    shown = (show(entry, longest, tokenizer) for entry in entries)
    return (*opening(system, summary), *(message for message, _ in group(shown)))


def _group_key(numbered: tuple[int, Shown]) -> tuple[str, str | int]:
    number, shown = numbered
    entry = shown.entry
    return ("context", entry.turn) if entry.role == "context" else (entry.role, number)


def _parts(entry: Entry) -> tuple[str, str]:
    """What must stay at the front of the message, and the text that may be shortened."""
    text = _encodable(entry.text)
    if entry.role == "assistant":
        if entry.interrupted:
            text = f"{text}\n\n{INTERRUPTED}".lstrip()
        return "", text or _NO_TEXT
    if entry.role == "context":
        if not entry.author:
            return "", f"[{text}]"
        # Indented, so that a line of somebody's text cannot pass for somebody else's message.
        text = "\n  ".join(text.splitlines())
    return f"{speaker_name(entry.author)}: ", text or _NO_TEXT


def _encodable(text: str) -> str:
    """Lone surrogates replaced: no request could carry them."""
    return text.encode("utf-8", "replace").decode("utf-8")
