"""/settings and /persona: how the bot behaves in a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.channel import LONGEST_PERSONA, ChannelSettings, Mention, changed
from bot.chat import CommandCall, CommandReply
from bot.panels import Button
from bot.storage.keys import Place
from bot.storage.threads import Threads

COMMAND = "settings"
SHOW, ON, OFF = "show", "on", "off"
"""What is to be done about a channel's memory, as its button says it."""

BY_MYSELF = "Remember by myself there"
NOT_BY_MYSELF = "Only when asked to"
NOT_A_MANAGER = "Only people who look after this channel can change that. Now it is like this:"
NOT_UNDERSTOOD = {
    "mention": "`mention` is one of `only`, `threads` and `always`.",
    "hours": "`hours` is a number of hours, such as 12, or 0 for never; `default` takes it back.",
    "persona": f"`persona` may have {LONGEST_PERSONA} characters.",
    "memory": "`memory` is `on` or `off`.",
}
CHANGED = "Changed, from now on:"
NOT_IN_DIRECT = {
    "memory": "There is only you and me here, and I remember only what you ask me to: say "
    "“remember that …”, or use `{sign}remember`. `memory=on` is for channels.",
    **{
        name: "There is only you and me here, so I answer whatever you write. "
        f"`{name}` is for channels."
        for name in ("mention", "hours")
    },
}

_MENTION = {
    Mention.ONLY: "I answer only when I'm mentioned or replied to",
    Mention.THREADS: "I answer when I'm mentioned, and in my conversations also without that",
    Mention.ALWAYS: "I answer whatever begins a conversation here, and in those I take part in",
}
_REMEMBERS = (
    "When a conversation grows long I remember by myself what was agreed in it, and show what I "
    "keep, so that it can be undone. Never in direct messages, and never where people of other "
    "organisations read along."
)
_HOW = (
    "`{sign}settings mention=only|threads|always`, `hours=12`, `memory=on|off`, `persona=Answer in "
    "French` or `reset` changes it. Budgets and who may talk to me are set where I run."
)

_DIRECT = (
    "- I answer whatever you write.",
    "- I remember only what you ask me to remember.",
)
_HOW_DIRECT = (
    "`{sign}persona Answer in French` changes how I am here, `{sign}persona off` takes it back. "
    "Budgets and who may talk to me are set where I run."
)


class PlaceSettings:
    """Shows and changes them.

    Args:
        threads: Where they are kept.
        silence_hours: What holds where nothing is set for a channel.
    """

    def __init__(self, threads: Threads, silence_hours: float) -> None:
        self._threads = threads
        self._silence_hours = silence_hours

    async def settings(self, call: CommandCall, sign: str) -> CommandReply:
        """/settings: shown to everybody, changed for those who look after the place."""
        asked = {name: value for name, value in call.options.items() if value.strip()}
        if not call.act:
            return await self._changed(call, asked, sign)
        # From the bot's own page, where a channel was chosen and is changed by a button.
        asked = {"memory": call.act} if call.act in (ON, OFF) else {}
        reply = await self._changed(call, asked, sign)
        now = await self._threads.channel_settings(place_called(call))
        may = call.author.is_admin and not call.direct
        buttons = (_switch(call, now.memory),) if may else ()
        return replace(reply, buttons=buttons, replaces=True)

    async def persona(self, call: CommandCall, sign: str) -> CommandReply:
        """/persona: the same for that one setting."""
        text = call.options.get("text", "").strip()
        return await self._changed(call, {"persona": text} if text else {}, sign)

    async def _changed(self, call: CommandCall, asked: dict[str, str], sign: str) -> CommandReply:
        place = place_called(call)
        now = await self._threads.channel_settings(place)
        if not asked:
            how = (_HOW_DIRECT if call.direct else _HOW).format(sign=sign)
            return CommandReply(f"{self._told(now, call.direct)}\n\n{how}", harmless=True)
        # In a direct message there is nobody else to ask.
        if not (call.author.is_admin or call.direct):
            return CommandReply(f"{NOT_A_MANAGER}\n\n{self._told(now, False)}", harmless=True)
        then = changed(now, asked)
        if isinstance(then, str):
            return CommandReply(NOT_UNDERSTOOD[then], harmless=True)
        without = {"memory": then.memory, "mention": then.mention, "hours": then.hours is not None}
        for name in asked if call.direct else ():
            if without.get(name):
                return CommandReply(NOT_IN_DIRECT[name].format(sign=sign), harmless=True)
        await self._threads.set_channel(place, then)
        return CommandReply(f"{CHANGED}\n\n{self._told(then, call.direct)}", harmless=True)

    def _told(self, settings: ChannelSettings, direct: bool) -> str:
        lines = [*(_DIRECT if direct else self._answers(settings))]
        if settings.persona:
            words = "\n".join(f"  > {line}" for line in settings.persona.splitlines())
            lines.append(f"- How I should be here:\n{words}")
        else:
            lines.append("- Nothing is said about how I should be here.")
        return "\n".join(lines)

    def _answers(self, settings: ChannelSettings) -> Sequence[str]:
        """When it answers in a channel, and what it remembers there."""
        hours = self._silence_hours if settings.hours is None else settings.hours
        lapse = (
            f"After {hours:g} hours of silence a conversation needs a mention again"
            if hours
            else "However long a conversation is silent, it needs no new mention"
        )
        unset = " (as everywhere)"
        lines = [
            f"- {_MENTION[settings.mention or Mention.THREADS]}{unset * (not settings.mention)}.",
            f"- {lapse}{unset * (settings.hours is None)}.",
        ]
        if settings.memory:
            lines.append(f"- {_REMEMBERS}")
        else:
            lines.append("- I remember only what somebody asks me to remember.")
        return lines


def _switch(call: CommandCall, on: bool) -> Button:
    label, act = (NOT_BY_MYSELF, OFF) if on else (BY_MYSELF, ON)
    thread = str(call.thread) if call.thread is not None else ""
    return Button(label, COMMAND, act, thread=thread)


def place_called(call: CommandCall) -> Place:
    """The channel that a command was called in, or that holds the thread it was called in."""
    thread = call.thread
    here = thread is not None and call.channel in (thread.channel, thread.thread)
    channel = thread.channel if thread is not None and here else call.channel
    return call.platform, call.space, channel
