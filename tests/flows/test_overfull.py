"""Somebody writes faster than answers come."""

from __future__ import annotations

import time

from bot.engine import texts
from tests.flows.acme import acme
from tests.flows.seen import SERVED, look_at
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

EXTRA = SERVED | {"BOBBIN_WAITING_MESSAGES": "2"}
WAITING = ["first of those that wait", "second"]
OVER = ["third", "fourth", "fifth"]
FIGURE = "bobbin_overfull_messages_total"


async def test_on_slack_what_is_too_much_is_not_taken_and_people_are_told_once(
    server: Valkey,
) -> None:
    # Its messages are of now: what is told late is taken.
    now = {"epoch": int(time.time())}
    async with (
        acme(server, extra=EXTRA, slack=now) as here,
        look_at(here.stage.app.address) as seen,
    ):
        held = Answer("Now to the others.").hold()
        here.openai.script.extend([held, Answer("Both."), Answer("Now yes.")])
        root = here.ask(here.ada, "take your time")
        await here.until_asked(1)
        for text in WAITING:
            here.say(root, here.ada, text)
        await here.sim.settled()
        late = [here.say(root, here.ben, text) for text in OVER]
        await here.until_said(root, texts.OVERFULL)
        # Delivered again it is what it was: not taken.
        here.sim.redeliver(late[0])
        await here.sim.settled()
        held.release_all()
        await here.until_said(root, texts.OVERFULL, "Now to the others.", "Both.")
        await here.settled()
        here.sim.redeliver(late[1])
        await here.sim.settled()
        here.say(root, here.ben, "third, once more")
        await here.until_said(root, texts.OVERFULL, "Now to the others.", "Both.", "Now yes.")
        await here.settled()
        said = here.openai.chats[-1].text
        assert all(text in said for text in WAITING) and "once more" in said
        assert not any(text in said.replace("third, once more", "") for text in OVER)
        assert await seen.figure(FIGURE, platform="slack") == len(OVER)


async def test_on_discord_too(server: Valkey) -> None:
    async with weavers(server, extra=EXTRA) as here, look_at(here.stage.app.address) as seen:
        thread = await here.conversation()
        held = Answer("Now to the others.").hold()
        here.openai.script.extend([held, Answer("Both.")])
        await here.sim.say(thread, here.ada, "take your time")
        await here.until_asked(2)
        for text in [*WAITING, *OVER]:
            await here.sim.say(thread, here.ben, text)
        hello = here.said(thread)[0]
        await here.until_said(thread, hello, texts.OVERFULL)
        # People are told of the first one; the others would be taken once there is room.
        await seen.until_figure(FIGURE, len(OVER), platform="discord")
        held.release_all()
        await here.until_said(thread, hello, texts.OVERFULL, "Now to the others.", "Both.")
        await here.settled()
        said = here.openai.chats[-1].text
        assert all(text in said for text in WAITING)
        assert not any(text in said for text in OVER)
