"""/link: accounts of one person are known to be one, and what is theirs follows them."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Mapping

from bot.adapter import Adapter
from bot.chat import CommandCall, CommandReply
from bot.commands.link_news import OFF, LinkNews, typed
from bot.commands.memory_places import Grants
from bot.errors import StoreError
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
LINKED = "\n\nLinked already: {accounts}. `{off}` takes this account out."
NOW_LINKED = (
    "Linked with {other}. Where nobody else reads along, each of your accounts is told from now "
    "on:\n{shares}\n\nWhat is kept for channels, servers and workspaces stays there. If that is no "
    "account of yours, or to end it: `{off}`."
)
SAYS = {
    Linking.OFTEN: "That were too many codes that are none. Wait ten minutes and try again.",
    Linking.UNKNOWN: "That code is not known, or its time is over. Make a new one there.",
    Linking.SELF: "That is this very account. Use the code from your other one.",
    Linking.ALREADY: "These two are linked already.",
    Linking.SAME_PLACE: "Two accounts in one place can't be linked.",
    Linking.FULL: "As many accounts as may be are linked already.",
}
NO_LONGER = "This account is linked with no other any more."
NOT_LINKED = "This account was linked with no other."


class LinkCommand:
    """Makes codes and takes them.

    Args:
        links: Where it is kept which accounts belong together.
        grants: Tells who calls.
        news: Tells whoever made a code that it was used.
        adapters: The platforms.
        random: Gives so many random bytes.
    """

    def __init__(
        self,
        links: Links,
        grants: Grants,
        news: LinkNews,
        adapters: Mapping[str, Adapter],
        random: Callable[[int], bytes],
    ) -> None:
        self._links = links
        self._grants = grants
        self._news = news
        self._adapters = adapters
        self._random = random

    async def link(self, call: CommandCall) -> CommandReply:
        """The command; its reply is never shown to anybody else."""
        person = self._grants.person(call)
        if "off" in call.options:
            was = await self._links.unlink(person)
            return CommandReply(NO_LONGER if was else NOT_LINKED)
        off = typed(OFF, self._adapters[call.platform])
        if code := call.options.get("code", "").strip():
            linked = await self._links.redeem(person, code)
            if linked.result is Linking.LINKED and linked.other is not None:
                # They are linked whether or not it can be told now.
                with contextlib.suppress(StoreError):
                    await self._news.tell(linked.other)
            return CommandReply(said_of(linked, off))
        code = base64.b32encode(self._random(CODE_BYTES)).decode().lower()
        await self._links.issue(person, code)
        others = ", ".join(map(named, await self._links.of(person)))
        also = LINKED.format(accounts=others, off=off) if others else ""
        minutes = CODE_SECONDS // 60
        return CommandReply(SHOWN.format(code=code, minutes=minutes, shares=SHARES, linked=also))


def said_of(linked: Linked, off: str) -> str:
    """What is said to whoever has used a code; `off` is what ends it."""
    if linked.result is Linking.LINKED and linked.other is not None:
        return NOW_LINKED.format(other=named(linked.other), shares=SHARES, off=off)
    return SAYS[linked.result]


def named(person: Person) -> str:
    """An account as its owner may know it again; platforms tell names only of their own people."""
    return f"your account {person.user} on {person.platform.title()}"
