"""The words that platforms and the engine share.

An adapter turns a platform's raw events into the frozen values below and hands them to a
`bot.inbox.Inbox`; the engine answers through the `bot.adapter.Adapter` protocol. Nothing here knows
a platform, an SDK, the model or the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

from bot.attached import Attachment
from bot.controls import Action
from bot.panels import Button, Entry, Window


@dataclass(frozen=True, slots=True, order=True)
class ThreadKey:
    """Names one conversation: platform, tenant, parent channel, thread.

    `space` is the Discord server ("@me" for direct messages) or the Slack workspace; `thread` is
    the id that the platform's thread has or will have, known before the thread exists.
    """

    platform: str
    space: str
    channel: str
    thread: str

    def __str__(self) -> str:
        parts = (self.platform, self.space, self.channel, self.thread)
        return ":".join(quote(part, safe="@.-_", errors="surrogatepass") for part in parts)

    @classmethod
    def parse(cls, text: str) -> ThreadKey:
        """Read what `str` wrote, and nothing else: a thread has one name.

        Raises:
            ValueError: `text` is not four non-empty parts, or not written as `str` writes them.
        """
        parts = [unquote(part, errors="surrogatepass") for part in text.split(":")]
        if len(parts) != 4 or not all(parts) or str(key := cls(*parts)) != text:
            raise ValueError(f"not a thread key: {text!r}")
        return key


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message physically is: the channel (or platform thread) id that holds it, its id.

    `space` is for adapters that serve several with credentials of their own, and tells which to
    use; the message is known without it.
    """

    channel: str
    message: str
    space: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a reply goes: a channel or platform thread, and the message it visibly answers.

    `space` as in `MessageRef`. `asked` is for adapters that look through what stands there for
    what they have posted: nothing of the reply is older than this message. Empty if not known.
    """

    channel: str
    reply_to: str | None = None
    space: str = field(default="", compare=False)
    asked: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message or called a command.

    Attributes:
        id: The platform's user id.
        name: The display name in that place.
        is_admin: The platform lets this person manage the place.
        is_bot: Another program, not a person.
        is_outside: A guest, or somebody of another organisation in a shared channel.
        is_unknown: The platform could not tell who it is. Set `is_outside` as well then, so that
            nobody gets in by not being known.
        roles: The platform's ids of the roles or groups that this person has there.
    """

    id: str
    name: str
    is_admin: bool = False
    is_bot: bool = False
    is_outside: bool = False
    is_unknown: bool = False
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Incoming:
    """One human message, translated.

    Attributes:
        event_id: The same for every delivery of the same message; duplicates are dropped by it.
        thread: The conversation it belongs to.
        ref: Where the message is.
        author: Who wrote it.
        text: Markdown; the bot's own mention removed, other mentions as names.
        at: When it was written, seconds since the epoch.
        position: Order within the thread as the platform sees it (ids or time stamps as integer).
        addressed: Mention, direct message, or a reply to the bot: answer in any case.
        mentioned: The text itself mentions the bot, which makes one bare word a command; a reply
            that only notifies the bot does not count.
        direct: In a direct message, where everything is addressed.
        joins: The thread existed before this message: earlier messages may be read as context.
        loose: Outside a platform thread, so that replies to it are found by message id.
        attachments: What came with it; read when it is answered.
        aside: Meant for somebody else: it begins with a mention of another person or group, and
            does not address the bot.
        edited: When its author last changed it, seconds since the epoch; 0 for never.
        shared: People of another organisation may read along.
        confined: Fewer people read the conversation than its channel, as in a private thread.
    """

    event_id: str
    thread: ThreadKey
    ref: MessageRef
    author: Author
    text: str
    at: float
    position: int
    addressed: bool = False
    mentioned: bool = False
    direct: bool = False
    joins: bool = False
    loose: bool = False
    attachments: tuple[Attachment, ...] = ()
    aside: bool = False
    edited: float = 0.0
    shared: bool = False
    confined: bool = False

    def reworded(self, now: Incoming) -> Incoming:
        """The message with what it says after an edit, files included."""
        return replace(self, text=now.text, attachments=now.attachments, edited=now.edited)

    def says_the_same(self, other: Incoming) -> bool:
        """Its words and files are those of `other`; addresses of files change by themselves."""
        mine, others = ([a.id or a.url for a in each.attachments] for each in (self, other))
        return self.text == other.text and mine == others

    @property
    def is_silent(self) -> bool:
        """It says nothing, and nothing came with it."""
        return not self.text.strip() and not self.attachments

    @property
    def topic(self) -> str:
        """What it is about, for a title: its text, else the names of what came with it."""
        return self.text if self.text.strip() else ", ".join(a.name for a in self.attachments)


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may read in a server or workspace now.

    Attributes:
        belongs: They are there at all.
        member: They may read what is for everybody there; guests may not.
        shut: Of the places that were asked about those which they may not read. Each is a channel
            and the thread in it, or a channel and "".
    """

    belongs: bool = True
    member: bool = True
    shut: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Removal:
    """Something that people no longer see, and that is not remembered either.

    With `messages` it is those; with `person` what this person said in the whole space, who has
    left it; else everything that was said in `channel` and in the threads there, or in `thread`
    alone where that is named.

    Attributes:
        platform: As in `ThreadKey`.
        space: As in `ThreadKey`.
        channel: The channel or platform thread that it was in.
        thread: The conversation, where the adapter can tell.
        messages: Ids of messages, the bot's own among them.
        events: The `Incoming.event_id` of each of them, so that none is taken in later on.
        person: The platform's user id.
    """

    platform: str
    space: str
    channel: str = ""
    thread: ThreadKey | None = None
    messages: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    person: str = ""


@dataclass(frozen=True, slots=True)
class Followed:
    """A conversation that the bot takes part in; `newest` is the latest `position` taken in it."""

    thread: ThreadKey
    newest: int


@dataclass(frozen=True, slots=True)
class History:
    """Earlier messages of a platform thread, oldest first; `partial` if older ones were left out.

    `from_bot` in each line tells the bot's own messages from those of people. `withheld` counts the
    messages among them that the platform shows without their words.
    """

    messages: tuple[EarlierMessage, ...] = ()
    partial: bool = False
    withheld: int = 0


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """A message that was in the thread before the bot was called.

    `attached` names its files, of which only the names are known; `text` has them as well.
    """

    ref: MessageRef
    author: Author
    text: str
    at: float
    from_bot: bool = False
    attached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandCall:
    """Somebody called a command.

    `thread` is None when the platform does not say which one is meant (a Slack slash command, a
    command outside any thread); `channel` is where it was typed. A thread in another channel than
    that one is only reached when it is `visible`.

    Attributes:
        direct: Called in a direct message.
        visible: The platform was asked, and the caller may open the channel that `thread` is in.
        about: The message that the command was called on, from its menu.
        shared, confined: As in `Incoming`.
        act: What a button or a window says that the command was called by; empty otherwise. The
            `options` are then what was written into the window.
        reacted: Called by a sign that somebody has put on the message `about`.
    """

    event_id: str
    name: str
    author: Author
    platform: str
    space: str
    channel: str
    thread: ThreadKey | None = None
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    direct: bool = False
    visible: bool = False
    about: EarlierMessage | None = None
    shared: bool = False
    confined: bool = False
    act: str = ""
    reacted: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody used a control under one of the bot's messages.

    Only `action` and `turn` come from the control; everything else the platform tells by itself,
    so that no control reaches another thread than the one it is in.

    Attributes:
        event_id: The same for every delivery of this click, another one for a second click.
        action: What for.
        turn: Id of the turn whose answer it is.
        author: Who did it.
        thread: The conversation that the message is in.
        ref: The message.
        position: As in `Incoming`.
        at: When, seconds since the epoch.
        direct: In a direct message.
        shared, confined: As in `Incoming`.
    """

    event_id: str
    action: Action
    turn: str
    author: Author
    thread: ThreadKey
    ref: MessageRef
    position: int
    at: float
    direct: bool = False
    shared: bool = False
    confined: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand over."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class ThreadChoice:
    """A thread offered to the caller of a command who did not say which one is meant."""

    thread: ThreadKey
    label: str
    at: float


@dataclass(frozen=True, slots=True)
class CommandReply:
    """What a command answers.

    `private` replies are shown to the caller only; one that is `harmless` tells nothing of what was
    said, so that a platform which can't whisper in place may show it to everybody. When `choices`
    is not empty the adapter offers them, and calls the same command again with the chosen thread.

    Attributes:
        entries: Shown below the text, each with its buttons.
        buttons: Below all of it.
        window: Opened in place of anything else, when a button that `opens` was pressed.
        replaces: Shown in the place of the reply whose button was pressed. What is not `harmless`
            never takes the place of what others see.
    """

    text: str
    private: bool = True
    harmless: bool = False
    files: tuple[File, ...] = ()
    choices: tuple[ThreadChoice, ...] = ()
    entries: tuple[Entry, ...] = ()
    buttons: tuple[Button, ...] = ()
    window: Window | None = None
    replaces: bool = False

    @property
    def is_panel(self) -> bool:
        """There is something to press, or entries."""
        return bool(self.entries or self.buttons)


@dataclass(frozen=True, slots=True)
class Overview:
    """What one person may know of what is kept about them in one space.

    Attributes:
        threads: Conversations in which they have written, the latest first.
        used: What they have used today and may use, in Markdown.
        settings: How the bot is set up as far as it concerns them, in Markdown.
        memories: What is remembered for them alone or for everybody, with buttons; None where that
            is not told.
    """

    threads: tuple[ThreadChoice, ...] = ()
    used: str = ""
    settings: str = ""
    memories: CommandReply | None = None


EVERYTHING = "everything"
"""Option of "forget": all about the caller, in every conversation they have written in."""
TAKE_BACK = "take back"
"""`CommandCall.act` of "remember", once the sign on a message is taken away."""
SURE = "sure"
"""Option of "forget": the caller has seen what goes."""


def everywhere(space: str) -> bool:
    """Every space."""
    return True
