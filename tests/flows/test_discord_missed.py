"""What is said on Discord while the bot is away is answered when it is back, once."""

from __future__ import annotations

from tests.flows.test_discord_changes import until_stored
from tests.flows.weavers import HISTORY, MESSAGE, Weavers, asked_last, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Message
from tests.simulators.openai_sim import Answer


async def _read_again(place: Weavers, channel: Channel, before: int) -> None:
    """Wait until a channel was read once more than `before` times."""
    await place.sim.until(lambda: _reads(place, channel) > before)


def _reads(place: Weavers, channel: Channel) -> int:
    return sum(
        1
        for request in place.sim.requests
        if request.route == HISTORY and request.path["channel_id"] == str(channel.id)
    )


async def test_what_was_said_while_the_bot_was_down_is_answered_once(server: Valkey) -> None:
    async with weavers(server) as place:
        thread = await place.conversation()
        await place.sim.until(lambda: place.said(thread))
        assert await place.stage.stop() == 0

        place.openai.script.extend([Answer("Red."), Answer("Shuttle.")])
        await place.sim.say(thread, place.ada, "which colour for the warp?")
        await place.sim.say(place.general, place.ben, "I had lunch with the weavers")
        asked = await place.ask(place.ben, "what carries the weft?")
        await place.stage.start()

        opened = await place.thread_of(asked)
        await place.sim.until(lambda: len(place.said(thread)) == 2 and place.said(opened))
        await place.settled()
        questions = [asked_last(request) for request in place.openai.chats]
        assert questions == [
            "Ada: hi there",
            "Ada: which colour for the warp?",
            "Ben: what carries the weft?",
        ]
        assert place.posts(place.general) == []

        assert await place.stage.stop() == 0
        before = _reads(place, thread), _reads(place, place.general), _reads(place, opened)
        await place.stage.start()
        for channel, times in zip((thread, place.general, opened), before, strict=True):
            await _read_again(place, channel, times)
        place.openai.script.append(Answer("Live."))
        await place.sim.say(opened, place.ben, "and now?")
        await place.sim.until(lambda: len(place.said(opened)) == 2)
        assert place.said(opened)[-1] == "Live."
        assert len(place.openai.chats) == 4
        assert len(place.said(thread)) == 2


async def test_several_messages_of_one_thread_keep_their_order(server: Valkey) -> None:
    async with weavers(server) as place:
        thread = await place.conversation()
        assert await place.stage.stop() == 0
        for number in ("one", "two", "three"):
            await place.sim.say(thread, place.ada, f"remember {number}")
        await place.stage.start()
        await place.sim.until(
            lambda: any(
                "remember three" in text
                for chat in place.openai.chats
                for text in chat.texts("user")
            )
        )
        await place.settled()
        said = [text.split("\n")[0] for text in place.openai.chats[-1].texts("user")]
        joined = "\n".join(place.openai.chats[-1].texts("user"))
        assert joined.index("remember one") < joined.index("remember two")
        assert joined.index("remember two") < joined.index("remember three")
        assert sum("remember one" in text for text in said) <= 1


async def test_a_session_that_was_lost_loses_no_message(server: Valkey) -> None:
    async with weavers(server) as place:
        thread = await place.conversation()
        place.openai.script.append(Answer("In the gap."))
        place.sim.gateway.drop()
        place.sim.gateway.sessions.clear()
        await place.sim.say(thread, place.ada, "is anybody there?")
        await place.until_said(thread, "Hello Ada, how are you?", "In the gap.", timeout=30.0)
        assert len(place.sim.identifies) == 2


async def test_a_forgotten_thread_is_not_read_in_again(server: Valkey) -> None:
    async with weavers(server) as place:
        kept, gone = await place.conversation(), await place.conversation("bye")
        await (await place.sim.slash(gone, place.ada, "forget", sure=True)).answered()
        assert await place.stage.stop() == 0
        await place.sim.say(gone, place.ada, "nobody should answer this")
        await place.sim.say(kept, place.ada, "but this")
        place.openai.script.append(Answer("This."))
        await place.stage.start()
        await place.sim.until(lambda: place.said(kept)[1:] == ["This."])
        assert _reads(place, gone) == 0
        assert "nobody should" not in str([chat.texts() for chat in place.openai.chats])


async def test_a_direct_message_waits_for_the_bot_too(server: Valkey) -> None:
    async with weavers(server) as place:
        direct = place.sim.open_dm(place.ada)
        place.openai.script.extend([Answer("Hello."), Answer("Later.")])
        await place.sim.say(direct, place.ada, "hi")
        await place.until_said(direct, "Hello.")
        await place.settled()
        assert await place.stage.stop() == 0
        await place.sim.say(direct, place.ada, "and later?")
        await place.stage.start()
        await place.until_said(direct, "Hello.", "Later.")


async def test_places_that_are_deleted_while_it_is_down_are_forgotten(server: Valkey) -> None:
    async with weavers(server) as here:
        voice = await here.sim.add_voice_channel(here.guild, "voice")
        room = await here.sim.add_text_channel(here.guild, "room")
        thread = await here.conversation("crimson", "Crimson it is.")
        here.openai.script.append(Answer("Magenta it is."))
        other = await here.thread_of(await here.ask(here.ada, "magenta", room))
        await here.until_said(other, "Magenta it is.")
        # The liveliest is looked at first.
        here.openai.script.append(Answer("Turquoise it is."))
        asked = await here.ask(here.ada, "turquoise", voice)
        await here.until_said(voice, "Turquoise it is.")
        plain = await here.sim.add_text_channel(here.guild, "plain")
        await here.sim.deny(plain, "create_public_threads")
        here.openai.script.append(Answer("Ultramarine it is."))
        told = await here.ask(here.ada, "ultramarine", plain)
        await here.until_said(plain, "Ultramarine it is.")
        await here.settled()
        assert await here.stage.stop() == 0
        await here.sim.delete_thread(thread)
        await here.sim.delete_channel(room)
        await here.sim.delete(here.posts(voice)[0])
        for each in (told, here.posts(plain)[0]):
            await here.sim.delete(each)
        before = here.sim.calls_by_route()[HISTORY]
        await here.stage.start()
        await here.sim.until(lambda: here.sim.calls_by_route()[HISTORY] >= before + 6)
        for word in ("rimson", "agenta", "Turquoise", "ltramarine"):
            await until_stored(here, False, word)
        # What is in no thread has no place of its own that could be gone, whatever else is.
        here.openai.script.append(Answer("Yes, turquoise."))
        await here.sim.say(voice, here.ada, "still?", reply_to=asked)
        await here.until_said(voice, "Yes, turquoise.")
        assert "turquoise" in here.openai.chats[-1].texts("user")[0]
        # Nor does it end where all of it was deleted.
        here.openai.script.append(Answer("Cobalt it is."))
        await here.ask(here.ada, "cobalt", plain)
        await here.until_said(plain, "Cobalt it is.")
        assert "ltramarine" not in here.openai.chats[-1].text


async def delete_memory(place: Weavers, words: str) -> None:
    """Ada deletes what was remembered on her word."""
    typing = await place.sim.autocomplete(place.general, place.ada, "forget", "memory", words)
    [chosen] = [each["value"] for each in await typing.completed()]
    call = await place.sim.slash(place.general, place.ada, "forget", memory=chosen)
    asked = await call.answered()
    await place.press(asked, place.ada, "Delete")
    await place.press(asked, place.ada, "Delete it")
    assert words not in await place.stored()


async def test_a_mark_that_was_put_on_a_message_meanwhile_is_followed_once(server: Valkey) -> None:
    async with weavers(server) as place:

        async def marked(text: str) -> Message:
            said = await place.sim.say(place.general, place.ben, text)
            await place.sim.react(said, place.ada, "🧠")
            return said

        async def confirmed(said: Message) -> None:
            await place.sim.until(lambda: place.sim.bot.id in said.reactions.get("✅", ()))

        await place.conversation()
        known = await marked("The weft is wool")
        await confirmed(known)
        await delete_memory(place, "wool")
        assert await place.stage.stop() == 0

        said = await marked("The warp is linen")
        await place.stage.start()
        await confirmed(said)
        await delete_memory(place, "linen")
        assert await place.stage.stop() == 0

        # What was deleted stays so, although its sign stands; the newest message is read last.
        last = await marked("The loom is oak")
        await place.stage.start()
        await confirmed(last)
        assert await place.stage.stop() == 0
        stored = await place.stored()
        assert "oak" in stored and "wool" not in stored and "linen" not in stored
        assert place.said(place.general) == []
        place.check()


async def test_a_mark_that_was_seen_to_takes_no_reading_of_its_message(server: Valkey) -> None:
    async with weavers(server) as place:
        await place.conversation()
        known = await place.sim.say(place.general, place.ben, "The weft is wool")
        await place.sim.react(known, place.ada, "🧠")
        await place.sim.until(lambda: place.sim.bot.id in known.reactions.get("✅", ()))
        assert await place.stage.stop() == 0

        last = await place.sim.say(place.general, place.ben, "The loom is oak")
        await place.sim.react(last, place.ada, "🧠")
        before = len(place.sim.requests)
        await place.stage.start()
        await place.sim.until(lambda: place.sim.bot.id in last.reactions.get("✅", ()))
        assert await place.stage.stop() == 0
        since = place.sim.requests[before:]
        read = [each.path["message_id"] for each in since if each.route == MESSAGE]
        assert str(last.id) in read and str(known.id) not in read
        place.check()
