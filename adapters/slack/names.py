"""What people and channels are called, asked once a day."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Generic, TypeVar

from adapters.slack.calls import Calls
from adapters.slack.endings import ended
from adapters.slack.translate import id_in
from adapters.slack.values import Names, Own, Person, fields
from bot.errors import PlatformBusy, PlatformError

log = logging.getLogger(__name__)

V = TypeVar("V")

KNOWN_SECONDS = 24 * 3600.0
UNKNOWN_SECONDS = 3600.0
BUSY_SECONDS = 30.0
MOST = 20_000


class Remembered(Generic[V]):
    """Looks things up by id, remembers them for a day, and asks once for many who ask.

    Args:
        look_up: Asks Slack.
        clock: Seconds, never going back.
    """

    def __init__(
        self, look_up: Callable[[str], Coroutine[Any, Any, V]], clock: Callable[[], float]
    ) -> None:
        self._look_up = look_up
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, V | None]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def get(self, ids: Iterable[str], seconds: float) -> dict[str, V]:
        """What is known of `ids` after at most some seconds.

        An answer that comes later is kept for the next time.
        """
        wanted = frozenset(ids)
        asking = [self._ask(id_) for id_ in wanted if not self._is_known(id_)]
        if asking:
            await asyncio.wait(asking, timeout=seconds)
        found = {id_: self._entries[id_][1] for id_ in wanted if id_ in self._entries}
        return {id_: value for id_, value in found.items() if value is not None}

    def _is_known(self, id_: str) -> bool:
        return id_ in self._entries and self._entries[id_][0] > self._clock()

    def _ask(self, id_: str) -> asyncio.Task[None]:
        task = self._asking.get(id_)
        if task is None:
            task = self._asking[id_] = asyncio.create_task(self._remember(id_))
            task.add_done_callback(lambda _: self._asking.pop(id_, None))
        return task

    async def _remember(self, id_: str) -> None:
        # What was known once is better than nothing.
        value = self._entries.get(id_, (0.0, None))[1]
        seconds = KNOWN_SECONDS
        try:
            value = await self._look_up(id_)
        except PlatformError as error:
            log.info("Slack does not tell a name: %s", error)
            seconds = UNKNOWN_SECONDS
            if isinstance(error, PlatformBusy):
                seconds = max(BUSY_SECONDS, error.retry_after or 0.0)
        except (AttributeError, KeyError, TypeError, ValueError):
            log.warning("Slack's answer about a name could not be read")
            seconds = UNKNOWN_SECONDS
        self._entries[id_] = (self._clock() + seconds, value)
        self._entries.move_to_end(id_)
        while len(self._entries) > MOST:
            self._entries.popitem(last=False)

    async def close(self) -> None:
        """Ask no more."""
        await ended(*self._asking.values())


class Directory:
    """Names of people and channels.

    Args:
        calls: Makes the calls.
        own: Who we are.
        clock: Seconds, never going back.
    """

    def __init__(self, calls: Calls, own: Own, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._own = own
        self._people = Remembered(self._person, clock)
        self._channels = Remembered(self._channel, clock)

    async def names(self, people: Iterable[str], channels: Iterable[str], seconds: float) -> Names:
        """The names that are known within some seconds."""
        found, called = await asyncio.gather(
            self._people.get(people, seconds), self._channels.get(channels, seconds)
        )
        return Names(found, called)

    async def person(self, user: str, seconds: float) -> Person:
        """One person; who is not known in time counts as a guest without a name."""
        return Names(await self._people.get([user], seconds)).person(user)

    async def _person(self, user: str) -> Person:
        answer = await self._calls.answer(lambda client: client.users_info(user=user))
        return person_of(fields(answer["user"]), self._own.team, self._own.enterprise)

    async def _channel(self, channel: str) -> str:
        answer = await self._calls.answer(lambda client: client.conversations_info(channel=channel))
        return str(answer["channel"].get("name") or "")

    async def close(self) -> None:
        """Ask no more."""
        await asyncio.gather(self._people.close(), self._channels.close())


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
