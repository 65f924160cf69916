"""What /forget says: what would go, and what has gone. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.chat import ThreadKey
from bot.memories import Kept
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


@dataclass(frozen=True, slots=True)
class Goes:
    """What would be erased with a conversation."""

    messages: int
    summary: bool
    names: int
    kept: Kept


@dataclass(frozen=True, slots=True)
class Conversations:
    """How many somebody has begun, which go whole, and in how many of others they take part.

    In those of `joined` they have written, in those of `used` only pressed something.
    """

    begun: int
    joined: int
    used: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What one of the buttons says, and whether who pressed it is who had been asked."""

    verb: str
    to_them: bool


def mark_of(asker: str) -> str:
    """A few characters that stand for a user id in a button, which has no room for more."""
    return hashlib.sha256(asker.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def read(act: str, presser: str) -> Said:
    """What a button says that `presser` has pressed."""
    verb, _, mark = act.partition(":")
    return Said(verb, mark == mark_of(presser))


def sure_of_thread(thread: ThreadKey, asker: str) -> tuple[Button, ...]:
    """The buttons under the question whether a conversation is to be erased."""
    mark, key = mark_of(asker), str(thread)
    return (
        Button("Forget it", COMMAND, f"{YES}:{mark}", Style.DANGER, thread=key),
        Button("Keep it", COMMAND, f"{NO}:{mark}", thread=key),
    )


def sure_of_all(asker: str) -> tuple[Button, ...]:
    """The buttons under the question whether everything about somebody is to be erased."""
    mark = mark_of(asker)
    return (
        Button("Forget it all", COMMAND, f"{ALL}:{mark}", Style.DANGER),
        Button("Keep it", COMMAND, f"{NO}:{mark}"),
    )


def thread_goes(goes: Goes) -> str:
    """What is asked before a conversation is erased."""
    what = [count(goes.messages, "message")]
    if goes.summary:
        what.append("the summary")
    if goes.names:
        what.append(count(goes.names, "name"))
    if goes.kept.own:
        what.append(f"{memories(goes.kept.own)} of it alone")
    if goes.kept.elsewhere:
        what.append(f"{memories(goes.kept.elsewhere)} made from it")
    if goes.kept.vectors:
        what.append(count(goes.kept.vectors, "vector"))
    return (
        f"**Forget this conversation?** That erases {joined(what)}, for everybody here. It can't "
        "be undone. What stands in the chat stays there."
    )


def all_goes(conversations: Conversations, kept: Kept) -> str:
    """What is asked before everything about somebody is erased."""
    what: list[str] = []
    if conversations.begun:
        what.append(
            f"{count(conversations.begun, 'conversation')} of this place that you have begun, with "
            "what others said there and what I answered"
        )
    if conversations.joined:
        what.append(
            f"what you have said in {count(conversations.joined, 'conversation')} of others, and "
            "what I answered to you alone; the rest of it stays"
        )
    if conversations.used:
        what.append(
            f"which buttons you have used in {count(conversations.used, 'conversation')} of others"
        )
    if kept.own:
        what.append(f"{memories(kept.own)} of your own")
    if kept.elsewhere:
        what.append(f"{memories(kept.elsewhere)} that you have had me keep for others")
    if kept.imports:
        what.append(f"{count(kept.imports, 'conversation')} that you have imported")
    if kept.vectors:
        what.append(f"{count(kept.vectors, 'vector')} made of all that")
    if kept.tokens:
        what.append(f"{count(kept.tokens, 'token')} of your other programs")
    if kept.links:
        what.append(f"the link with {count(kept.links, 'other account')}")
    what.append("every note of what you have done with memories")
    stays = " What I keep of your other accounts stays; say it there, too." if kept.links else ""
    return (
        "**Forget everything about you?** That erases\n"
        + "\n".join(f"- {each}" for each in what)
        + f"\n\nIt can't be undone.{stays} What stands in the chat stays there, and so does how "
        "many tokens were used per day."
    )


def erased_text(erased: Erased, made: int = 0) -> str:
    """What is said afterwards, exact about what went and what stays.

    `made` is how many memories went with it.
    """
    what = [count(erased.messages, "message")]
    if erased.summary:
        what.append("the summary")
    if erased.names:
        what.append(count(erased.names, "name"))
    if made:
        what.append(memories(made))
    if erased.taking_part:
        what.append("that I take part in this thread")
    ended = " The answer I was writing is stopped." if erased.running else ""
    return (
        f"Forgotten: {joined(what)}.{ended} Nothing that was said here is left in my store, only "
        "how many tokens each person used per day. What stands in the chat stays there. "
        "Mention me to begin again."
    )


def all_erased_text(gone: Conversations, forgotten: int) -> str:
    """What is said after everything about somebody was erased."""
    what = [count(gone.begun, "conversation")] if gone.begun else []
    if forgotten:
        what.append(memories(forgotten))
    said = joined(what) if what else ""
    if gone.begun:
        said += ", with everything that was said in them"
    if gone.joined:
        others = f"what you had said in {count(gone.joined, 'conversation')} of others"
        said = f"{said}, and {others}" if said else others
    if gone.used:
        others = f"which buttons you had used in {count(gone.used, 'conversation')} of others"
        said = f"{said}, and {others}" if said else others
    if not said:
        return NOTHING_OF_YOURS
    return (
        f"Forgotten: {said}. Nothing you have said to me here is left in my store, "
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
