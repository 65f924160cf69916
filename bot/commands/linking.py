"""/link: accounts of one person are known to be one, and what is theirs follows them."""

from __future__ import annotations

import base64
from collections.abc import Callable

from bot.chat import CommandCall, CommandReply
from bot.commands.memory_places import Grants
from bot.links import CODE_SECONDS, Linked, Linking, Links
from bot.memories import Person

CODE_BYTES = 10
"""Eighty random bits, which nobody guesses in ten minutes."""

SHARES = (
    "- what is remembered for you alone\n"
    "- conversations with other programs that you have imported\n"
    "- what you have said to me in direct messages, for `/recall`"
)
"""What linked accounts have in common, as `bot.audience` and `Grants` open it."""

SHOWN = (
    "Your code is `{code}`. Within {minutes} minutes, and once, call `/link code={code}` from your "
    "other account (on Slack `/bobbin link code={code}`). From then on each of your accounts is "
    "told, where nobody else reads along:\n{shares}\n\nWhat is kept for channels, servers and "
    "workspaces stays there. Show the code to nobody: whoever uses it reads all that.{linked}"
)
LINKED = "\n\nLinked already: {accounts}. `/link off` takes this account out."
NOW_LINKED = (
    "Linked with {other}. Where nobody else reads along, each of your accounts is told from now "
    "on:\n{shares}\n\nWhat is kept for channels, servers and workspaces stays there. If that is no "
    "account of yours, or to end it: `/link off`."
)
SAYS = {
    Linking.OFTEN: "That were too many codes that are none. Wait ten minutes and try again.",
    Linking.UNKNOWN: "That code is not known, or its time is over. Call `/link` for a new one.",
    Linking.SELF: "That is this very account. Use the code from your other one.",
    Linking.ALREADY: "These two are linked already.",
    Linking.SAME_PLACE: "Two accounts in one place can't be linked.",
    Linking.FULL: "As many accounts as may be are linked already.",
}
OFF = "This account is linked with no other any more."
NOT_LINKED = "This account was linked with no other."


class LinkCommand:
    """Makes codes and takes them.

    Args:
        links: Where it is kept which accounts belong together.
        grants: Tells who calls.
        random: Gives so many random bytes.
    """

    def __init__(self, links: Links, grants: Grants, random: Callable[[int], bytes]) -> None:
        self._links = links
        self._grants = grants
        self._random = random

    async def link(self, call: CommandCall) -> CommandReply:
        """The command; its reply is never shown to anybody else."""
        person = self._grants.person(call)
        if "off" in call.options:
            was = await self._links.unlink(person)
            return CommandReply(OFF if was else NOT_LINKED)
        if code := call.options.get("code", "").strip():
            return CommandReply(said_of(await self._links.redeem(person, code)))
        code = base64.b32encode(self._random(CODE_BYTES)).decode().lower()
        await self._links.issue(person, code)
        others = ", ".join(map(named, await self._links.of(person)))
        linked = LINKED.format(accounts=others) if others else ""
        minutes = CODE_SECONDS // 60
        return CommandReply(SHOWN.format(code=code, minutes=minutes, shares=SHARES, linked=linked))


def said_of(linked: Linked) -> str:
    """What is said to whoever has used a code."""
    if linked.result is Linking.LINKED and linked.other is not None:
        return NOW_LINKED.format(other=named(linked.other), shares=SHARES)
    return SAYS[linked.result]


def named(person: Person) -> str:
    """An account as its owner may know it again; platforms tell names only of their own people."""
    return f"your account {person.user} on {person.platform.title()}"
