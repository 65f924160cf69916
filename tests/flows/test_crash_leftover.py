"""What a process that has died left over of a reply is deleted by another one."""

from __future__ import annotations

from bot.chat import MessageRef, ThreadKey
from bot.storage.codec import dump_leftover
from bot.storage.connect import open_redis
from bot.storage.keys import ThreadKeys
from bot.storage.types import Leftover
from tests.flows.weavers import weavers
from tests.servers import Valkey


async def test_a_message_that_was_left_over_is_deleted_by_whoever_is_there(server: Valkey) -> None:
    async with weavers(server) as place:
        thread = await place.conversation()
        [post] = place.posts(thread)
        key = ThreadKey("discord", str(place.guild.id), str(place.general.id), str(thread.id))
        left = dump_leftover(Leftover(key, MessageRef(str(thread.id), str(post.id))))
        index = ThreadKeys(key).bucket.leftovers
        client = open_redis(server.url)
        await client.zadd(index, {left: 1})
        await place.sim.until(lambda: place.posts(thread) == [])
        while await client.exists(index):
            pass
        await client.aclose()
