"""What people and channels are called, asked once a day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from adapters.slack.calls import Calls
from adapters.slack.groups import Groups
from adapters.slack.remembered import Remembered
from adapters.slack.translate import id_in
from adapters.slack.values import Names, Own, Person, fields


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
        self._groups = Groups(calls, groups, clock, whole=own.team == own.enterprise)
        self._people = Remembered(self._person, clock)
        self._channels = Remembered(self._channel, clock)

    async def names(
        self,
        people: Iterable[str],
        channels: Iterable[str],
        seconds: float,
        writer: str = "",
    ) -> Names:
        """The names that are known within some seconds, and the groups of a message's writer."""
        found, called, groups = await asyncio.gather(
            self._people.get(people, seconds),
            self._channels.get(channels, seconds),
            self._groups.of(writer),
        )
        if groups:
            found[writer] = replace(Names(found).person(writer), groups=groups)
        return Names(found, called)

    async def person(self, user: str, seconds: float) -> Person:
        """One person; who is not known in time counts as a guest without a name."""
        found, groups = await asyncio.gather(
            self._people.get([user], seconds), self._groups.of(user)
        )
        return replace(Names(found).person(user), groups=groups)

    async def _person(self, user: str) -> Person:
        answer = await self._calls.answer(lambda client: client.users_info(user=user))
        return person_of(fields(answer["user"]), self._own.team, self._own.enterprise)

    async def _channel(self, channel: str) -> str:
        answer = await self._calls.answer(lambda client: client.conversations_info(channel=channel))
        return str(answer["channel"].get("name") or "")

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
