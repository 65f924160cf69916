"""User groups: who is in those that rules about access name, and what any of them is called."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from adapters.slack.calls import Calls
from adapters.slack.faults import Denied, Refused
from adapters.slack.remembered import Remembered
from adapters.slack.values import fields, objects
from bot.errors import PlatformError

log = logging.getLogger(__name__)

KNOWN_SECONDS = 600.0
CALLED_SECONDS = 3600.0
ALL = ""
"""Stands for all groups, whose handles come together."""

PAGE = 100
MOST_PAGES = 10

RULES = ("BOBBIN_ALLOW", "BOBBIN_DENY", "BOBBIN_ADMINS")
"""Settings that may name groups."""

_RULE = re.compile(r"(?:\A|[,\s])slack:role:(S[A-Z0-9]+)(?=[,\s]|\Z)")


def named_groups(values: Mapping[str, str]) -> frozenset[str]:
    """The ids of the user groups that the settings name."""
    return frozenset(id_ for name in RULES for id_ in _RULE.findall(values.get(name, "")))


class Groups:
    """Tells who belongs to which of some groups; without any, Slack is not asked. And names them.

    Args:
        calls: Makes the calls.
        ids: The groups.
        clock: Seconds, never going back.
        whole: The app is installed in a whole organisation, of which a group is in one workspace.
    """

    def __init__(
        self,
        calls: Calls,
        ids: frozenset[str],
        clock: Callable[[], float],
        *,
        whole: bool = False,
    ) -> None:
        self._calls = calls
        self._ids = ids
        self._whole = whole
        self._homes: dict[str, str] = {}
        self._members = Remembered(self._ask, clock, KNOWN_SECONDS)
        self._handles = Remembered(self._ask_handles, clock, CALLED_SECONDS)

    @property
    def awaited(self) -> bool:
        """Whether it is not known of a group who is in it, and may be soon."""
        return any(map(self._members.is_awaited, self._ids))

    async def of(self, user: str, seconds: float) -> frozenset[str]:
        """The groups that somebody is in, as far as Slack tells within some seconds."""
        return (await self.of_each([user], seconds)).get(user, frozenset())

    async def of_each(self, users: Iterable[str], seconds: float) -> Mapping[str, frozenset[str]]:
        """The same of several people; who is in none is left out."""
        if not self._ids:
            return {}
        members = await self._members.get(self._ids, seconds)
        found = {
            user: frozenset(id_ for id_, theirs in members.items() if user in theirs)
            for user in users
        }
        return {user: groups for user, groups in found.items() if groups}

    async def called(self, ids: Sequence[str], seconds: float) -> Mapping[str, str]:
        """Handles of any groups, as far as Slack tells within some seconds."""
        if not ids:
            return {}
        handles = (await self._handles.get([ALL], seconds)).get(ALL, {})
        return {id_: handles[id_] for id_ in ids if id_ in handles}

    async def _ask_handles(self, _: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for team in await self._teams() if self._whole else (None,):
            answer = await self._calls.answer(
                lambda client, team=team: client.usergroups_list(team_id=team), patient=True
            )
            found |= {
                str(each["id"]): str(each["handle"]) for each in objects(answer["usergroups"])
            }
        return found

    async def _ask(self, group: str) -> frozenset[str]:
        if not self._whole:
            return await self._users(group)
        if group in self._homes:
            return await self._users(group, self._homes[group])
        for team in await self._teams():
            try:
                users = await self._users(group, team)
            except (Denied, Refused) as refusal:
                log.debug("A user group is in another workspace: %s", refusal)
            else:
                self._homes[group] = team
                return users
        raise PlatformError(f"user group {group} is in no workspace that the app may look into")

    async def _users(self, group: str, team: str | None = None) -> frozenset[str]:
        answer = await self._calls.answer(
            lambda client: client.usergroups_users_list(usergroup=group, team_id=team), patient=True
        )
        return frozenset(cast("Sequence[str]", answer["users"]))

    async def _teams(self) -> Sequence[str]:
        """The workspaces of the organisation that have the app."""
        found: list[str] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            answer = await self._calls.answer(
                lambda client, cursor=cursor: client.auth_teams_list(cursor=cursor, limit=PAGE),
                patient=True,
            )
            found += [str(team["id"]) for team in objects(answer["teams"])]
            following = fields(answer.get("response_metadata"))
            cursor = str(following.get("next_cursor") or "") or None
            if cursor is None:
                break
        return found

    async def close(self) -> None:
        """Ask no more."""
        await asyncio.gather(self._members.close(), self._handles.close())
