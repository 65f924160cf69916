"""People, servers and workspaces, channels and threads, and who reads what: told by sets of people.

Nothing here asks the code under test who may read something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from bot.audience import Audience
from bot.capabilities import Capabilities
from bot.chat import Author, CommandCall, Incoming, MessageRef, ThreadKey
from bot.memories import EVERY_SPACE, Person, Scope
from bot.presence import audience_of, audience_of_call, audience_of_mail

PEOPLE = range(5)
SPACES = (("slack", "T1"), ("slack", "T2"), ("discord", "G1"), ("discord", "G2"))
CAN = {
    "slack": Capabilities(max_chars=1000),
    "discord": Capabilities(max_chars=1000, people_per_space=False),
}
MEMBER, GUEST, STRANGER = "member", "guest", "stranger"

Readers = frozenset[int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something can be asked: who reads the answer, as people, and as the bot knows it."""

    readers: Readers
    asker: int
    account: Person
    audience: Audience
    about: str


@dataclass(frozen=True, slots=True)
class Room:
    """A conversation in a channel or a direct message."""

    thread: ThreadKey
    readers: Readers
    around: Readers
    shared: bool = False
    direct: bool = False
    confined: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """Who is what where, and which conversations there are."""

    roles: dict[tuple[str, str], dict[int, str]]
    rooms: Sequence[Room]

    def account(self, person: int, platform: str, space: str) -> Person:
        """Slack knows people by workspace, Discord everywhere by one id."""
        user = f"{platform[0]}{space[-1] if platform == 'slack' else ''}u{person}"
        return Person(platform, space if platform == "slack" else EVERY_SPACE, user)

    def accounts(self, person: int) -> set[Person]:
        return {self.account(person, *space) for space in SPACES}

    def within(self, space: tuple[str, str]) -> Readers:
        """Everybody who is in a server or workspace, guests included, strangers not."""
        roles = self.roles.get(space, {})
        return frozenset(each for each, role in roles.items() if role != STRANGER)

    def scopes(self) -> dict[Scope, Readers]:
        """Every scope there is, and who may ever be shown it."""
        found: dict[Scope, Readers] = {}
        for person in PEOPLE:
            for account in self.accounts(person):
                found[Scope.of_person(account)] = frozenset({person})
            for platform, space in SPACES:
                user = self.account(person, platform, space).user
                direct = Scope.of_direct(platform, direct_space(platform, space), user)
                found[direct] = frozenset({person})
        for space in SPACES:
            found[Scope.of_workspace(*space)] = self.within(space)
        for room in self.rooms:
            found[Scope.of_thread(room.thread)] = room.readers
            if not room.direct:
                key = room.thread
                found[Scope.of_channel(key.platform, key.space, key.channel)] = room.around
        return found

    def places(self) -> Sequence[Place]:
        """Everywhere that somebody can ask, by a message or by a command."""
        return [
            place
            for room in self.rooms
            for asker in sorted(room.readers)
            for place in self.asked_in(room, asker)
        ]

    def asked_in(self, room: Room, asker: int) -> Sequence[Place]:
        """All the ways in which one person can ask in a conversation."""
        key, can = room.thread, CAN[room.thread.platform]
        account = self.account(asker, key.platform, key.space)
        event = self.said(room, asker)
        known = [Place(room.readers, asker, account, audience_of(event, can), "message")]
        mail = [self.said(room, other) for other in sorted(room.readers)]
        known.append(Place(room.readers, asker, account, audience_of_mail(mail, can), "mail"))
        for private in (True, False):
            readers = frozenset({asker}) if private else room.readers
            # Somebody may also name a conversation of elsewhere.
            for thread in (key, None, *(each.thread for each in self.rooms[:3])):
                if thread is not None and thread != key and thread.channel == key.channel:
                    continue
                call = CommandCall(
                    "e",
                    "recall",
                    event.author,
                    key.platform,
                    key.space,
                    key.channel,
                    thread=thread,
                    direct=room.direct,
                    shared=room.shared,
                    confined=room.confined,
                )
                audience = audience_of_call(call, can, private=private)
                known.append(Place(readers, asker, account, audience, f"{private=} {thread}"))
        return known

    def said(self, room: Room, who: int) -> Incoming:
        """A message of somebody's in a conversation, as its adapter tells of it."""
        key = room.thread
        role = self.roles.get((key.platform, key.space), {}).get(who, MEMBER)
        user = self.account(who, key.platform, key.space).user
        return Incoming(
            f"e{who} {key}",
            key,
            MessageRef(key.channel, f"m{who}"),
            Author(user, f"person {who}", is_outside=role != MEMBER),
            "hello",
            1.0,
            1,
            addressed=True,
            direct=room.direct,
            shared=room.shared,
            confined=room.confined,
        )


def direct_space(platform: str, space: str) -> str:
    """Where direct messages are: on Discord they belong to no server."""
    return "@me" if platform == "discord" else space


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Two servers and two workspaces, with members, guests, and strangers in shared channels."""
    roles: dict[tuple[str, str], dict[int, str]] = {}
    rooms: list[Room] = []
    role = st.sampled_from((MEMBER, MEMBER, GUEST, STRANGER, None))
    for platform, space in SPACES:
        given = {each: draw(role) for each in PEOPLE}
        here = {each: what for each, what in given.items() if what is not None}
        roles[platform, space] = here
        for channel in ("C1", "C2"):
            around = draw(some_of(here))
            shared = any(here[each] == STRANGER for each in around)
            place = (platform, space, f"{space}{channel}")
            rooms.append(Room(ThreadKey(*place, "open"), around, around, shared))
            few = draw(some_of(around))
            rooms.append(Room(ThreadKey(*place, "few"), few, around, shared, confined=True))
        for person in sorted(here):
            channel = f"D{space if platform == 'slack' else ''}{person}"
            key = ThreadKey(platform, direct_space(platform, space), channel, "direct")
            one = frozenset({person})
            rooms.append(Room(key, one, one, direct=True))
    unique = {room.thread: room for room in rooms}
    return World(roles, tuple(unique.values()))


def some_of(people: dict[int, str] | Readers) -> st.SearchStrategy[Readers]:
    """Some of these people."""
    if not people:
        return st.just(Readers())
    return st.sets(st.sampled_from(sorted(people))).map(frozenset)
