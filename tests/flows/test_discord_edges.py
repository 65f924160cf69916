"""Things that happen at the wrong moment, and places where the bot can't do much."""

from __future__ import annotations

import asyncio

from adapters.discord.muted import FORBIDDEN, LOCKED
from bot.errors import NotTaken
from tests.flows.weavers import MAKE_THREAD, POST, asked_last, weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request

BEGINNING = "Once upon a time there was a loom. "


async def test_where_the_bot_may_not_write_it_asks_no_model_and_says_so_in_private(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        mute = await here.sim.add_text_channel(here.guild, "mute")
        await here.sim.deny(mute, "send_messages", "send_messages_in_threads")
        private = here.sim.open_dm(here.ada)
        why = FORBIDDEN.format(place=mute.id, permission="Send Messages")
        await here.ask(here.ada, "hello?", mute)
        await here.until_said(private, why)
        # Once is enough, and who only talks there is told nothing.
        await here.sim.say(mute, here.ben, "nobody is there")
        await here.ask(here.ben, "hello?", mute)
        await here.settled()
        assert here.said(private) == [why] and here.said(here.sim.open_dm(here.ben)) == []
        assert here.said(mute) == [] and here.openai.chats == []
        assert here.sim.invalid_requests == 0
        await here.conversation("and here?", "Here I can.")


async def test_a_message_that_is_edited_into_a_mention_there_is_told_the_same(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        mute = await here.sim.add_text_channel(here.guild, "mute")
        await here.sim.deny(mute, "send_messages", "send_messages_in_threads")
        said = await here.sim.say(mute, here.ada, "hello?")
        await here.sim.edit(said, f"{here.mention} hello?")
        private = here.sim.open_dm(here.ada)
        await here.until_said(private, FORBIDDEN.format(place=mute.id, permission="Send Messages"))
        await here.settled()
        assert here.said(mute) == [] and here.openai.chats == []
        assert here.sim.invalid_requests == 0


async def test_an_old_message_that_is_edited_in_a_locked_thread_is_no_call(server: Valkey) -> None:
    async with weavers(server) as here:
        await here.sim.deny(here.general, "manage_threads")
        thread = await here.conversation("hi there")
        here.openai.script.append(Answer("A story."))
        asked = await here.ask(here.ada, "tell me a story", thread)
        await here.sim.until(lambda: here.said(thread)[-1] == "A story.")
        await here.settled()
        await here.sim.archive(thread, locked=True)
        await here.sim.edit(asked, f"{here.mention} tell me a tale")
        await here.conversation("and here?", "Here I can.")
        assert here.said(here.sim.open_dm(here.ada)) == []
        assert "tell me a tale" in await here.stored()


async def test_a_question_that_is_deleted_at_once_is_not_answered(server: Valkey) -> None:
    async with weavers(server) as here:
        gate = asyncio.Event()
        making = here.sim.faults.add(MAKE_THREAD, gate=gate)
        here.openai.on(lambda request: "never" in request.last_user_text, Answer(BEGINNING))
        asked = await here.ask(here.ada, "never mind")
        await making.arrived.wait()
        await here.sim.delete(asked)
        gate.set()
        await here.settled()
        assert here.said(here.general) == []
        assert here.sim.thread_of(asked) is None
        await here.conversation("now for real", "For real.")


async def test_a_thread_that_is_locked_meanwhile_is_left_alone(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        await here.sim.deny(here.general, "manage_threads")
        answer = Answer([BEGINNING, "The end."]).hold()
        here.openai.script.append(answer)
        await here.sim.say(thread, here.ada, "tell me a story")
        await here.until_asked(2)
        await here.sim.archive(thread, locked=True)
        answer.release_all()
        await here.settled()
        assert here.said(thread) == ["Hello Ada, how are you?"]
        # Those who may still write there are overheard, and cost no call.
        role = await here.sim.add_role(here.guild, "Keepers", "manage_threads")
        here.sim.give_role(here.guild, here.ben, role)
        await here.sim.say(thread, here.ben, "It is closed for the night")
        await here.ask(here.ben, "are you there?", thread)
        await here.until_said(here.sim.open_dm(here.ben), LOCKED.format(place=thread.id))
        await here.settled()
        assert len(here.openai.chats) == 2
        await here.sim.archive(thread)
        here.openai.script.append(Answer("Good morning."))
        await here.sim.say(thread, here.ada, "is it open?")
        await here.until_said(thread, "Hello Ada, how are you?", "Good morning.")
        assert "It is closed for the night" in here.openai.chats[-1].text
        await here.conversation("somewhere else", "Gladly.")


async def test_an_answer_that_is_finished_cannot_undo_forget(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("remember ultramarine", "I will.")
        gate = asyncio.Event()
        posting = here.sim.faults.add(POST, gate=gate)
        here.openai.script.append(Answer("It is ultramarine."))
        await here.sim.say(thread, here.ada, "which colour is ultramarine?")
        await posting.arrived.wait()
        call = await here.sim.slash(thread, here.ada, "forget", sure=True)
        assert (await call.answered()).content.startswith("Forgotten: 3 messages")
        gate.set()
        await here.settled()
        assert await here.stage.stop() == 0
        assert "ultramarine" not in await here.stored()


async def test_a_summary_that_is_being_made_cannot_undo_forget(server: Valkey) -> None:
    def asks_for_summary(request: Request) -> bool:
        return "[Now: " not in request.last_user_text

    small = {"BOBBIN_CONTEXT_TOKENS": "1000", "BOBBIN_RECALL_TOKENS": "0"}
    async with weavers(server, extra=small, paced=False) as here:
        summary = Answer(
            "## Goal\nUltramarine.\n\n## Facts\n- Ada likes ultramarine very much indeed."
        ).hold()
        here.openai.on(asks_for_summary, summary)
        here.openai.behaviour = lambda _: Answer("Noted.")
        thread = await here.conversation("remember ultramarine", "I will.")
        for count in range(2, 8):
            await here.sim.say(thread, here.ada, f"{count} " + "ultramarine " * 20)
            await here.sim.until(lambda count=count: len(here.said(thread)) == count)
            await here.settled()
        await here.openai.until(lambda: asks_for_summary(here.openai.chats[-1]))
        call = await here.sim.slash(thread, here.ada, "forget", sure=True)
        assert (await call.answered()).content.startswith("Forgotten: ")
        summary.release_all()
        await here.openai.until(lambda: here.openai.chats[-1].outcome == "finished")
        assert await here.stage.stop() == 0
        assert "ltramarine" not in await here.stored()


async def test_an_answer_that_discord_does_not_take_is_told_of(server: Valkey) -> None:
    async with weavers(server) as here:
        # As when some filter of the server has an objection.
        blocked = {"code": 200000, "message": "Message was blocked by automatic moderation"}
        here.sim.faults.add(POST, status=400, body=blocked)
        here.openai.script.extend([Answer("Some rude words."), Answer("Some kind words.")])
        thread = await here.thread_of(await here.ask(here.ada, "swear, please"))
        await here.until_said(thread, NotTaken.user_text)
        await here.settled()
        await here.sim.say(thread, here.ada, "then be kind")
        await here.until_said(thread, NotTaken.user_text, "Some kind words.")
        assert "rude words" not in await here.stored()


async def test_stickers_polls_embeds_and_forwards_are_told_to_the_model(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.script.extend([Answer("Hello."), Answer("A quote.")])
        sticker = {"id": "1", "name": "Wave", "format_type": 1}
        poll = {
            "question": {"text": "Which wool?"},
            "answers": [
                {"answer_id": 1, "poll_media": {"text": "merino"}},
                {"answer_id": 2, "poll_media": {"text": "alpaca"}},
            ],
            "expiry": "2030-01-01T00:00:00+00:00",
            "allow_multiselect": False,
            "layout_type": 1,
        }
        embed = {"type": "rich", "title": "Loom 7", "description": "squeaks", "color": 1}
        await here.sim.say(thread, here.ada, "", stickers=[sticker], poll=poll, embeds=[embed])
        await here.sim.until(lambda: here.said(thread)[-1] == "Hello.")
        assert asked_last(here.openai.chats[-1]) == (
            "Ada: (sticker: Wave)\n\n(poll: Which wool? Answers: merino; alpaca)\n\n"
            "> Shown below it:\n> Loom 7\n> squeaks"
        )
        other = await here.sim.say(here.general, here.ben, "The warp is cotton.")
        await here.sim.forward(thread, here.ada, other)
        await here.sim.until(lambda: here.said(thread)[-1] == "A quote.")
        assert asked_last(here.openai.chats[-1]) == (
            "Ada: > Forwarded message:\n> The warp is cotton."
        )


async def test_a_forum_post_is_a_thread_like_any_other(server: Valkey) -> None:
    async with weavers(server) as here:
        forum = await here.sim.add_forum_channel(here.guild, "questions")
        here.openai.script.extend([Answer("Oil it."), Answer("Linseed.")])
        post = await here.sim.start_thread(
            forum, None, "squeak", here.ada, text=f"{here.mention} my loom squeaks"
        )
        await here.until_said(post, "Oil it.")
        assert asked_last(here.openai.chats[0]) == "Ada: **squeak**\n\nmy loom squeaks"
        await here.sim.say(post, here.ben, "which oil?")
        await here.until_said(post, "Oil it.", "Linseed.")


async def test_a_server_that_throws_the_bot_out_harms_nobody_else(server: Valkey) -> None:
    async with weavers(server) as here:
        other = await here.sim.add_guild("Dyers")
        vat = await here.sim.add_text_channel(other, "vat")
        answer = Answer([BEGINNING, "The end."]).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story", vat))
        await here.sim.until(lambda: here.said(thread))
        await here.sim.leave_guild(other)
        answer.release_all()
        await here.settled()
        await here.conversation("still here?", "Still here.")


async def test_a_refusal_that_the_operator_must_mend_is_not_tried_again(server: Valkey) -> None:
    async with weavers(server) as here:
        here.sim.gateway.close(4013)
        assert await here.stage.ended() == 1
        assert len(here.sim.identifies) == 1
