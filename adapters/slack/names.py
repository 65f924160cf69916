"""What people and channels are called, asked once a day, and who may do what, once an hour."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.slack.calls import Calls
from adapters.slack.faults import Denied
from adapters.slack.groups import Groups
from adapters.slack.remembered import Remembered
from adapters.slack.translate import id_in
from adapters.slack.values import Names, Own, Person, Wanted, fields

log = logging.getLogger(__name__)

MOST_NAMED = 20
CHANNEL_SECONDS = 3600.0
"""A channel may become private, of which Slack tells one process only."""
RANK_SECONDS = 3600.0
"""For which a writer stays what they were: of a change, too, Slack tells one process only."""
SILENT_SECONDS = 600.0
"""Between two complaints about the same."""

PRIVATE = "private-channel"
"""Stands for the name of a channel that somebody who reads along may not see."""

UNTOLD = (
    "Slack refuses to tell who people in %s are, so everybody new there counts as an outsider: "
    "%s (%s)"
)


@dataclass(frozen=True, slots=True)
class _Called:
    """A channel's name, and whether all of the workspace may see it."""

    name: str
    is_open: bool


class Directory:
    """Names of people and channels.

    Args:
        calls: Makes the calls.
        own: Who we are.
        clock: Seconds, never going back.
        groups: User groups whose members are told apart.
    """

    def __init__(
        self,
        calls: Calls,
        own: Own,
        clock: Callable[[], float],
        groups: frozenset[str] = frozenset(),
    ) -> None:
        self._calls = calls
        self._own = own
        self._clock = clock
        self._silent = float("-inf")
        self._groups = Groups(calls, groups, clock, whole=own.team == own.enterprise)
        self._people = Remembered(self._person, clock)
        self._channels = Remembered(self._channel, clock, CHANNEL_SECONDS)

    def expect(self, found: Iterable[str]) -> None:
        """Begin to look people up, so that whoever asks for them next waits less."""
        self._people.expect((id_ for id_ in found if id_ != self._own.user), RANK_SECONDS)

    def changed(self, user: Mapping[str, Any]) -> None:
        """Somebody's account has changed; whose name or rank is another is looked up anew.

        Raises:
            KeyError, ValueError: It says not even who it is.
        """
        person = person_of(user, self._own.team, self._own.enterprise)
        if self._people.known(person.id) != person:
            self._people.forget(person.id)

    def narrowed(self, channel: str) -> None:
        """A channel has become private: not all may be told its name any more."""
        self._channels.forget(channel)

    async def names(
        self,
        wanted: Wanted,
        seconds: float,
        patience: float,
        most: int = MOST_NAMED,
        *,
        within: float | None = None,
    ) -> Names:
        """What is known of some ids.

        The model answers to everybody in a place, so of private channels it is told the names of
        those alone that all of them see.

        Writers are looked up first and alone, with their groups: on who they are depends what
        they may do, and they must not be able to crowd that out by naming others.

        Args:
            wanted: The ids.
            seconds: How long is waited for those who are only named.
            patience: How long is waited for writers.
            most: So many people, and so many channels, of those that are named are looked up, the
                first ones; others that are not known yet go by their ids.
            within: Seconds for both together; None for no such bound.
        """
        loop = asyncio.get_running_loop()
        until = None if within is None else loop.time() + within
        writers = frozenset(wanted.writers) - {self._own.user}
        found, groups = await asyncio.gather(
            self._people.get(writers, patience, age=RANK_SECONDS),
            self._groups.of_each(writers, patience),
        )
        if until is not None:
            seconds = min(seconds, max(until - loop.time(), 0.0))
        for writer, theirs in groups.items():
            found[writer] = replace(Names(found).person(writer), groups=theirs)
        people = (id_ for id_ in wanted.people if id_ not in writers and id_ != self._own.user)
        named, called, handles = await asyncio.gather(
            self._people.get(people, seconds, most),
            self._channels.get(wanted.channels, seconds, most),
            self._groups.called(wanted.groups, seconds),
        )
        awaited = {id_ for id_ in writers - found.keys() if self._people.is_awaited(id_)}
        channels = {
            id_: channel.name if channel.is_open or id_ in wanted.seen else PRIVATE
            for id_, channel in called.items()
        }
        ranked = not (writers and self._groups.awaited)
        return Names(named | found, channels, handles, frozenset(awaited), ranked)

    async def person(self, user: str, seconds: float) -> Person:
        """One person; who is not known in time counts as a guest without a name."""
        found, groups = await asyncio.gather(
            self._people.get([user], seconds, age=RANK_SECONDS), self._groups.of(user, seconds)
        )
        return replace(Names(found).person(user), groups=groups)

    async def _person(self, user: str) -> Person:
        try:
            answer = await self._calls.answer(
                lambda client: client.users_info(user=user), patient=True
            )
        except Denied as refusal:
            self._complain(refusal)
            raise
        return person_of(fields(answer["user"]), self._own.team, self._own.enterprise)

    def _complain(self, refusal: Denied) -> None:
        """Not for each person: all of them are outsiders as long as this lasts."""
        if self._clock() >= self._silent:
            self._silent = self._clock() + SILENT_SECONDS
            log.error(UNTOLD, self._own.title or self._own.team, refusal, refusal.hint)

    async def _channel(self, channel: str) -> _Called:
        answer = await self._calls.answer(lambda client: client.conversations_info(channel=channel))
        told = fields(answer["channel"])
        return _Called(str(told.get("name") or ""), not told.get("is_private"))

    async def close(self) -> None:
        """Ask no more."""
        await asyncio.gather(self._people.close(), self._channels.close(), self._groups.close())


def person_of(user: Mapping[str, Any], team: str, enterprise: str = "") -> Person:
    """Somebody from a `user` object.

    Args:
        user: As users.info gives it.
        team: Our own workspace: admins of another one have no say in it.
        enterprise: The organisation that it belongs to, whose people are no strangers.

    Raises:
        KeyError, ValueError: It says not even who it is.
    """
    profile = fields(user.get("profile"))
    id_ = id_in(user, "id")
    named = (
        profile.get("display_name"),
        profile.get("real_name"),
        user.get("real_name"),
        user.get("name"),
    )
    here = user.get("team_id", team) == team != enterprise
    colleague = bool(enterprise) and (
        fields(user.get("enterprise_user")).get("enterprise_id") == enterprise
    )
    stranger = bool(user.get("is_stranger")) or not (here or colleague)
    # An app that a whole organisation has installed listens to the admins of all of it.
    whole = bool(enterprise) and team == enterprise
    ranked = fields(user.get("enterprise_user")) if whole else user
    ranks = ("is_admin", "is_owner", "is_primary_owner")
    limited = ("is_restricted", "is_ultra_restricted")
    return Person(
        id=id_,
        name=next((name for name in named if name and isinstance(name, str)), id_),
        is_admin=(here or whole) and not stranger and any(ranked.get(rank) for rank in ranks),
        is_guest=stranger or any(user.get(rank) for rank in limited),
        is_known=True,
    )
