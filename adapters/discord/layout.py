"""Long answers as Components V2: one message of up to 4,000 characters, where plain text has 2,000.

A message begins as plain text, which people can search, quote and read in a notification. The edit
that makes it too long for that turns it into components, and it stays so: Discord lets nobody take
the flag away. Its text is then in its components, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import discord
from discord.http import MultipartParameters, handle_message_parameters

from adapters.discord.controls import Control
from adapters.discord.expiring import Expiring
from adapters.discord.markup import MAX_CHARS, measure
from adapters.discord.pushing import made
from bot.controls import PLAIN, Presentation

INVALID_FORM = 50035
"""Discord's code for a body with a field that does not go with the message."""

MOST_IN_COMPONENTS = 3950
"""Discord takes 4000 in all texts of a message together; the rest is left for what is added."""

TEXT_DISPLAY = 10
KEPT_SECONDS = 3600.0


def laid_out(text: str, look: Presentation = PLAIN) -> discord.ui.LayoutView:
    """`text` with its controls in a row under it; needs a running loop.

    The view is stopped from the start, so that the SDK does not remember it.
    """
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(discord.ui.TextDisplay[discord.ui.LayoutView](text))
    if look.actions:
        row = discord.ui.ActionRow[discord.ui.LayoutView]()
        for action in look.actions:
            row.add_item(Control(action, look.turn))
        view.add_item(row)
    if look.buttons:
        below = discord.ui.ActionRow[discord.ui.LayoutView]()
        for button in look.buttons:
            below.add_item(made(button))
        view.add_item(below)
    view.stop()
    return view


def edit_of(text: str, look: Presentation = PLAIN) -> MultipartParameters:
    """The request that turns a message into components, or changes one that is."""
    # Whoever is named is not to be notified: an edit that does not say so goes by the defaults.
    return handle_message_parameters(
        content=None,
        embeds=[],
        view=laid_out(text, look),
        flags=discord.MessageFlags(suppress_embeds=True),
        allowed_mentions=discord.AllowedMentions.none(),
    )


def texts_in(components: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The texts of raw components, in their order, however deep they are."""
    for component in components:
        if component.get("type") == TEXT_DISPLAY:
            yield str(component.get("content", ""))
        yield from texts_in(cast("list[dict[str, Any]]", component.get("components") or ()))


def said_by(fields: Mapping[str, Any]) -> str:
    """What a message says, from its raw fields: its content, or the texts of its components."""
    components = cast("list[dict[str, Any]]", fields.get("components") or ())
    return str(fields.get("content") or "") or "\n".join(texts_in(components))


def is_laid_out(fields: Mapping[str, Any]) -> bool:
    """Whether a message consists of components, from its raw fields."""
    flags = discord.MessageFlags()
    flags.value = int(fields.get("flags") or 0)
    return flags.components_v2


def may_be_laid_out(code: int) -> bool:
    """Whether a refused edit may have been of a message that another process has laid out."""
    return code == INVALID_FORM


class Presenter:
    """Decides for each message whether it is plain text or components.

    Args:
        components: Long messages may be components.
        clock: Seconds, never going back.
    """

    def __init__(self, components: bool, clock: Callable[[], float]) -> None:
        self._components = components
        self._laid_out: Expiring[bool] = Expiring(clock)

    @property
    def max_chars(self) -> int:
        """The longest text of one message, in units of `measure`."""
        return MOST_IN_COMPONENTS if self._components else MAX_CHARS

    def is_laid_out(self, text: str, message: str = "") -> bool:
        """Whether `text` has to be components: it is long, or its message is that already.

        The latter also where long messages are plain text by now: the setting may have changed.
        """
        long = self._components and measure(text) > MAX_CHARS
        return long or self._laid_out.get(message) is not None

    def became(self, message: str) -> None:
        """A message consists of components from now on."""
        self._laid_out.put(message, True, KEPT_SECONDS)
