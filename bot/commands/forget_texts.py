"""What /forget says: what would go, and what has gone. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.chat import ThreadKey
from bot.panels import Button, Style
from bot.storage.types import Erased

COMMAND = "forget"
MEMORY = "memory"
"""Its option for one memory."""

YES, ALL, NO = "yes", "all", "no"
"""What its buttons say."""

KEPT = "Nothing was erased."
WHICH = "Which one do you mean?"
NOTHING_OF_YOURS = "I keep no conversation with you here, and remember nothing of yours."
SURE_OF_ALL = (
    Button("Forget it all", COMMAND, ALL, Style.DANGER),
    Button("Keep it", COMMAND, NO),
)
TYPE_IT = "`forget sure` does it."


@dataclass(frozen=True, slots=True)
class Goes:
    """What would be erased with a conversation; `memories` lie in its scope alone."""

    messages: int
    summary: bool
    names: int
    memories: int


def sure_of_thread(thread: ThreadKey) -> tuple[Button, ...]:
    """The buttons under the question whether a conversation is to be erased."""
    return (
        Button("Forget it", COMMAND, YES, Style.DANGER, thread=str(thread)),
        Button("Keep it", COMMAND, NO, thread=str(thread)),
    )


def thread_goes(goes: Goes) -> str:
    """What is asked before a conversation is erased."""
    what = [count(goes.messages, "message")]
    if goes.summary:
        what.append("the summary")
    if goes.names:
        what.append(count(goes.names, "name"))
    if goes.memories:
        what.append(memories(goes.memories))
    return (
        f"**Forget this conversation?** That erases {joined(what)}, with everything I remember "
        "from it, for everybody here. It can't be undone. What stands in the chat stays there."
    )


def all_goes(conversations: int, own: int) -> str:
    """What is asked before everything about somebody is erased."""
    return (
        "**Forget everything about you?** That erases "
        f"{count(conversations, 'conversation')} of this place in which you have written, with "
        "what others said in them and what I answered; "
        f"{memories(own)} of your own, and what you have had me remember for others; the accounts "
        "you have linked and the tokens you have made. It can't be undone. What stands in the "
        "chat stays there, and so does how many tokens were used per day."
    )


def erased_text(erased: Erased) -> str:
    """What is said afterwards, exact about what went and what stays."""
    what = [count(erased.messages, "message")]
    if erased.summary:
        what.append("the summary")
    if erased.names:
        what.append(count(erased.names, "name"))
    if erased.taking_part:
        what.append("that I take part in this thread")
    ended = " The answer I was writing is stopped." if erased.running else ""
    return (
        f"Forgotten: {joined(what)}.{ended} Nothing that was said here is left in my store, only "
        "how many tokens each person used per day. What stands in the chat stays there. "
        "Mention me to begin again."
    )


def all_erased_text(gone: int, forgotten: int) -> str:
    """What is said after everything about somebody was erased."""
    if not gone and not forgotten:
        return NOTHING_OF_YOURS
    what = [count(gone, "conversation")] if gone else []
    if forgotten:
        what.append(memories(forgotten))
    said = ", with everything that was said in them" if gone else ""
    return (
        f"Forgotten: {joined(what)}{said}. Nothing you have said to me here is left in my store, "
        "only how many tokens you used per day. What stands in the chat stays there."
    )


def memories(number: int) -> str:
    """So many memories."""
    return f"{number:,} memory" if number == 1 else f"{number:,} memories"


def count(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def joined(items: list[str]) -> str:
    """A list in words."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
