"""Replies with entries and buttons, and windows, as Discord shows them. Pure but for the SDK.

A reply with something to press is a message of components, each entry with its own buttons under
it. The SDK remembers none of it: what is pressed comes back as a plain interaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import discord

from adapters.discord.client import Listening
from adapters.discord.markup import measure
from adapters.discord.pushing import OPENS, PANEL, made
from bot.chat import CommandReply
from bot.panels import Pressed, Window, read, written

MOST_TEXT = 3900
"""Discord takes 4000 in all texts of a message together."""

LONGEST_LINE = 45


@dataclass(frozen=True, slots=True)
class Used:
    """A button or window as it was used.

    Attributes:
        pressed: What it says.
        opens: A window is wanted in answer.
        fields: What was written into a window.
    """

    pressed: Pressed
    opens: bool
    fields: Mapping[str, str]


def used(interaction: discord.Interaction[Listening]) -> Used | None:
    """What of ours was used, None for anything else.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    kinds = (discord.InteractionType.component, discord.InteractionType.modal_submit)
    if interaction.type not in kinds:
        return None
    data = cast("Mapping[str, Any]", interaction.data or {})
    kind, _, about = str(data["custom_id"]).partition(":")
    if kind not in (PANEL, OPENS):
        return None
    sent = interaction.type is discord.InteractionType.modal_submit
    fields = dict(values(data["components"])) if sent else {}
    return Used(read(about), kind == OPENS, fields)


def values(components: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    """What was written into a window's fields, by their custom ids."""
    for component in components:
        if "value" in component:
            yield component["custom_id"], str(component["value"])
        inner = component.get("component")
        yield from values([*(component.get("components") or ()), *([inner] if inner else ())])


def view_of(reply: CommandReply, render: Callable[[str], str]) -> discord.ui.LayoutView:
    """A reply as components; needs a running loop. The view is stopped from the start."""
    view = discord.ui.LayoutView(timeout=None)
    left = MOST_TEXT
    for text, buttons in (
        (reply.text, ()),
        *((entry.text, entry.buttons) for entry in reply.entries),
        ("", reply.buttons),
    ):
        if shown := _cut(render(text).strip(), left):
            left -= measure(shown)
            view.add_item(discord.ui.TextDisplay[discord.ui.LayoutView](shown))
        if buttons:
            row = discord.ui.ActionRow[discord.ui.LayoutView]()
            for button in buttons:
                row.add_item(made(button))
            view.add_item(row)
    view.stop()
    return view


def _cut(text: str, most: int) -> str:
    """As much of a text as there is room for."""
    while text and measure(text) > most:
        over = measure(text) - most
        text = text[: -max(1, over // 2)].rstrip()
    return text


def form_of(window: Window) -> dict[str, Any]:
    """A window as a form, as it is sent."""
    form = discord.ui.Modal(
        title=window.title, custom_id=f"{PANEL}:{written(window)}", timeout=None
    )
    for field in window.fields:
        style = discord.TextStyle.paragraph if field.long else discord.TextStyle.short
        written_in = discord.ui.TextInput[discord.ui.Modal](
            custom_id=field.name,
            style=style,
            default=field.text or None,
            max_length=field.most,
            required=field.required,
        )
        label = field.label[:LONGEST_LINE]
        form.add_item(discord.ui.Label(text=label, component=written_in))
    form.stop()
    return form.to_dict()
