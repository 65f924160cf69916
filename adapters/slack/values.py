"""What the parts of the adapter tell each other: frozen, plain, without the SDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bot.attached import Attachment
from bot.connections import Bounds

PLATFORM = "slack"

BOUNDS = Bounds(most=256, head=10.0, idle=75.0)
"""Reverse proxies let a connection rest for a minute; theirs has to be the shorter time."""


def fields(value: object) -> Mapping[str, Any]:
    """`value` as a JSON object; empty for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def objects(value: object) -> Sequence[Mapping[str, Any]]:
    """`value` as a list of JSON objects; empty for anything else."""
    items = cast("Sequence[object]", value) if isinstance(value, list) else ()
    return [fields(item) for item in items]


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of the past Slack lets an app read, and how quickly.

    Attributes:
        page: Messages of one call.
        pages: Calls for one thread. Slack gives a thread from its oldest message on, so the newest
            are at the end of it all.
        missed_pages: Calls for one place of which something may have been missed.
        burst: Calls that may follow on each other without a pause; Slack takes fifty a minute.
    """

    page: int = 200
    pages: int = 25
    missed_pages: int = 5
    burst: int = 30


SCARCE = Reading(page=15, pages=1, missed_pages=5, burst=1)
"""What is left to an app that is given to others without being in Slack's Marketplace."""
SCARCE_SECONDS = 61.0
"""Between two of its calls: one a minute."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds.

    Attributes:
        call: One call with all its retries.
        pauses: Between tries of a call that may be repeated.
        writer: Finding out who has written what is handed over, with the tries that this takes.
            Slack waits for it, so this bounds, from an event's arrival on, all that is looked up
            for it, and the wait for what is looked up for others of its thread.
        names: Looking up names before an event is handed over, within the same bound.
        patient_names: Looking up names where nobody waits for an acknowledgement.
        status: Showing or clearing the status line.
        socket: Opening a WebSocket.
        heartbeat: Between pings on a WebSocket; half of it without an answer ends it.
        reconnect: First and longest wait between connections.
        drain: How long the end waits for what is being handed over.
        store: Giving a seat back, or looking for a further one that is not needed badly.
        seat: How long a process that has gone silent keeps the right to a connection.
        renew: How often it is renewed, and looked for a further one.
        stand_by: How often a process without a connection looks for one.
        body: Reading a request of Slack's.
        port: What the port that Slack posts to puts up with.
        note: Between notes that somebody listens.
        between_pages: Between reads of what was missed.
        reading: How much of the past is read.
        removals: Between two looks whether the app is still installed everywhere.
        between_checks: Between two installations that are looked at.
        confirm: Until what looks like a removal is looked at once more.
    """

    call: float = 15.0
    pauses: tuple[float, ...] = (0.3, 1.0, 2.0)
    writer: float = 1.5
    names: float = 0.6
    patient_names: float = 3.0
    status: float = 5.0
    socket: float = 10.0
    heartbeat: float = 10.0
    reconnect: tuple[float, float] = (0.5, 30.0)
    drain: float = 5.0
    store: float = 2.0
    seat: float = 12.0
    renew: float = 3.0
    stand_by: float = 1.0
    body: float = 5.0
    port: Bounds = BOUNDS
    note: float = 5.0
    between_pages: float = 1.3
    reading: Reading = field(default_factory=Reading)
    removals: float = 24 * 3600.0
    between_checks: float = 1.0
    confirm: float = 60.0


@dataclass(frozen=True, slots=True)
class Own:
    """Who we are, as auth.test tells it.

    Attributes:
        team: Workspace id.
        user: The bot's user id.
        bot: The bot's own id, by which some of its messages are marked.
        host: Host of the workspace's links.
        title: What the workspace is called.
        enterprise: Id of the organisation that the workspace belongs to, empty for none.
    """

    team: str
    user: str
    bot: str = ""
    host: str = ""
    title: str = ""
    enterprise: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as users.info tells it.

    Attributes:
        id: User id.
        name: Display name.
        is_admin: Admin or owner of our own workspace.
        is_guest: A guest, or somebody of another workspace, who does not see every channel. Whoever
            is not known counts as one.
        is_known: Slack has told of this person.
        groups: Ids of user groups that this person is in, of those that are asked about.
    """

    id: str
    name: str
    is_admin: bool = False
    is_guest: bool = True
    is_known: bool = False
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in a message are called.

    Attributes:
        people: Those who are known.
        channels: The same of channels.
        groups: Handles of user groups.
        awaited: Writers who are not known yet, and may be soon.
        ranked: What is known of the writers' user groups will not change soon.
    """

    people: Mapping[str, Person] = field(default_factory=dict[str, Person])
    channels: Mapping[str, str] = field(default_factory=dict[str, str])
    groups: Mapping[str, str] = field(default_factory=dict[str, str])
    awaited: frozenset[str] = frozenset()
    ranked: bool = True

    def person(self, user: str) -> Person:
        """The person; one who is not known is called by the id."""
        return self.people.get(user) or Person(user, user)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Ids that have to be looked up, in the order in which they come.

    Attributes:
        writers: Who has written something, so that it matters who it is.
        people: Who is only named.
        channels: Channels that are named.
        seen: Those of them that everybody sees who reads along, private or not.
        groups: User groups that are named.
    """

    writers: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shared:
    """A forwarded message: its text in Slack's own markup, and who wrote it, empty if unknown."""

    text: str
    author: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it came.

    Attributes:
        channel: Where it is.
        ts: Its time stamp, which is also its id.
        root: The thread's first message; `ts` itself when it stands alone.
        user: Who wrote it.
        text: In Slack's own markup.
        direct: In a direct message.
        mentioned: It mentions the bot.
        attached: Files, those of forwarded messages as well.
        shared: Messages that were forwarded with it.
        bot: The name under which another program wrote it, perhaps empty; None for a person.
        is_outside: The message itself says that its author belongs to another organisation.
        beside: The channel that its writer has open beside a direct message, empty for none.
        opens: It is said to everybody, in a channel where everything is answered.
        joint: Another organisation may read along.
    """

    channel: str
    ts: str
    root: str
    user: str
    text: str
    direct: bool = False
    mentioned: bool = False
    attached: tuple[Attachment, ...] = ()
    shared: tuple[Shared, ...] = ()
    bot: str | None = None
    is_outside: bool = False
    beside: str = ""
    opens: bool = False
    joint: bool = False

    @property
    def in_thread(self) -> bool:
        """It lies below another message."""
        return self.root != self.ts
