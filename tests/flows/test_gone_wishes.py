"""Whoever wanted an answer anew is gone: the old one stays, on the platform as in the log."""

from __future__ import annotations

import itertools
import time
from typing import Any

from bot.chat import Author, Incoming, MessageRef, Press, Removal
from bot.commands.presses import wanted_by
from bot.controls import Action, Presentation
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.types import Turn
from tests.flows.meadow import ADA, a_meadow
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BOSS = Author("9", "Boss", is_admin=True)
OLD = "The old answer."
NEW = "The new answer."


async def answered(here: Any) -> Incoming:
    """Ada's question, which has its answer; the boss has talked before."""
    meadow, script = here.meadow, here.stage.openai.script
    script.append(Answer("Hello Boss."))
    await meadow.say(meadow.event(BOSS, "hi"))
    await meadow.until_posted("Hello Boss.")
    await here.stored()
    script.append(Answer(OLD))
    asked = await meadow.say(meadow.event(ADA, "What?"))
    await meadow.until(lambda: OLD in meadow.posts.values())
    await here.stored()
    return asked


async def test_a_turn_that_is_taken_over_leaves_it_there(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow = here.meadow
        asked = await answered(here)
        newest = list(meadow.posts)[-1]
        client = open_redis(server.url)
        ids = (f"x{number}" for number in itertools.count())
        threads = Threads(
            client, worker="dead", clock=time.time, new_id=lambda: next(ids), lease_seconds=2
        )
        ref = MessageRef(asked.thread.thread, newest)
        turn = meadow.looks[newest].turn
        press = Press("p99", Action.REGENERATE, turn, BOSS, asked.thread, ref, 99, asked.at)
        seen = await threads.take_window(asked.thread)
        wanted = wanted_by(press, seen)
        assert not isinstance(wanted, str)
        begun = await threads.begin_again(
            press.event_id, seen, wanted.again, wanted.mail, wanted.draft, wanted.askers, nonce="n"
        )
        # Its process is dead; whoever asked for it leaves the server meanwhile.
        assert isinstance(begun, Turn)
        await (await meadow.inbox()).deleted(
            Removal(asked.thread.platform, asked.thread.space, "", person=BOSS.id)
        )
        assert OLD in await here.stored()
        assert OLD in meadow.posts[newest]
        assert len(here.stage.openai.chats) == 2
        await client.aclose()


async def test_it_is_shown_again_if_the_new_one_stands_there_already(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow = here.meadow
        asked = await answered(here)
        gone = Removal(asked.thread.platform, asked.thread.space, "", person=BOSS.id)
        inbox = await meadow.inbox()
        left: list[str] = []

        async def leaves(text: str, look: Presentation) -> None:
            if Action.REGENERATE in look.actions and NEW in text and not left:
                left.append(text)
                await inbox.deleted(gone)

        meadow.after_edit = leaves
        here.stage.openai.script.append(Answer(NEW))
        await meadow.press(Action.REGENERATE, asked, BOSS)
        await meadow.until(lambda: bool(left))
        stored = await here.stored()
        newest = list(meadow.posts)[-1]
        assert OLD in stored and NEW not in stored
        assert OLD in meadow.posts[newest] and NEW not in meadow.posts[newest]
        assert Action.REGENERATE in meadow.looks[newest].actions
