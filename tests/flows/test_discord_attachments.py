"""What people attach on Discord, up to what the model gets and what is kept."""

from __future__ import annotations

import json

from tests import enclosures
from tests.flows.look import until_stored
from tests.flows.weavers import Weavers, asked_last, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Upload
from tests.simulators.openai_sim import Answer, Request
from tests.simulators.openai_sim.catalogue import local_model
from tests.simulators.openai_sim.pictures import Picture


def is_caption(request: Request) -> bool:
    """What asks for a line about pictures, beside the answer."""
    return "Bobbin's own memory" in request.last_user_text


def questions(here: Weavers) -> list[Request]:
    """What the model was asked, without captions."""
    return [request for request in here.openai.chats if not is_caption(request)]


async def answered(here: Weavers, thread: Channel, answer: str) -> str:
    """The bot's newest message in a thread, once it begins with an answer."""
    await here.sim.until(lambda: here.said(thread) and here.said(thread)[-1].startswith(answer))
    await here.settled()
    return here.said(thread)[-1]


async def test_a_picture_is_looked_at_once_and_kept_as_a_line(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.on(is_caption, Answer("A red [loom], nothing else."))
        here.openai.script.append(Answer("It is red."))
        big = enclosures.picture(4000, 2000)
        asked = await here.sim.say(
            here.general,
            here.ada,
            f"{here.mention} what colour is it?",
            attachments=[("loom.png", big, "text/plain")],
        )
        thread = await here.thread_of(asked)
        await here.until_said(thread, "It is red.")
        await here.settled()
        [first] = questions(here)
        [seen] = first.pictures
        assert (seen.media_type, seen.size) == ("image/jpeg", (1280, 640))
        assert asked_last(first) == (
            'Ada: what colour is it?\n\n[Picture 1. Attached: "loom.png", 1280×640 pixels]'
        )
        [caption] = [request for request in here.openai.chats if is_caption(request)]
        [small] = caption.pictures
        assert isinstance(small, Picture)
        assert (small.size, small.detail) == ((512, 256), "low")

        here.openai.script.append(Answer("As I said."))
        await here.sim.say(thread, here.ada, "sure?")
        await here.until_said(thread, "It is red.", "As I said.")
        assert not here.openai.chats[-1].pictures
        assert here.openai.chats[-1].texts("user")[0] == (
            'Ada: what colour is it?\n\n[Attached: "loom.png", 1280×640 pixels; shown once: '
            "A red (loom), nothing else]"
        )
        # Nothing leads to the file any more.
        await here.settled()
        assert "/attachments/" not in await here.stored()


async def test_a_picture_alone_is_a_question_and_names_the_thread(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.on(is_caption, Answer(""))
        here.openai.script.append(Answer("A blue square."))
        asked = await here.sim.say(
            here.general, here.ada, here.mention, attachments=[("sky.jpg", enclosures.turned())]
        )
        thread = await here.thread_of(asked)
        await here.until_said(thread, "A blue square.")
        assert thread.name == "sky.jpg"
        [seen] = questions(here)[0].pictures
        assert seen.size == (32, 64)
        assert b"maker of the camera" not in seen.data


async def test_what_cannot_be_read_is_named_to_all(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.script.append(Answer("I see."))
        await here.sim.say(
            thread,
            here.ada,
            "look",
            attachments=[
                ("party.gif", enclosures.moving()),
                ("film.mp4", b"\0\0\0\x18ftypisom" + b"\0" * 99),
                ("bomb.png", enclosures.bomb()),
                ("broken.png", enclosures.picture()[:60]),
                ("empty.txt", b""),
            ],
        )
        said = await answered(here, thread, "I see.")
        assert said == (
            'I see.\n\n*(Not read: "party.gif" (the picture moves; I can look at still ones only); '
            '"film.mp4" (it is a video); "bomb.png" (the picture has too many pixels); '
            '"broken.png" (the picture is broken); "empty.txt" (it is an empty file).)*'
        )
        text = asked_last(questions(here)[-1])
        assert '[Attached: "film.mp4"; not read: it is a video]' in text
        assert not here.openai.chats[-1].pictures


async def test_text_and_pdf_are_read_as_far_as_there_is_room(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.script.append(Answer("Two files."))
        rows = "\n".join(f"{number},{number * number}" for number in range(20_000))
        await here.sim.say(
            thread,
            here.ada,
            "sum up",
            attachments=[
                ("squares.csv", f"n,square\n{rows}".encode()),
                ("report.pdf", enclosures.pdf("The warp is cotton.", "The weft is wool.")),
            ],
        )
        said = await answered(here, thread, "Two files.")
        assert said.startswith('Two files.\n\n*(Read in part: "squares.csv", the first ')
        assert said.endswith(" of 20,001 lines.)*")
        text = asked_last(questions(here)[-1])
        assert "```csv\nn,square\n0,0\n1,1\n" in text
        assert "19999,399960001" not in text
        assert '[Attached: "report.pdf", PDF, 2 pages]\n```\nThe warp is cotton.' in text
        assert "The weft is wool." in text
        assert here.openai.chats[-1].prompt_tokens < 8000
        assert "The weft is wool." in await here.stored()


async def test_a_long_paste_counts_as_the_message(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.script.append(Answer("Long."))
        paste = "What do you make of this?\n" + "word " * 500
        await here.sim.say(thread, here.ada, "", attachments=[("message.txt", paste.encode())])
        await answered(here, thread, "Long.")
        assert asked_last(questions(here)[-1]) == f"Ada: {paste.strip()}"


async def test_a_voice_message_is_written_down_and_paid_for(server: Valkey) -> None:
    extra = {"OPENAI_TRANSCRIPTION_MODEL": "gpt-transcribe"}
    async with weavers(server, extra=extra) as here:
        thread = await here.conversation()
        here.openai.spoken.append("When does the market open?")
        here.openai.script.append(Answer("At nine."))
        await here.sim.speak(thread, here.ada, enclosures.OGG)
        await answered(here, thread, "At nine.")
        [heard] = here.openai.transcriptions
        sound = (heard.body or {})["file"]
        assert (sound.name, sound.media_type) == ("recording.ogg", "audio/ogg")
        assert asked_last(questions(here)[-1]) == (
            "Ada: [Attached: the voice message, as a program has written it down]\n"
            "When does the market open?"
        )


async def test_without_a_model_that_hears_a_voice_message_is_named(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.script.append(Answer("Please write."))
        await here.sim.speak(thread, here.ada, enclosures.OGG)
        said = await answered(here, thread, "Please write.")
        assert said == (
            "Please write.\n\n*(Not read: the voice message (I can't listen to recordings).)*"
        )
        assert not here.openai.transcriptions
        assert not here.sim.cdn.served


async def test_files_come_from_discord_only_and_never_more_than_allowed(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_ATTACHMENT_MB": "1"}) as here:
        thread = await here.conversation()
        made = here.sim.world.attachments(
            [
                Upload("away.txt", b"secret"),
                Upload("liar.txt", b"a" * 8_000_000),
                Upload("huge.txt", b"a" * 2_000_000),
            ]
        )
        made[0].elsewhere = "http://127.0.0.1:1/attachments/1/2/away.txt"
        made[1].announced = 10
        here.openai.script.append(Answer("Hm."))
        await here.sim.say(thread, here.ada, "read these", prepared=made)
        said = await answered(here, thread, "Hm.")
        assert said.endswith(
            '*(Not read: "away.txt" (I may not read it); "liar.txt" (it has more than 1 MB); '
            '"huge.txt" (it has more than 1 MB).)*'
        )
        assert here.sim.cdn.sent[made[1].id] < 8_000_000
        assert made[2].id not in here.sim.cdn.sent


async def test_an_address_that_has_expired_is_asked_for_anew(server: Valkey) -> None:
    async with weavers(server, start=False) as here:
        asked = await here.sim.say(
            here.general,
            here.ada,
            f"{here.mention} read",
            attachments=[("note.txt", b"the loom squeaks")],
            event=False,
        )
        await here.stage.start()
        here.openai.script.append(Answer("Oil it."))
        held = here.sim.world.link
        stale = held(here.general, asked.attachments[0])
        here.sim.expire_links()
        asked.attachments[0].elsewhere = stale
        await here.sim.redeliver(asked)
        asked.attachments[0].elsewhere = None
        thread = await here.thread_of(asked)
        await here.until_said(thread, "Oil it.")
        assert "the loom squeaks" in asked_last(questions(here)[0])
        assert [status for _, status in here.sim.cdn.served] == [404, 200]


async def test_who_answers_a_picture_asks_about_it(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.on(is_caption, Answer("Green."))
        shown = await here.sim.say(
            here.general,
            here.ben,
            "my new loom",
            attachments=[("green.png", enclosures.picture(colour="green"))],
        )
        here.openai.script.append(Answer("A green one."))
        asked = await here.sim.say(
            here.general, here.ada, f"{here.mention} what is it?", reply_to=shown
        )
        thread = await here.thread_of(asked)
        await here.until_said(thread, "A green one.")
        assert asked_last(questions(here)[0]) == (
            "Ada: > Ben wrote:\n> my new loom\n\nwhat is it?\n\n"
            '[Picture 1. Attached to the message that this one answers: "green.png", '
            "64×48 pixels]"
        )
        assert len(questions(here)[0].pictures) == 1


async def test_a_model_without_eyes_says_so_and_goes_on(server: Valkey) -> None:
    async with weavers(server, extra={"OPENAI_MODEL": "blind", "OPENAI_API": "chat"}) as here:
        here.openai.models["blind"] = local_model("blind")
        here.openai.script.append(Answer("I can't see it."))
        asked = await here.sim.say(
            here.general,
            here.ada,
            f"{here.mention} what is it?",
            attachments=[("loom.png", enclosures.picture())],
        )
        thread = await here.thread_of(asked)
        said = await answered(here, thread, "I can't see it.")
        assert said.endswith('*(Not read: "loom.png" (my model can\'t look at pictures).)*')
        assert "The pictures can't be shown to you" in questions(here)[-1].last_user_text
        before = len(here.openai.chats)
        here.openai.script.append(Answer("Nor this."))
        await here.sim.say(thread, here.ada, "this?", attachments=[("b.png", enclosures.picture())])
        await answered(here, thread, "Nor this.")
        # It is known by now.
        assert len(here.openai.chats) == before + 1
        assert json.dumps(here.openai.chats[-1].body).count("nobody could look at it") == 1


async def test_what_comes_twice_is_read_once(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.on(is_caption, Answer("Red."))
        held = Answer(["Let me have a look at that picture first,", " and then see."]).hold(1)
        here.openai.script.append(held)
        await here.sim.say(thread, here.ben, "wait")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        shown = await here.sim.say(
            thread, here.ben, "look", attachments=[("loom.png", enclosures.picture())]
        )
        await here.sim.say(thread, here.ada, "is it red?", reply_to=shown)
        here.openai.script.append(Answer("It is."))
        await until_stored(server, True, "loom.png", "is it red?")
        held.release_all()
        await answered(here, thread, "It is.")
        [seen] = questions(here)[-1].pictures
        assert seen.size == (64, 48)
        assert len(here.sim.cdn.served) == 1
        assert asked_last(questions(here)[-1]) == "Ada: > Ben wrote:\n> look\n\nis it red?"


async def test_what_was_seen_in_a_picture_goes_with_it(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.on(is_caption, Answer("1: A red loom.\n2: A blue mill."))
        here.openai.script.append(Answer("Fine."))
        picture = enclosures.picture()
        both = [Upload(f"{name}.png", picture, "image/png") for name in ("loom", "mill")]
        asked = await here.sim.say(here.general, here.ada, f"{here.mention} look", attachments=both)
        thread = await here.thread_of(asked)
        await answered(here, thread, "Fine.")
        stored = await here.stored()
        assert "red loom" in stored and "blue mill" in stored
        await here.sim.take_off(asked, "loom.png")
        here.openai.script.append(Answer("As I see."))
        await here.sim.say(thread, here.ada, "and now?")
        await answered(here, thread, "As I see.")
        stored = await here.stored()
        assert "red loom" not in stored and "loom.png" not in stored and "blue mill" in stored
