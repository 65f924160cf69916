"""An answer as people see it on each platform while it grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from adapters.discord import markup as discord_markup
from adapters.discord import render as discord
from adapters.slack import markup as slack_markup
from adapters.slack import render as slack
from bot.markdown.rendering import Rendering
from bot.reply.split import Splitter

Platform = Callable[[], tuple[Rendering, Splitter]]


def on_discord() -> tuple[Rendering, Splitter]:
    """What renders for Discord, and what splits for it."""
    render = discord.rendering()
    most = discord_markup.MAX_CHARS
    return render, Splitter(most, lambda text: discord.measure_shown(render, text))


def on_slack() -> tuple[Rendering, Splitter]:
    """What renders for Slack, and what splits for it."""
    render = slack.rendering()
    most = slack_markup.MAX_CHARS
    return render, Splitter(most, lambda text: slack.measure_shown(render, text))


def beginnings(text: str, splitter: Splitter) -> Iterator[str]:
    """The first message of an answer that comes character by character, before it is rendered."""
    for end in range(1, len(text) + 1):
        parts = splitter.parts(text[:end], final=end == len(text))
        if parts:
            yield parts[0].text
