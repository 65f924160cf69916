"""What somebody types into an option is completed: conversations and memories of their own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import discord

from adapters.discord.calls import Calls
from adapters.discord.client import Listening
from adapters.discord.commands import (
    ANYWHERE,
    LONGEST_LABEL,
    MOST_CHOICES,
    THREADED,
    Called,
    call_of,
    cut,
    offered,
)
from adapters.discord.interactions import ACKNOWLEDGE_SECONDS, is_late
from adapters.discord.values import Place, Writer
from adapters.discord.words import THREAD
from bot.chat import ThreadChoice
from bot.command_spec import Completion
from bot.errors import BobbinError, PlatformError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

NO_WORDS = "(no words)"


@dataclass(frozen=True, slots=True)
class Typing:
    """The command and the option that are being typed, and what stands there so far."""

    command: str
    option: str
    text: str


def typed(interaction: discord.Interaction[Listening]) -> Typing | None:
    """What is being typed.

    Raises:
        KeyError, TypeError: The payload is malformed.
    """
    data = cast("Mapping[str, Any]", interaction.data or {})
    for option in cast("Sequence[Mapping[str, Any]]", data.get("options") or ()):
        if option.get("focused"):
            return Typing(data["name"], option["name"], str(option["value"]))
    return None


async def complete(
    interaction: discord.Interaction[Listening],
    place: Place,
    writer: Writer,
    inbox: Inbox,
    calls: Calls,
    looking: float,
    outside: bool,
) -> None:
    """Offer what this person may mean in this channel; nothing while that is unknown.

    `outside` as in `Called`. It is looked for at most `looking` seconds: what comes too late is
    shown to nobody.

    Raises:
        PlatformError: Nothing could be offered.
    """
    typing = typed(interaction)
    found: Sequence[Completion] = ()
    if typing is not None and not (outside and typing.command not in ANYWHERE):
        called = Called(
            str(interaction.id), typing.command, writer, place, {typing.option: typing.text}
        )
        try:
            async with asyncio.timeout(looking):
                found = await _found(called, typing, inbox)
        except (BobbinError, TimeoutError) as error:
            log.info("What is typed is not completed: %s", error or "it takes too long")
    choices = [
        discord.app_commands.Choice(name=cut(each.label) or NO_WORDS, value=each.value)
        for each in found
        if len(each.value) <= LONGEST_LABEL
    ]
    try:
        await calls.answer(
            lambda: interaction.response.autocomplete(choices[:MOST_CHOICES]),
            seconds=ACKNOWLEDGE_SECONDS,
            repeat=False,
        )
    except PlatformError as error:
        if not is_late(error):
            raise


async def _found(called: Called, typing: Typing, inbox: Inbox) -> Sequence[Completion]:
    if typing.option != THREAD or typing.command not in THREADED:
        return await inbox.complete(call_of(called), typing.option)
    # Called for a thread that it does not find, a command says which ones there are.
    unknown = call_of(replace(called, options={THREAD: "?"}))
    reply = await inbox.command(replace(unknown, thread=None))
    return [
        Completion(each.label, str(each.thread)) for each in fitting(reply.choices, typing.text)
    ]


def fitting(choices: Sequence[ThreadChoice], text: str) -> Iterable[ThreadChoice]:
    """The choices whose label has all words of `text`, as many as Discord takes."""
    words = text.casefold().split()
    matching = [
        choice for choice in choices if all(word in choice.label.casefold() for word in words)
    ]
    return offered(matching)[:MOST_CHOICES]
