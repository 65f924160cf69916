"""The controls under an answer: buttons that need no memory, and what using one tells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import discord

from adapters.discord.pushing import custom_id, made
from adapters.discord.translate import author_of, held_by
from adapters.discord.values import PLATFORM, Place, Writer
from bot.chat import MessageRef, Press
from bot.controls import Action, Presentation
from bot.inbox import Inbox

GREY, BLUE, RED = (
    discord.ButtonStyle.secondary,
    discord.ButtonStyle.primary,
    discord.ButtonStyle.danger,
)

BUTTONS: Mapping[Action, tuple[str | None, str | None, discord.ButtonStyle]] = {
    Action.STOP: ("Stop", None, RED),
    Action.CONTINUE: ("Continue", None, BLUE),
    Action.REGENERATE: ("Regenerate", None, GREY),
    Action.GOOD: (None, "👍", GREY),
    Action.BAD: (None, "👎", GREY),
}
"""Label, emoji and style; all of an answer's fit into one row, on phones too."""

UNKNOWN = "I no longer know this conversation."


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button says: what for, and the id of the turn whose answer it is."""

    action: Action
    turn: str


class Hears(Protocol):
    """A client that takes what buttons say."""

    async def on_control(self, interaction: discord.Interaction[Any], press: Pressed) -> None:
        """Somebody used a control."""
        ...


class Control(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=re.compile(rf"control:(?P<action>{'|'.join(Action)}):(?P<turn>[a-z0-9]{{1,40}})"),
):
    """A button that says all it is about by its id.

    The SDK keeps nothing of it for each message, and knows it again after a restart.
    """

    def __init__(self, action: Action, turn: str) -> None:
        label, emoji, style = BUTTONS[action]
        super().__init__(
            discord.ui.Button[discord.ui.View](
                label=label, emoji=emoji, style=style, custom_id=f"control:{action}:{turn}"
            )
        )
        self.press = Pressed(action, turn)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Control:
        """The button that was pressed."""
        return cls(Action(match["action"]), match["turn"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand it to the client."""
        await cast("Hears", interaction.client).on_control(interaction, self.press)


def buttons(look: Presentation) -> discord.ui.View | None:
    """The rows under a message, None for none; needs a running loop.

    It is stopped from the start, so that the SDK does not remember it either.
    """
    if not (look.actions or look.buttons):
        return None
    view = discord.ui.View(timeout=None)
    for action in look.actions:
        view.add_item(Control(action, look.turn))
    for button in look.buttons:
        pushed = made(button)
        pushed.row = 1
        view.add_item(pushed)
    view.stop()
    return view


def carries(message: Mapping[str, Any], look: Presentation) -> bool:
    """Whether a message, as Discord tells of it, has exactly these controls."""
    wanted = [f"control:{action}:{look.turn}" for action in look.actions]
    wanted += [custom_id(button) for button in look.buttons]
    rows = cast("Sequence[Mapping[str, Any]]", message.get("components") or ())
    # Beside rows of buttons there may be the message's text.
    shown = [button for row in rows for button in row.get("components") or ()]
    return wanted == [button.get("custom_id") for button in shown]


async def press_of(
    interaction: discord.Interaction[Any],
    writer: Writer,
    place: Place,
    pressed: Pressed,
    inbox: Inbox,
) -> Press | None:
    """The press for the engine; None in a conversation that is not known any more.

    Where it was comes from what Discord says of the message, never from the button.

    Raises:
        StoreError: Outside any thread the conversation has to be looked up.
    """
    message = interaction.message
    if message is None:
        return None
    ref = MessageRef(place.id, str(message.id))
    thread = held_by(place) or await inbox.thread_of(PLATFORM, place.space, ref)
    if thread is None:
        return None
    return Press(
        event_id=str(interaction.id),
        action=pressed.action,
        turn=pressed.turn,
        author=author_of(writer),
        thread=thread,
        ref=ref,
        position=interaction.id,
        at=interaction.created_at.timestamp(),
        direct=interaction.guild_id is None,
        confined=place.private,
    )
