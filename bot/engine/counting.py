"""What an entry costs in tokens, counted without holding anybody up."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.context.render import entry_tokens
from bot.context.tokens import Tokenizer
from bot.records import Entry

QUICK = 100_000
"""Characters that are counted without leaving the event loop."""


async def counted(entry: Entry, tokenizer: Tokenizer) -> Entry:
    """The entry with its token count; long texts are counted in a thread."""
    if len(entry.text) > QUICK:
        return replace(entry, tokens=await asyncio.to_thread(entry_tokens, entry, tokenizer))
    return replace(entry, tokens=entry_tokens(entry, tokenizer))
