"""Menus, lists, forum posts and components on Discord, with the whole bot behind them."""

from __future__ import annotations

from tests.flows.weavers import POST, Weavers, labels, panel, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Message
from tests.simulators.openai_sim import Answer

LAID_OUT = 1 << 15


async def test_a_thread_is_forgotten_from_the_menu_of_any_of_its_messages(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        [answer] = here.posts(thread)
        menu = await here.sim.message_menu(answer, here.ada, "Forget this thread")
        told = await menu.answered()
        assert panel(told).startswith("**Forget this conversation?** That erases 2 messages")
        assert told.ephemeral
        await here.press(told, here.ada, "Keep it")
        assert panel(told) == "Nothing was erased."
        assert "Hello Ada" in await here.stored()
        told = await (
            await here.sim.message_menu(answer, here.ada, "Forget this thread")
        ).answered()
        await here.press(told, here.ada, "Forget it")
        assert panel(told).startswith("Forgotten: 2 messages")
        assert "Hello Ada" not in await here.stored()
        here.check()


async def test_strangers_complete_nothing_of_other_peoples_conversations(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("why is the weft red?")
        mine = await here.sim.autocomplete(here.general, here.ada, "usage", "thread", "WEFT")
        other = await here.sim.autocomplete(here.general, here.ben, "usage", "thread", "")
        [choice] = await mine.completed()
        assert "why is the weft red?" in choice["name"]
        assert await other.completed() == []
        called = await here.sim.slash(here.general, here.ada, "usage", thread=choice["value"])
        assert "2 messages stored" in (await called.answered()).content
        # What Ben has been told by somebody else does not let him in.
        denied = await here.sim.slash(here.general, here.ben, "usage", thread=choice["value"])
        assert "took part" in (await denied.answered()).content
        beside = await here.sim.slash(thread, here.ada, "usage", thread="no such title")
        assert (await beside.answered()).components
        here.check()


async def test_a_forum_post_that_is_on_its_way_is_answered(server: Valkey) -> None:
    async with weavers(server) as here:
        forum = await here.sim.add_forum_channel(here.guild, "questions")
        here.openai.script.append(Answer("Oil it."))
        text = f"{here.mention} what now?"
        post = await here.sim.start_thread(
            forum, None, "The loom jams", here.ada, text=text, unready=1
        )
        await here.until_said(post, "Oil it.")
        assert "**The loom jams**" in here.openai.chats[0].last_user_text
        here.check()


async def test_a_long_answer_is_one_message_of_components(server: Valkey) -> None:
    long = "\n\n".join(f"{number}. weft over warp, warp over weft" for number in range(80))
    async with weavers(server, extra={"DISCORD_PRESENTATION": "components"}) as here:
        here.openai.script.append(Answer(long))
        thread = await here.thread_of(await here.ask(here.ada, "how is it done?"))
        await here.sim.until(
            lambda: [each.versions[-1].shown.strip() for each in here.posts(thread)] == [long]
        )
        await here.settled()
        [message] = here.posts(thread)
        assert message.flags & LAID_OUT
        # It grew in one message, which began as plain text that a notification can show.
        assert message.history[0] != ""
        here.openai.script.append(Answer("Gladly."))
        await here.sim.say(thread, here.ada, "thank you")
        await here.sim.until(lambda: here.said(thread)[-1] == "Gladly.")
        here.check()


async def test_an_answer_of_components_is_stopped_and_given_anew(server: Valkey) -> None:
    line = "weft over warp, warp over weft"
    long = "\n\n".join(f"{number}. {line}" for number in range(80))
    answer = Answer([long[:2500], long[2500:]]).hold(after=1)
    async with weavers(server, extra={"DISCORD_PRESENTATION": "components"}) as here:
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "how is it done?"))
        await here.sim.until(lambda: here.posts(thread) and here.posts(thread)[0].flags & LAID_OUT)
        [message] = here.posts(thread)
        await here.press(message, here.ada, "Stop")
        await here.sim.until(lambda: shown(message).endswith("*(stopped)*"))
        await here.settled()
        assert labels(message) == ["Continue", "Regenerate"]
        for again, parts in (("Quite short this time.", 1), (f"{long}\n\n{long}", 2)):
            here.openai.script.append(Answer(again))
            await here.press(message, here.ada, "Regenerate")
            await here.sim.until(lambda again=again: said_in(here, thread) == again.split())
            await here.settled()
            assert len(here.posts(thread)) == parts and here.posts(thread)[0] is message
            assert "Regenerate" in labels(here.posts(thread)[-1])
            message = here.posts(thread)[0]
            if parts == 1:
                assert labels(message) == ["Regenerate"]
        assert here.posts(thread)[0].flags & LAID_OUT
        here.check()


def shown(message: Message) -> str:
    """What people see of a message."""
    return message.versions[-1].shown.strip()


def said_in(here: Weavers, channel: Channel) -> list[str]:
    """The words of all answers in a channel."""
    return " ".join(shown(message) for message in here.posts(channel)).split()


async def test_where_it_may_not_write_it_asks_once(server: Valkey) -> None:
    async with weavers(server) as here:
        await here.sim.deny(here.general, "create_public_threads")
        # What the bot knows of permissions may be wrong; a second post would be taken.
        here.sim.faults.add(POST, code=50013)
        here.openai.script.extend([Answer("Nobody sees this.")] * 3)
        await here.ask(here.ada, "hello?")
        await here.sim.until(lambda: here.sim.invalid_requests > 0)
        await here.settled()
        refused = here.sim.invalid_requests
        for number in (2, 3):
            await here.ask(here.ada, "hello?")
            await here.until_asked(number)
            await here.settled()
        assert here.sim.invalid_requests == refused
        assert here.sim.calls_by_route()[POST] <= 1
