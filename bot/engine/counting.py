"""Entries with their token counts, counted without holding anybody up."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.attached import AttachedAs
from bot.attachments.pieces import assembled, kept, parts_of
from bot.attachments.wording import reworded
from bot.chat import Incoming
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


async def as_it_reads_now(entry: Entry, event: Incoming, tokenizer: Tokenizer) -> Entry:
    """The entry with the words that its message has after an edit.

    What an attachment said was read once and stays for as long as the attachment is there. Where
    it is not known which said what, all stays until none of them is there any more.
    """
    there = [each for each in event.attachments if each.url or each.id]
    if parts_of(entry):
        ids = {each.id for each in there}
        text, pieces = assembled(event.text, kept(entry, ids))
        changed = replace(entry, text=text, pieces=pieces, edited=event.edited)
        return changed if text == entry.text else await counted(changed, tokenizer)
    # What was pasted comes first and bears no line, unless something was typed above it.
    pasted = bool(there) and there[0].kind is AttachedAs.PASTE
    text = reworded(entry.text, event.text, pasted=pasted) if there else event.text
    changed = replace(entry, text=text, pieces=(), edited=event.edited)
    return changed if text == entry.text else await counted(changed, tokenizer)
