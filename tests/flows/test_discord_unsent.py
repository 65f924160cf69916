"""A finished answer that could not be delivered: the next attempt delivers it, and asks nobody."""

from __future__ import annotations

import time

from bot.chat import Author, Incoming, MessageRef, Spot, ThreadKey
from bot.ids import new_id
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.types import Draft, Turn
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


async def test_it_is_delivered_without_asking_the_model_again(server: Valkey) -> None:
    async with weavers(server, start=False) as here:
        asked = await here.ask(here.ada, "what is a loom?")
        channel, message = str(here.general.id), str(asked.id)
        event = Incoming(
            event_id=message,
            thread=ThreadKey("discord", str(here.guild.id), channel, message),
            ref=MessageRef(channel, message),
            author=Author(str(here.ada.id), "Ada"),
            text="what is a loom?",
            at=time.time(),
            position=asked.id,
            loose=True,
            addressed=True,
        )
        client = open_redis(server.url)
        threads = Threads(client, worker="gone", clock=time.time, new_id=new_id)
        turn = await threads.begin(event)
        assert isinstance(turn, Turn)
        spot = Spot(channel, message)
        await threads.renew(turn.lease, Draft(spot, (), "stop\nA frame for weaving."))
        await threads.park(turn.lease)
        await client.aclose()

        await here.stage.start()
        await here.until_said(here.general, "A frame for weaving.")
        await here.settled()
        assert here.openai.chats == []
        here.openai.script.append(Answer("Yes."))
        [said] = here.posts(here.general)
        await here.sim.say(here.general, here.ada, "of wood?", reply_to=said)
        await here.until_said(here.general, "A frame for weaving.", "Yes.")
        assert here.openai.chats[-1].texts("assistant") == ["A frame for weaving."]
