"""What is said of memories, short enough for a phone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.audience import Grant
from bot.commands.memory_buttons import Act, Verb
from bot.commands.memory_places import is_own, may_share
from bot.memories import LONGEST_CONTENT, LONGEST_TAG, MOST_TAGS, Kind, Memory, ScopeKind
from bot.panels import Button, Entry, Field, Style, Window

COMMAND = "memories"
"""The command that all of these buttons call."""

SHOWN = 300
"""Characters of a memory in a list."""

LONGEST_TAGS = MOST_TAGS * (LONGEST_TAG + 2)
"""Characters of a memory's tags in a window, with room for a sign and a blank at each."""

WHOM = {
    ScopeKind.USER: "you alone, wherever nobody else reads along",
    ScopeKind.DM: "the two of us",
    ScopeKind.THREAD: "this thread",
    ScopeKind.CHANNEL: "this channel",
    ScopeKind.WORKSPACE: "everybody in this server or workspace",
}
_LIES = {
    ScopeKind.USER: "yours",
    ScopeKind.DM: "the two of us",
    ScopeKind.THREAD: "this thread",
    ScopeKind.CHANNEL: "this channel",
    ScopeKind.WORKSPACE: "everybody here",
}
NO_TEXT = (
    "What shall I remember? Write it behind the command: `remember we deploy on Fridays #ops`."
)
NOT_THERE = {
    "thread": "There is no thread here. Say `for=channel` or `for=me`.",
    "channel": "There is no channel here. Say `for=me`, or nothing.",
    "workspace": "Only members can remember something for everybody, and not in a direct message "
    "that belongs to no server.",
    "me": "That can't be remembered here.",
    "here": "Nothing can be remembered here.",
}
NO_SUCH_FOR = "`for` is one of `here`, `thread`, `channel`, `workspace` (or `server`) and `me`."
ALONE = "There are only the two of us here: say `for=me`, or nothing."
KNOWN = "I knew that already, for {whom}."
SAVED = "🧠 Remembered, for {whom}:"
SIMILAR = "Much like it is this. Merging keeps the new words in its place:"
FULL = "As much is remembered there as may be. Delete something first: `/memories` lists it."
REFUSED = "I can't remember that."
GONE = "I find no such memory here any more."
CHANGED_MEANWHILE = "Somebody has changed it meanwhile; this is how it reads now."
UNDONE = "Taken back: that is not remembered any more."
DELETED = "Deleted for good."
CORRECTED = "Corrected."
SAME = "Nothing was changed."
PINNED = "Pinned: I think of it first."
UNPINNED = "No longer pinned."
SHARED = (
    "Shared: everybody in this channel can be told it now. What they see is a memory of its own: "
    "to take it back, delete it here."
)
KEPT = "Kept for good."
MERGED = "Merged into one."
SURE_DELETE = "Delete this for good?"
SURE_SHARE = (
    "Show this to everybody in this channel, now and later? They get a copy, which stays when you "
    "change or delete yours."
)
NONE = "Nothing is remembered that I could show you here. `/remember` begins it."
NOT_FOUND = "I find nothing about “{query}” that I could show you here."
NOTHING_SAID = "I find nothing about “{query}” in past conversations that I may show you here."
NO_QUERY = "What are you looking for? Write it behind the command: `recall release date`."


def remembered(memory: Memory) -> str:
    """That it was saved, with its words and for whom."""
    return f"{SAVED.format(whom=WHOM[memory.scope.kind])}\n{quoted(memory, LONGEST_CONTENT)}"


def known(memory: Memory) -> str:
    """That the same was there."""
    return f"{KNOWN.format(whom=WHOM[memory.scope.kind])}\n{quoted(memory)}"


def quoted(memory: Memory, most: int = SHOWN) -> str:
    """Its words as a quotation, with its tags."""
    tags = "".join(f" #{tag}" for tag in memory.text.tags)
    words = cut(memory.text.content, most) + tags
    return "\n".join(f"> {line}" for line in words.splitlines())


def cut(text: str, most: int) -> str:
    """The beginning of a text, with a sign when it goes on."""
    return text if len(text) <= most else f"{text[:most].rstrip()} …"


def day(at: float) -> str:
    """The day of a time, as everybody reads it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def told(memory: Memory) -> str:
    """A memory in a list: its words, and a line of what there is to know of it."""
    about = [_LIES[memory.scope.kind], day(memory.updated_at or memory.created_at)]
    if memory.text.pinned:
        about.insert(0, "📌")
    if memory.text.kind is not Kind.NOTE:
        about.append(memory.text.kind)
    if not memory.confirmed:
        about.append("unconfirmed")
    return f"{quoted(memory)}\n*{' · '.join(about)}*"


def entry(memory: Memory, given: Grant, act: Act) -> Entry:
    """A memory in a list, with what may be done about it; `act` says which list it is."""
    if not is_own(memory, given):
        return Entry(told(memory))
    pin = ("Unpin", Verb.UNPIN) if memory.text.pinned else ("Pin", Verb.PIN)
    buttons = [
        button("Edit", Verb.OPEN, act, memory, opens=True),
        *([button("Share", Verb.ASK_SHARE, act, memory)] if may_share(memory, given) else []),
        button(*pin, act, memory),
        button("Delete", Verb.ASK_DELETE, act, memory, Style.DANGER),
    ]
    return Entry(told(memory), tuple(buttons))


def deletable(memory: Memory, given: Grant, act: Act) -> Entry:
    """A memory of which it is asked whether it is to be deleted."""
    if not is_own(memory, given):
        return Entry(told(memory))
    delete = button("Delete", Verb.ASK_DELETE, act, memory, Style.DANGER)
    return Entry(told(memory), (delete,))


def button(
    label: str,
    verb: Verb,
    act: Act,
    memory: Memory,
    style: Style = Style.PLAIN,
    *,
    opens: bool = False,
) -> Button:
    """Something to do about a memory, coming back to the list that `act` is of."""
    done = Act(verb, memory.id, act.page, memory.version, act.query)
    return Button(label, COMMAND, str(done), style, opens=opens)


def sure(label: str, verb: Verb, act: Act, memory: Memory) -> tuple[Button, ...]:
    """The two buttons under a question about a memory."""
    yes = button(label, verb, act, memory, Style.DANGER if verb is Verb.DELETE else Style.MAIN)
    return yes, Button("Keep it as it is", COMMAND, str(Act(Verb.LIST, "", act.page, 0, act.query)))


def pages(act: Act, more: bool) -> tuple[Button, ...]:
    """Back and on."""
    found: list[Button] = []
    if act.page:
        found.append(_page("◀ Back", act, act.page - 1))
    if more:
        found.append(_page("More ▶", act, act.page + 1))
    return tuple(found)


def _page(label: str, act: Act, page: int) -> Button:
    return Button(label, COMMAND, str(Act(Verb.LIST, "", page, 0, act.query)))


def undo(memory: Memory, act: Act | None = None) -> Button:
    """Takes back that it was remembered; within a list it comes back to it."""
    act = act or Act(Verb.UNDO)
    return Button("Undo", COMMAND, str(Act(Verb.UNDO, memory.id, act.page, 0, act.query)))


def undo_below(memory: Memory) -> Button:
    """The same below an answer of the model."""
    return Button("Undo", COMMAND, str(Act(Verb.UNDO_BELOW, memory.id)))


def merge_below(old: Memory, new: Memory) -> Button:
    """Makes one of two, below an answer of the model."""
    return Button("Merge", COMMAND, str(Act(Verb.MERGE_BELOW, old.id, query=new.id)))


def keep(memory: Memory) -> Button:
    """What was remembered unasked is to stay for good."""
    return Button("Keep", COMMAND, str(Act(Verb.KEEP, memory.id)), Style.MAIN)


def unasked(memory: Memory, alone: bool) -> tuple[Button, Button]:
    """What people can do about what was remembered unasked.

    Where it is told with others, what becomes of one leaves the buttons of those where they are.
    """
    return keep(memory), undo(memory) if alone else undo_below(memory)


def similar(memories: Sequence[Memory], new: Memory) -> tuple[Entry, ...]:
    """What is much like something new, each to be merged with it."""
    return tuple(
        Entry(
            told(old),
            (Button("Merge", COMMAND, str(Act(Verb.MERGE, old.id, query=new.id)), Style.MAIN),),
        )
        for old in memories
    )


def window(memory: Memory, act: Act) -> Window:
    """Asks for other words."""
    done = Act(Verb.SAVE, memory.id, act.page, memory.version, act.query)
    return Window(
        "Correct this",
        "Save",
        COMMAND,
        str(done),
        (
            Field(
                "content", "What is to be remembered", memory.text.content, LONGEST_CONTENT, True
            ),
            Field("tags", "Tags", " ".join(memory.text.tags), LONGEST_TAGS, required=False),
        ),
    )
