"""Who is in the user groups that rules about access name, asked every ten minutes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from adapters.slack.calls import Calls
from adapters.slack.remembered import Remembered

KNOWN_SECONDS = 600.0
PATIENCE_SECONDS = 2.0
"""A rule is worth waiting for, within what Slack waits for an acknowledgement."""

RULES = ("BOBBIN_ALLOW", "BOBBIN_DENY", "BOBBIN_ADMINS")
"""Settings that may name groups."""

_RULE = re.compile(r"(?:\A|[,\s])slack:role:(S[A-Z0-9]+)(?=[,\s]|\Z)")


def named_groups(values: Mapping[str, str]) -> frozenset[str]:
    """The ids of the user groups that the settings name."""
    return frozenset(id_ for name in RULES for id_ in _RULE.findall(values.get(name, "")))


class Groups:
    """Tells who belongs to which of some groups. Without any, Slack is asked nothing.

    Args:
        calls: Makes the calls.
        ids: The groups.
        clock: Seconds, never going back.
    """

    def __init__(self, calls: Calls, ids: frozenset[str], clock: Callable[[], float]) -> None:
        self._calls = calls
        self._ids = ids
        self._members = Remembered(self._ask, clock, KNOWN_SECONDS)

    async def of(self, user: str) -> frozenset[str]:
        """The groups that somebody is in, as far as Slack tells in time."""
        if not self._ids:
            return frozenset()
        members = await self._members.get(self._ids, PATIENCE_SECONDS)
        return frozenset(id_ for id_, users in members.items() if user in users)

    async def _ask(self, group: str) -> frozenset[str]:
        answer = await self._calls.answer(
            lambda client: client.usergroups_users_list(usergroup=group), patient=True
        )
        return frozenset(cast("Sequence[str]", answer["users"]))

    async def close(self) -> None:
        """Ask no more."""
        await self._members.close()
