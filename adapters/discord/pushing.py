"""Buttons that say by themselves what they call, wherever they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from bot.panels import Button, Style, written

PANEL, OPENS = "panel", "opens"
"""What the custom ids of these buttons begin with; the second opens a window."""

STYLES: Mapping[Style, discord.ButtonStyle] = {
    Style.PLAIN: discord.ButtonStyle.secondary,
    Style.MAIN: discord.ButtonStyle.primary,
    Style.DANGER: discord.ButtonStyle.danger,
}


def custom_id(button: Button) -> str:
    """By which Discord tells that it was pressed."""
    return f"{OPENS if button.opens else PANEL}:{written(button)}"


def made(button: Button) -> discord.ui.Button[Any]:
    """The button, for a row of any view."""
    return discord.ui.Button[Any](
        label=button.label, style=STYLES[button.style], custom_id=custom_id(button)
    )
