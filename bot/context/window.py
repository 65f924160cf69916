"""Which messages go to the model, and when and where the oldest are folded into the summary.

The order is: system prompt, summary, messages since the summary, new messages, and at the end of
the last of them what is recalled from elsewhere and a bracketed line, both of which change from
turn to turn. Between two summaries a prompt without these is a byte-identical prefix of the next
one, which is what prompt caches pay for: every message but the last will be sent again unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from bot.context.render import CONTEXT_HEADER, Now, Shown, group, opening, shorten, show
from bot.context.tokens import MESSAGE_TOKENS, REPLY_TOKENS, Tokenizer, estimate
from bot.model.port import Message, Picture
from bot.records import Entry, Summary

HIGH = 0.75
"""Share of the messages' room at which the oldest of them are folded.

The rest is space for the next question, so that folding (which comes after the answer) nearly
always comes before anything would have to be left out. The room is the budget without the system
prompt and the summary: measured with them, a small budget would be folded at every turn.
"""

LOW = 0.4
"""Share of the messages' room that a fold leaves."""

_BLOCK_STEP = 128
_LEAST_NEWEST = 48


@dataclass(frozen=True, slots=True)
class Window:
    """A prompt.

    Attributes:
        messages: The last one is the newest and the only one that is not sent the same way again.
        tokens: Estimated prompt tokens.
        left_out: Entries that did not fit and are in no summary yet; the oldest ones.
        fixed: Those of `tokens` that tools, system prompt and summary take.
        passing: Those that pictures take, which are sent only once.
        recalled: Those that what is recalled takes, which is sent only once, too.
    """

    messages: tuple[Message, ...]
    tokens: int
    left_out: int
    fixed: int = 0
    passing: int = 0
    recalled: int = 0

    @property
    def lasting(self) -> int:
        """Tokens that the next prompt will have, too."""
        return self.tokens - self.passing - self.recalled


def build_window(
    *,
    system: str,
    summary: Summary,
    log: Sequence[Entry],
    new: Sequence[Entry],
    now: Now,
    budget: int,
    tokenizer: Tokenizer,
    longest: int | None = None,
    pictures: Sequence[Picture] = (),
    recalled: str = "",
    room_to_recall: int = 0,
    tools: int = 0,
) -> Window:
    """Make the prompt of a turn.

    Quick as long as entries carry their `tokens` (see `entry_tokens`).

    Args:
        system: The system prompt. It is sent whole, whatever the budget.
        summary: The rolling summary; sent whole as well.
        log: Entries after `summary.upto`, oldest first.
        new: Entries of this turn, the last of them what is to be answered.
        now: What is told last.
        budget: Most tokens of the prompt, as we estimate them. It may differ from turn to turn.
        tokenizer: Counts what has not been counted yet.
        longest: Most tokens of one message; longer ones are shortened in the middle. Give a
            figure that stays the same, or the shortened messages change and caches miss. None
            takes half of the budget.
        pictures: What goes with the newest message, which alone is not sent the same way again.
        recalled: A text that goes there, too.
        room_to_recall: Tokens that are kept free for it, also when there is less. Give a figure
            that stays the same, so that its ups and downs do not move the cut.
        tools: Tokens of the tools, which the model is told of before everything else.

    Returns:
        The prompt. It is over the budget only when system prompt, summary and a much shortened
        newest message together are.

    Raises:
        ValueError: `new` does not end with a user's message.
    """
    if not new or new[-1].role != "user":
        raise ValueError("the newest message must be a user's")
    if longest is None:
        longest = budget // 2
    shown = [show(entry, longest, tokenizer) for entry in (*log, *new)]
    start = opening(system, summary)
    block = "\n\n" + now.block()
    block_tokens = tokenizer.count(block)
    start_tokens = REPLY_TOKENS + tools + _count(start, tokenizer)
    picture_tokens = sum(picture.tokens for picture in pictures)
    # The block's size is rounded up so that its ups and downs do not move the cut.
    reserved = -(-block_tokens // _BLOCK_STEP) * _BLOCK_STEP
    memory = f"\n\n{recalled}" if recalled else ""
    memory_tokens = tokenizer.count(memory) if memory else 0
    room = budget - start_tokens - reserved - picture_tokens - max(memory_tokens, room_to_recall)
    gap: list[Message] = []
    cut = 0
    header = 1 + tokenizer.count_message("user", CONTEXT_HEADER)
    sizes = _sizes(shown, header)
    if sum(sizes) > room:
        # A cut inside a group of context makes its header fall due again.
        room -= tokenizer.count_message("user", _gap(len(shown)))
        room -= header if any(item.entry.role == "context" for item in shown) else 0
        cut = _trim(sizes, room, step=max(1, longest // 2))
        while cut < len(shown) - 1 and shown[cut].entry.role == "assistant":
            cut += 1
    if cut:
        gap = [Message("user", _gap(cut))]
    kept = shown[cut:]
    if len(kept) == 1 and kept[0].tokens > room:
        kept = [_squeeze(kept[0], max(_LEAST_NEWEST, room), tokenizer)]
    tokens = start_tokens + _count(gap, tokenizer) + block_tokens + picture_tokens + memory_tokens
    messages = start + gap
    for message, size in group(kept):
        messages.append(message)
        tokens += tokenizer.count_message("user", message.content) if size is None else size
    messages[-1] = Message("user", messages[-1].content + memory + block, tuple(pictures))
    return Window(tuple(messages), tokens, cut, start_tokens, picture_tokens, memory_tokens)


def needs_fold(tokens: int, budget: int, fixed: int = 0) -> bool:
    """Whether a conversation should be folded now.

    Args:
        tokens: Of the last window and the answer to it.
        budget: As given to `build_window`.
        fixed: `Window.fixed`.
    """
    return tokens - fixed > max(0, budget - fixed) * HIGH


def low_mark(budget: int, fixed: int = 0) -> int:
    """Tokens of messages that a fold may leave, for `fold_cut`; arguments as in `needs_fold`."""
    return int(max(0, budget - fixed) * LOW)


def fold_cut(entries: Sequence[Entry], low: int, *, most: int | None = None) -> int:
    """How far to fold: the `seq` of the last entry to take into the summary, 0 for nothing.

    The cut is before a user's message and never between a question and its answer. What stays has
    at most `low` tokens, except that the newest turn always stays: it is what the next question
    is about.

    Args:
        entries: The log after the last summary, oldest first, with `seq` and `tokens`.
        low: Tokens that may stay.
        most: Tokens to fold at a time, so that a long backlog is summarised in pieces that fit
            the model; one turn at least. Fold again when the result leaves more than `low`.
    """
    sizes = [entry.tokens or MESSAGE_TOKENS + estimate(entry.text) for entry in entries]
    before = list(accumulate(sizes, initial=0))
    boundaries = [
        place
        for place in range(1, len(entries))
        if _starts_turn(entries[place - 1], entries[place])
    ]
    if not boundaries or before[-1] <= low:
        return 0
    fitting = (place for place in boundaries if before[-1] - before[place] <= low)
    place = next(fitting, boundaries[-1])
    if most is not None:
        possible = [b for b in boundaries if b <= place and before[b] <= most]
        place = possible[-1] if possible else boundaries[0]
    return entries[place - 1].seq


def _starts_turn(previous: Entry, entry: Entry) -> bool:
    """Whether a question (or the first of several asked together) starts with `entry`."""
    if entry.role != "user":
        return False
    if previous.role == "user":
        return bool(previous.turn and entry.turn) and previous.turn != entry.turn
    return True


def _trim(sizes: Sequence[int], room: int, *, step: int) -> int:
    """How many of the oldest to leave out so that the rest fits into `room`; never the newest.

    What goes is rounded up to whole steps, counted from the oldest, so that the cut stays where
    it is for a number of turns.
    """
    surplus = sum(sizes) - room
    goal = -(-surplus // step) * step
    gone = 0
    for place, size in enumerate(sizes[:-1]):
        if gone >= goal:
            return place
        gone += size
    return len(sizes) - 1


def _squeeze(newest: Shown, limit: int, tokenizer: Tokenizer) -> Shown:
    content = shorten(newest.content, limit - MESSAGE_TOKENS, tokenizer.count)
    return Shown(newest.entry, content, tokenizer.count_message("user", content))


def _sizes(shown: Sequence[Shown], header: int) -> list[int]:
    """Tokens by entry, with those of its header for the first of each group of context."""
    sizes: list[int] = []
    turn: str | None = None
    for item in shown:
        context = item.entry.role == "context"
        starts = context and item.entry.turn != turn
        sizes.append(item.tokens + (header if starts else 0))
        turn = item.entry.turn if context else None
    return sizes


def _gap(count: int) -> str:
    plural = "" if count == 1 else "s"
    return f"[{count} earlier message{plural} left out here: they do not fit.]"


def _count(messages: Sequence[Message], tokenizer: Tokenizer) -> int:
    return sum(tokenizer.count_message(message.role, message.content) for message in messages)
