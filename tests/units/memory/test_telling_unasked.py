"""What was remembered unasked is told once, however long a platform makes that wait."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.audience import Audience
from bot.capabilities import Capabilities
from bot.channel import ChannelSettings
from bot.chat import MessageRef
from bot.commands.memory_texts import unasked
from bot.engine.capturing import Capturing
from bot.memories import Kind, Memory
from bot.memory.gates import Admitted
from bot.memory.proposals import dump, propose
from bot.records import Summary
from bot.storage import keys
from bot.storage.keys import place_of
from tests.units.memory.parts import CHANNEL, THREAD, Parts

SHOWN = Capabilities(max_chars=4_000, people_per_space=True)
FOLD = "fold-1"


def capturing(parts: Parts, new_id: Callable[[], str]) -> Capturing:
    """As the bot has it, but that it says at once that it still tells people."""
    return Capturing(
        memories=parts.memories,
        threads=parts.threads,
        claims=parts.threads.claims("bobbin"),
        system="",
        bots=lambda platform: (),
        unfit=lambda content: "",
        clock=parts.clock,
        days=14,
        buttons=unasked,
        new_id=new_id,
        still=0.01,
    )


async def folded(parts: Parts) -> str:
    """Have something said and folded; what is proposed of it."""
    message = await parts.say("we deploy on Fridays", THREAD, "UADA")
    await parts.threads.set_channel(place_of(THREAD), ChannelSettings(memory=True))
    entries = await parts.threads.entries_after(THREAD, 0, 1)
    item = Admitted("We deploy on Fridays.", Kind.DECISION, "", (), 0.0, "UADA", (message,))
    below = MessageRef(THREAD.channel, message)
    proposals = propose(FOLD, CHANNEL, 0, entries, [item], parts.clock(), below)
    proposed = dump(proposals)
    assert await parts.threads.fold(
        THREAD, Summary(), Summary("so far", entries[-1].seq, 1, "model"), proposed=proposed
    )
    return proposed


async def test_nobody_else_tells_it_while_telling_it_takes_long(parts: Parts) -> None:
    proposed = await folded(parts)
    numbers = itertools.count(1)
    one = capturing(parts, lambda: f"try{next(numbers)}")
    another = replace(one, new_id=lambda: f"other{next(numbers)}")
    everybody = Audience("slack", "T1", "C1", THREAD)
    telling, told = asyncio.Event(), asyncio.Event()
    heard: list[str] = []

    async def slowly(kept: Sequence[Memory]) -> None:
        telling.set()
        await told.wait()
        heard.extend(each.text.content for each in kept)

    first = asyncio.create_task(one.keep(THREAD, proposed, everybody, SHOWN, slowly))
    async with asyncio.timeout(50):
        await telling.wait()
        claim = keys.claim("bobbin", f"telling:{FOLD}")
        # Its minute is over.
        await parts.client.delete(claim)
        while not await parts.client.exists(claim):  # noqa: ASYNC110 - nobody reports it
            await asyncio.sleep(0)
        await another.keep(THREAD, proposed, everybody, SHOWN, slowly)
        told.set()
        await first
    assert heard == ["We deploy on Fridays."]
    assert (await parts.threads.take_window(THREAD)).proposed == ()
