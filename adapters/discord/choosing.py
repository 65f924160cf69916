"""Which conversation is meant: what somebody types is completed from his own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import discord

from adapters.discord.calls import Calls
from adapters.discord.client import Listening
from adapters.discord.commands import MOST_CHOICES, THREADED, Called, call_of, cut, offered
from adapters.discord.values import Place, Writer
from adapters.discord.words import THREAD
from bot.chat import Inbox, ThreadChoice
from bot.errors import BobbinError


def typed(interaction: discord.Interaction[Listening]) -> tuple[str, str] | None:
    """The command whose option for a thread is being typed, and what stands there so far.

    Raises:
        KeyError, TypeError: The payload is malformed.
    """
    data = cast("Mapping[str, Any]", interaction.data or {})
    for option in cast("Sequence[Mapping[str, Any]]", data.get("options") or ()):
        if option.get("focused") and option["name"] == THREAD and data["name"] in THREADED:
            return data["name"], str(option["value"])
    return None


async def complete(
    interaction: discord.Interaction[Listening],
    place: Place,
    writer: Writer,
    inbox: Inbox,
    calls: Calls,
    seconds: float,
) -> None:
    """Offer the conversations that this person has in this channel; none while they are unknown."""
    asked = typed(interaction)
    found: Sequence[ThreadChoice] = ()
    if asked is not None:
        command, text = asked
        # Called for a thread that it does not find, a command says which ones there are.
        called = Called(str(interaction.id), command, writer, place, {THREAD: "?"})
        try:
            reply = await inbox.command(replace(call_of(called), thread=None))
            found = reply.choices
        except BobbinError:
            found = ()
        found = tuple(fitting(found, text))
    await calls.answer(
        lambda: interaction.response.autocomplete(
            [
                discord.app_commands.Choice(
                    name=cut(choice.label) or "(no words)", value=str(choice.thread)
                )
                for choice in found
            ]
        ),
        seconds=seconds,
        repeat=False,
    )


def fitting(choices: Sequence[ThreadChoice], text: str) -> Iterable[ThreadChoice]:
    """The choices whose label has all words of `text`, as many as Discord takes."""
    words = text.casefold().split()
    matching = [
        choice for choice in choices if all(word in choice.label.casefold() for word in words)
    ]
    return offered(matching)[:MOST_CHOICES]
