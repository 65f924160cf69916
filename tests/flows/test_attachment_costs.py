"""What reading attachments takes, who pays for it, and what a stop makes of it."""

from __future__ import annotations

import asyncio

import pytest

from bot.attached import AttachedAs, Attachment
from bot.engine import enclosed
from tests import enclosures
from tests.flows.meadow import ADA, Field, Meadow, a_meadow
from tests.flows.test_discord_attachments import is_caption
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request, overloaded

EARS = {"OPENAI_TRANSCRIPTION_MODEL": "gpt-transcribe"}
VOICE = Attachment("voice.ogg", "audio/ogg", url="voice", kind=AttachedAs.VOICE)
LOOM = Attachment("loom.png", url="loom")


def files(here: Field) -> None:
    """What can be downloaded."""
    here.meadow.downloads.update(voice=enclosures.OGG, loom=enclosures.picture())


def taken(*requests: Request) -> int:
    """Tokens of some requests, as the simulator counts them."""
    usages = [request.usage or {} for request in requests]
    return sum(usage["prompt_tokens"] + usage["completion_tokens"] for usage in usages)


async def test_captions_count_for_whoever_asked(server: Valkey) -> None:
    async with a_meadow(server, {"BOBBIN_BUDGET_USER_TOKENS": "100000"}) as here:
        meadow, openai = here.meadow, here.stage.openai
        files(here)
        openai.on(is_caption, Answer("A red square."))
        openai.on(lambda request: not is_caption(request), Answer("It is red."))
        event = await meadow.say(meadow.event(ADA, "what is it?", attachments=(LOOM,)))
        await meadow.until_posted("It is red.")
        assert "shown once: A red square" in await here.stored()
        assert len(openai.chats) == 2
        both = taken(*openai.chats)
        usage = await meadow.call("usage", event)
        assert f"- you: {both:,} of 100,000 tokens" in usage.text


async def test_what_is_heard_is_paid_for_and_no_request_of_its_own(server: Valkey) -> None:
    extra = {**EARS, "BOBBIN_BUDGET_USER_COST": "1", "BOBBIN_REQUESTS_PER_MINUTE": "1"}
    extra["BOBBIN_MEMORY_TOOLS"] = "off"
    async with a_meadow(server, extra) as here:
        meadow, openai = here.meadow, here.stage.openai
        meadow.downloads["voice"] = enclosures.OGG + b"\0" * 400_000
        openai.script.append(Answer("Yes."))
        event = await meadow.say(meadow.event(ADA, "", attachments=(VOICE,)))
        await meadow.until_posted("Yes.")
        await here.stored()
        [heard] = openai.transcriptions
        dollars = (heard.body or {})["file"].seconds / 60 * 0.0045
        assert dollars > 0.0075
        assert f"${dollars:.4f} of $1.00" in (await meadow.call("usage", event)).text


async def test_over_budget_nothing_is_heard(server: Valkey) -> None:
    async with a_meadow(server, {**EARS, "BOBBIN_BUDGET_USER_COST": "0.0001"}) as here:
        meadow = here.meadow
        files(here)
        await meadow.say(meadow.event(ADA, "", attachments=(VOICE,)))
        await meadow.until(lambda: bool(meadow.posts))
        [said] = meadow.posts.values()
        assert "is all that you may use" in said
        assert not here.stage.openai.requests


async def test_a_caption_that_does_not_come_holds_nobody_up_for_long(
    server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclosed, "PATIENCE_SECONDS", 0.05)
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        files(here)
        openai.on(is_caption, overloaded(), times=None)
        openai.on(lambda request: not is_caption(request), Answer("It is red."))
        await meadow.say(meadow.event(ADA, "what is it?", attachments=(LOOM,)))
        await meadow.until_posted("It is red.")
        stored = await here.stored()
        assert "loom.png" in stored
        assert "shown once" not in stored


async def test_a_stop_while_attachments_are_read_ends_the_turn(
    server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching = asyncio.Event()

    async def hang(meadow: Meadow, attachment: Attachment, most_bytes: int) -> bytes:
        fetching.set()
        await asyncio.Event().wait()
        return b""

    monkeypatch.setattr(Meadow, "download", hang)
    async with a_meadow(server) as here:
        meadow = here.meadow
        event = await meadow.say(meadow.event(ADA, "look", attachments=(LOOM,)))
        await asyncio.wait_for(fetching.wait(), 50)
        await meadow.call("stop", event)
        await here.stored()
        assert not here.stage.openai.chats


async def test_attachments_that_are_off_are_named(server: Valkey) -> None:
    async with a_meadow(server, {"BOBBIN_ATTACHMENT_MB": "0"}) as here:
        meadow = here.meadow
        files(here)
        here.stage.openai.script.append(Answer("Hm."))
        await meadow.say(meadow.event(ADA, "look", attachments=(LOOM,)))
        await meadow.until_posted(
            'Hm.\n\n*(Not read: "loom.png" (reading attachments is switched off).)*'
        )
