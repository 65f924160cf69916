"""Slash commands and lists of conversations: acknowledged at once, answered when ready."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import discord

from adapters.discord import faults
from adapters.discord.calls import Calls
from adapters.discord.client import Listening
from adapters.discord.commands import (
    Called,
    cut,
    offered,
    options_of,
    picker_id,
    read_picker_id,
)
from adapters.discord.controls import UNKNOWN, Pressed, press_of
from adapters.discord.markup import pieces
from adapters.discord.naming import name_of
from adapters.discord.originals import NOBODY, edited, edited_panel, uploads
from adapters.discord.reading import is_admin, roles_of
from adapters.discord.render import rendering
from adapters.discord.values import PLATFORM, Place, Writer
from bot.chat import CommandReply, File, ThreadChoice, ThreadKey
from bot.controls import Action
from bot.errors import BobbinError, MessageGone, NotAllowed, PlatformError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

ACKNOWLEDGE_SECONDS = 3.0
"""Discord tells the caller that nobody answered when it takes longer."""

WRITING = frozenset({Action.REGENERATE, Action.CONTINUE})
"""Controls that have something written into the thread."""

SHUT = (
    "This thread is locked, so I can't write in it. Whoever looks after the server can unlock it."
)
SHARED = "Shown to everybody here."
TOO_LARGE = "A file is left out: it is larger than Discord takes here."
NO_FILES = "A file is left out: I may not attach files here."
NOT_SHOWN = "Discord did not take my answer, so I can't show it here."
MOST_PARTS = 5
"""More messages nobody reads, and where the bot is no member Discord takes only one more."""
REST_IN_FILE = "The whole answer is in the file."


def read(interaction: discord.Interaction[Listening], place: Place) -> Called | None:
    """What was called, None for an interaction that is not ours.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    data = cast("Mapping[str, Any]", interaction.data or {})
    writer = writer_of(interaction)
    if interaction.type is discord.InteractionType.application_command:
        name: object = data["name"]
        if not isinstance(name, str):
            raise TypeError("a command's name is no text")
        return Called(str(interaction.id), name, writer, place, options_of(data))
    if interaction.type is not discord.InteractionType.component:
        return None
    chosen = read_picker_id(data["custom_id"])
    values = cast("Sequence[str]", data.get("values") or ())
    if chosen is None or not values:
        return None
    name, options = chosen
    thread = ThreadKey.parse(values[0])
    if (thread.platform, thread.space) != (PLATFORM, place.space):
        raise ValueError("a conversation of another place was chosen")
    return Called(str(interaction.id), name, writer, place, options, thread)


def writer_of(interaction: discord.Interaction[Listening]) -> Writer:
    """Who started an interaction."""
    user = interaction.user
    return Writer(
        str(user.id),
        name_of(user),
        bool(user.bot),
        is_admin=is_admin(interaction.permissions),
        roles=roles_of(user),
    )


async def answer_control(
    interaction: discord.Interaction[Listening],
    pressed: Pressed,
    place: Place,
    inbox: Inbox,
    calls: Calls,
    acknowledged: Callable[[], None],
) -> None:
    """Do what a control says, and tell whoever used it what came of that."""
    if not await acknowledge(interaction, calls):
        return
    acknowledged()
    if pressed.action in WRITING and _is_shut(interaction):
        await calls.answer(edited(interaction, SHUT, (), dict))
        return
    try:
        press = await press_of(interaction, writer_of(interaction), place, pressed, inbox)
        reply = CommandReply(UNKNOWN) if press is None else await inbox.pressed(press)
    except BobbinError as error:
        log.warning("Control %s failed: %s", pressed.action, error)
        reply = CommandReply(error.user_text)
    await calls.answer(edited(interaction, reply.text, (), dict))


def _is_shut(interaction: discord.Interaction[Listening]) -> bool:
    """Whether it is in a thread that we can neither write into nor open again."""
    thread = interaction.channel
    if not isinstance(thread, discord.Thread) or not (thread.archived and thread.locked):
        return False
    return not interaction.app_permissions.manage_threads


async def answer(
    interaction: discord.Interaction[Listening],
    called: Called,
    run: Callable[[], Awaitable[CommandReply]],
    calls: Calls,
    acknowledged: Callable[[], None],
) -> None:
    """Run a command and show what it says.

    The answer is private from the start, because that is fixed by the acknowledgement, which
    comes before the command has run; what is meant for everybody follows as its own message.
    """
    if not await acknowledge(interaction, calls):
        return
    acknowledged()
    try:
        reply = await run()
    except BobbinError as error:
        log.warning("Command %s failed: %s", called.name, error)
        reply = CommandReply(error.user_text)
    try:
        await _show_in_part(interaction, called, reply, calls)
    except (NotAllowed, faults.Refused) as refusal:
        # Else whoever has called sees the promise of an answer until Discord takes it away.
        log.warning("The answer to %s was not shown: %s", called.name, refusal)
        await calls.answer(edited(interaction, NOT_SHOWN, (), dict))


async def acknowledge(
    interaction: discord.Interaction[Listening], calls: Calls, *, in_place: bool = False
) -> bool:
    """Say that an answer is coming; False when another process does, or it is too late.

    With `in_place` it may change the message under which something was pressed.

    Raises:
        PlatformError: It could not be said.
    """
    try:
        await calls.answer(
            lambda: interaction.response.defer(ephemeral=True, thinking=not in_place),
            seconds=ACKNOWLEDGE_SECONDS,
            repeat=False,
        )
    except PlatformError as error:
        if not is_late(error):
            raise
        return False
    return True


def is_late(error: PlatformError) -> bool:
    """Whether an interaction has been answered by another process, or can't be any more."""
    if isinstance(error, MessageGone):
        log.warning("An interaction of Discord came too late to be answered")
        return True
    return isinstance(error, faults.Refused) and error.code == faults.ALREADY_ACKNOWLEDGED


async def _show_in_part(
    interaction: discord.Interaction[Listening], called: Called, reply: CommandReply, calls: Calls
) -> None:
    """Show a reply, without its files where none are allowed."""
    try:
        await _show(interaction, called, reply, calls)
    except NotAllowed as refusal:
        if not reply.files:
            raise
        log.warning("No files are allowed here: %s", refusal)
        text = f"{reply.text}\n\n{NO_FILES}"
        await _show(interaction, called, replace(reply, text=text, files=()), calls)


async def _show(
    interaction: discord.Interaction[Listening], called: Called, reply: CommandReply, calls: Calls
) -> None:
    if reply.is_panel:
        await calls.answer(edited_panel(interaction, reply))
        return
    files, left_out = fitting(reply.files, interaction.filesize_limit)
    text = f"{reply.text}\n\n{TOO_LARGE}" if left_out else reply.text
    parts = list(pieces(rendering()(text))) or ["" if files else "Done."]
    private = reply.private or bool(reply.choices) or not _may_show(interaction, called)
    if len(parts) > MOST_PARTS:
        parts = [*parts[:2], REST_IN_FILE]
        files = (*files[:9], File("answer.md", text.encode(), "text/markdown"))
    extra = _extra(called, reply.choices)
    if private:
        await calls.answer(edited(interaction, parts[0], files, extra))
        rest, files = parts[1:], ()
    else:
        await calls.answer(edited(interaction, SHARED, (), dict))
        rest = parts
    for number, part in enumerate(rest):
        attached = files if number == len(rest) - 1 else ()
        await calls.answer(_follow_up(interaction, part, attached, private), repeat=False)


def _may_show(interaction: discord.Interaction[Listening], called: Called) -> bool:
    """Whether everybody may see the answer: where the bot is a guest, members decide by a role."""
    return (
        not called.outside
        or interaction.guild_id is None
        or interaction.permissions.use_external_apps
    )


def _follow_up(
    interaction: discord.Interaction[Listening], text: str, files: Sequence[File], private: bool
) -> Callable[[], Any]:
    return lambda: interaction.followup.send(
        content=text,
        files=uploads(files),
        ephemeral=private,
        suppress_embeds=True,
        allowed_mentions=NOBODY,
        wait=True,
    )


def _extra(called: Called, choices: Sequence[ThreadChoice]) -> Callable[[], dict[str, Any]]:
    if not offered(choices):
        return dict
    return lambda: {"view": picker(called.name, called.options, choices)}


def picker(
    name: str, options: Mapping[str, str], choices: Sequence[ThreadChoice]
) -> discord.ui.View:
    """A list of conversations to choose from; needs a running loop.

    It is stopped from the start, so that the SDK does not remember it: choices come back as
    plain interactions, which also works after a restart.
    """
    view = discord.ui.View(timeout=None)
    view.add_item(
        discord.ui.Select[discord.ui.View](
            custom_id=picker_id(name, options),
            placeholder="Choose a conversation",
            options=[
                discord.SelectOption(
                    label=cut(choice.label) or "(no words)", value=str(choice.thread)
                )
                for choice in offered(choices)
            ],
        )
    )
    view.stop()
    return view


def fitting(files: Sequence[File], most: int) -> tuple[tuple[File, ...], bool]:
    """The files that Discord takes, at most `most` bytes each, and whether any is left out."""
    kept = tuple(file for file in files if len(file.content) <= most)[:10]
    return kept, len(kept) < len(files)
