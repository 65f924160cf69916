"""/connect: tokens by which somebody's other programs use their memories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.chat import CommandCall, CommandReply
from bot.commands.memory_places import Grants
from bot.commands.memory_texts import WHOM, day
from bot.credentials import LONGEST_NAME, Credential, Credentials, issue
from bot.memories import Scope, ScopeKind
from bot.panels import Button, Entry, Style

COMMAND = "connect"
READS, WRITES, REVOKE, LIST = "r", "w", "x", "l"
MOST_SHOWN = 5

HOW = (
    "**Connect another program** (an MCP client, a script) with what I remember. A token opens "
    "what you may see from here: {whom}. Make it where you want it to reach, for instance in our "
    "direct messages for what is yours alone."
)
HOW_ALONE = (
    "**Connect another program** (an MCP client, a script) with what I remember. A token opens all "
    "that I remember here."
)
ALL = "all that I remember here"
NAMED = " A new one is called “{name}”."
UNNAMED = " A word behind the command names a new one, such as `connect laptop`."
MADE = (
    "Your token, shown this once:\n```\n{token}\n```\nIt {may} until {until}, for: {whom}. "
    "Give it to your program as a bearer token, and to nobody else."
)
FULL = "You have as many tokens as may be. Revoke one first."
REVOKED = "Revoked: it opens nothing any more."
GONE = "There is no such token of yours any more."


class Connecting:
    """Makes, lists and revokes tokens.

    Args:
        credentials: Where they are kept.
        grants: Tells what the caller may do.
        clock: Seconds since the epoch.
        random: Gives so many random bytes.
    """

    def __init__(
        self,
        credentials: Credentials,
        grants: Grants,
        clock: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._credentials = credentials
        self._grants = grants
        self._clock = clock
        self._random = random

    async def connect(self, call: CommandCall) -> CommandReply:
        """The command, or one of its buttons; never shown to anybody else."""
        verb, _, rest = call.act.partition(":")
        if verb in (READS, WRITES):
            return await self._made(call, rest, writes=verb == WRITES)
        if verb == REVOKE:
            gone = await self._credentials.revoke(rest, self._grants.person(call))
            return await self._listed(call, REVOKED if gone is not None else GONE)
        return await self._listed(call)

    async def _made(self, call: CommandCall, name: str, *, writes: bool) -> CommandReply:
        given = await self._grants.of(call)
        name = name or f"made in chat, {day(self._clock())}"
        issued = issue(given, name, now=self._clock(), random=self._random, writes=writes)
        made = issued.credential
        if not await self._credentials.add(made):
            return await self._listed(call, FULL)
        text = MADE.format(
            token=issued.token,
            may="reads and writes" if made.writable else "reads",
            until=day(made.expires_at),
            whom=self._whom(call, made.readable),
        )
        back = Button("My tokens", COMMAND, LIST)
        return CommandReply(text, buttons=(back,), replaces=True)

    async def _listed(self, call: CommandCall, note: str = "") -> CommandReply:
        given = await self._grants.of(call)
        mine = await self._credentials.of(self._grants.person(call))
        how = HOW.format(whom=self._whom(call, given.readable))
        how = HOW_ALONE if self._grants.alone(call) else how
        name = " ".join(call.options.get("name", "").split())[:LONGEST_NAME]
        how += NAMED.format(name=name) if name else UNNAMED
        return CommandReply(
            f"{note}\n\n{how}" if note else how,
            entries=tuple(map(_entry, mine[:MOST_SHOWN])),
            buttons=(
                Button("New, only reads", COMMAND, f"{READS}:{name}", Style.MAIN),
                Button("New, reads and writes", COMMAND, f"{WRITES}:{name}"),
            ),
            replaces=True,
        )

    def _whom(self, call: CommandCall, scopes: Sequence[Scope]) -> str:
        if scopes and self._grants.alone(call):
            return ALL
        kinds = [kind for kind in ScopeKind if any(each.kind is kind for each in scopes)]
        return "; ".join(WHOM[kind] for kind in kinds) or "nothing"


def _entry(credential: Credential) -> Entry:
    used = f"used {day(credential.used_at)}" if credential.used_at else "not used yet"
    ends = f"ends {day(credential.expires_at)}" if credential.expires_at else "never ends"
    may = "reads and writes" if credential.writable else "reads"
    text = f"**{credential.name or credential.id}** · {may} · {used} · {ends}"
    revoke = Button("Revoke", COMMAND, f"{REVOKE}:{credential.id}", Style.DANGER)
    return Entry(text, (revoke,))
