"""/link: accounts of one person are known to be one, and what is theirs follows them."""

from __future__ import annotations

import base64
from collections.abc import Callable

from bot.chat import CommandCall, CommandReply
from bot.commands.memory_places import Grants
from bot.links import CODE_SECONDS, Linking, Links

CODE_BYTES = 10
"""Eighty random bits, which nobody guesses in ten minutes."""

SHOWN = (
    "Your code is `{code}`. Within {minutes} minutes, and once, call `/link code={code}` from your "
    "other account (on Slack `/bobbin link code={code}`). What is yours alone follows you then. "
    "Show the code to nobody.{linked}"
)
LINKED = "\n\nLinked already: {accounts}. `/link off` takes this account out."
SAYS = {
    Linking.LINKED: "Linked. What is yours alone follows you from now on. `/link off` ends it.",
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
            return CommandReply(SAYS[(await self._links.redeem(person, code)).result])
        code = base64.b32encode(self._random(CODE_BYTES)).decode().lower()
        await self._links.issue(person, code)
        others = ", ".join(f"{each.platform} {each.user}" for each in await self._links.of(person))
        linked = LINKED.format(accounts=others) if others else ""
        return CommandReply(SHOWN.format(code=code, minutes=CODE_SECONDS // 60, linked=linked))
