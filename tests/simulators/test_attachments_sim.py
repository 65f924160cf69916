"""What the simulators demand of pictures, recordings and file hosts."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import openai
import pytest

from tests import enclosures
from tests.simulators.discord_sim import DiscordSimulator
from tests.simulators.openai_sim import OpenAISimulator
from tests.simulators.openai_sim.catalogue import local_model
from tests.simulators.openai_sim.sdk import client_of
from tests.simulators.slack_sim import SlackSimulator


@asynccontextmanager
async def asking() -> AsyncIterator[tuple[OpenAISimulator, openai.AsyncOpenAI]]:
    """A model and its client."""
    async with OpenAISimulator() as sim:
        async with client_of(sim) as client:
            yield sim, client


def message(url: str, **image: Any) -> Any:
    """A prompt with a picture."""
    part = {"type": "image_url", "image_url": {"url": url, **image}}
    return [{"role": "user", "content": [{"type": "text", "text": "what is it?"}, part]}]


def data_url(kind: str, data: bytes) -> str:
    """A picture as an address."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


PNG = data_url("image/png", enclosures.picture())


async def test_a_picture_is_seen_and_measured() -> None:
    async with asking() as (sim, client):
        await client.chat.completions.create(
            model="gpt-6-luna", messages=message(PNG, detail="low")
        )
        [picture] = sim.chats[0].pictures
        assert (picture.size, picture.detail, sim.chats[0].messages[0].images) == (
            (64, 48),
            "low",
            1,
        )
        jpeg = data_url("image/jpeg", enclosures.picture(30, 20, "JPEG"))
        await client.chat.completions.create(model="gpt-6-luna", messages=message(jpeg))
        assert sim.chats[1].pictures[0].size == (30, 20)


@pytest.mark.parametrize(
    ("url", "image"),
    [
        ("data:image/png;base64,####", {}),
        ("data:image/png,plain", {}),
        (data_url("image/tiff", b"II*\0"), {}),
        (data_url("image/jpeg", enclosures.picture()), {}),
        (data_url("image/gif", enclosures.moving()), {}),
        (PNG, {"detail": "enormous"}),
    ],
)
async def test_wrong_pictures_are_refused(url: str, image: dict[str, Any]) -> None:
    async with asking() as (_, client):
        with pytest.raises(openai.BadRequestError):
            await client.chat.completions.create(model="gpt-6-luna", messages=message(url, **image))


async def test_a_local_model_takes_no_pictures() -> None:
    async with asking() as (sim, client):
        sim.models["local"] = local_model("local")
        with pytest.raises(openai.BadRequestError, match="does not support image"):
            await client.chat.completions.create(model="local", messages=message(PNG))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"file": ("a.ogg", enclosures.OGG, "audio/ogg")}, 200),
        ({"file": ("a.ogg", enclosures.OGG), "language": "de"}, 200),
        ({"file": ("a.txt", enclosures.OGG)}, 400),
        ({"file": ("a.mp3", enclosures.OGG)}, 400),
        ({"file": ("a.ogg", enclosures.OGG), "model": "gpt-6-luna"}, 404),
        ({"file": ("a.ogg", enclosures.OGG), "extra_body": {"speed": 2}}, 400),
        ({"file": ("a.ogg", b"OggS" + b"\0" * (25 * 2**20))}, 413),
    ],
)
async def test_recordings(fields: dict[str, Any], status: int) -> None:
    async with asking() as (sim, client):
        try:
            await client.audio.transcriptions.create(**({"model": "gpt-transcribe"} | fields))
        except openai.APIStatusError as error:
            assert error.status_code == status
        assert sim.transcriptions[0].status == status


async def test_addresses_of_discord_files_are_signed_and_expire() -> None:
    async with DiscordSimulator() as sim, aiohttp.ClientSession() as session:
        guild = await sim.add_guild()
        channel = await sim.add_text_channel(guild)
        ada = sim.add_user("ada")
        said = await sim.say(channel, ada, "look", attachments=[("a.txt", b"words")])
        url = sim.world.link(channel, said.attachments[0])

        async def get(address: str) -> int:
            async with session.get(address) as answer:
                return answer.status

        assert await get(url) == 200
        assert await get(url.replace("hm=", "hm=0")) == 404
        sim.expire_links()
        assert await get(url) == 404
        assert await get(sim.world.link(channel, said.attachments[0])) == 200
        async with session.get(url, headers={"Authorization": "Bot x"}):
            assert sim.violations


async def test_slack_files_ask_for_the_token_and_its_scope() -> None:
    async with SlackSimulator() as sim, aiohttp.ClientSession() as session:
        ada = sim.add_user("Ada")
        file = sim.add_file(ada, "a.txt", b"words")
        base = f"{sim.state.base_url}/files-pri/{file.team}-{file.id}/a.txt"

        async def get(token: str) -> tuple[int, str, bytes]:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with session.get(base, headers=headers) as answer:
                return answer.status, answer.content_type, await answer.read()

        assert await get(sim.workspace.token) == (200, "text/plain", b"words")
        for token in ("", "xoxb-wrong"):
            status, kind, _ = await get(token)
            assert (status, kind) == (200, "text/html")
