"""What is hard to read in a chat comes as a file, too: once, below the answer."""

from __future__ import annotations

from bot.engine import texts
from tests.flows.acme import acme
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

CODE = "\n".join(f"thread_{number} = wind(bobbin, {number})" for number in range(120))
PROGRAM = f"Here it is:\n\n```python\n{CODE}\n```\n\nRun it twice."
LONG = "\n\n".join(
    f"**Chapter {number}.** " + "The shuttle went to and fro all day. " * 22 for number in range(12)
)


async def test_a_long_answer_on_discord(server: Valkey) -> None:
    async with weavers(server, paced=False) as place:
        place.openai.script.append(Answer(LONG))
        thread = await place.thread_of(await place.ask(place.ada, "a story"))
        await place.sim.until(lambda: any(each.attachments for each in place.posts(thread)), 50)
        await place.settled()
        *parts, last = place.posts(thread)
        assert len(parts) > 3
        assert not any(part.attachments for part in parts)
        [file] = last.attachments
        assert file.filename == "answer.md"
        assert file.data.decode() == LONG.strip()
        assert last.content == "The whole answer as a file:"
        assert str(last.id) in await place.stored()


async def test_long_code_on_discord(server: Valkey) -> None:
    async with weavers(server) as place:
        place.openai.script.append(Answer(PROGRAM))
        thread = await place.thread_of(await place.ask(place.ada, "a program"))
        await place.sim.until(lambda: any(each.attachments for each in place.posts(thread)), 50)
        await place.settled()
        last = place.posts(thread)[-1]
        [file] = last.attachments
        assert file.filename == "code.py"
        assert file.data.decode() == CODE + "\n"


async def test_where_no_files_are_allowed_the_answer_says_so_once(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_FILE_PARTS": "1"}) as place:
        await place.sim.deny(place.general, "attach_files")
        place.openai.script.append(Answer(LONG[:2600]))
        thread = await place.thread_of(await place.ask(place.ada, "a story"))
        await place.sim.until(lambda: place.said(thread)[-1:] == [texts.NO_FILE])
        await place.settled()
        assert len(place.said(thread)) == 3
        place.openai.script.append(Answer("Once more."))
        await place.press(place.posts(thread)[1], place.ada, "Regenerate")
        # It goes with the answer that it belongs to, as the file would.
        await place.until_said(thread, "Once more.")
        await place.settled()
        place.openai.script.append(Answer("Yes."))
        await place.sim.say(thread, place.ada, "more?")
        await place.until_said(thread, "Once more.", "Yes.")
        assert not any(each.attachments for each in place.posts(thread))


async def test_a_file_that_is_refused_leaves_the_answer_whole(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_FILE_PARTS": "1"}) as place:
        place.sim.faults.add(lambda request: bool(request.files), status=400, code=40005)
        place.openai.script.append(Answer(LONG[:2600]))
        thread = await place.thread_of(await place.ask(place.ada, "a story"))
        await place.sim.until(lambda: len(place.said(thread)) == 2)
        await place.settled()
        place.openai.script.append(Answer("Yes."))
        await place.sim.say(thread, place.ada, "more?")
        await place.sim.until(lambda: place.said(thread)[-1:] == ["Yes."])
        assert not any(each.attachments for each in place.posts(thread))


async def test_nothing_is_enclosed_where_it_is_switched_off(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_FILE_PARTS": "0"}) as place:
        place.openai.script.append(Answer(PROGRAM))
        thread = await place.thread_of(await place.ask(place.ada, "a program"))
        await place.sim.until(lambda: any("Run it twice" in text for text in place.said(thread)))
        await place.settled()
        assert not any(each.attachments for each in place.posts(thread))


async def test_long_code_on_slack(server: Valkey) -> None:
    async with acme(server) as place:
        place.openai.script.append(Answer(PROGRAM))
        root = place.ask(place.ada, "a program")
        await place.sim.until(lambda: any(each.files for each in place.sim.replies(root)), 50)
        await place.settled()
        answer, last = place.sim.replies(root)
        assert answer.text == PROGRAM
        [file] = [place.sim.state.files[each] for each in last.files]
        assert (file.title, file.data.decode()) == ("code.py", CODE + "\n")
        assert last.text == "The code as a file:"
        assert last.ts in await place.stored()


async def test_a_file_that_slack_refuses(server: Valkey) -> None:
    async with acme(server) as place:
        place.sim.faults.add("files.getUploadURLExternal", error="storage_limit_reached")
        place.openai.script.append(Answer(PROGRAM))
        root = place.ask(place.ada, "a program")
        await place.until_said(root, PROGRAM, timeout=50)
        await place.settled()
        assert len(place.sim.replies(root)) == 1


async def test_a_file_whose_answer_was_lost_is_there_once(server: Valkey) -> None:
    async with weavers(server) as place:
        lost = place.sim.faults.add(lambda call: bool(call.files), drop=True, after_effect=True)
        place.openai.script.append(Answer(PROGRAM))
        thread = await place.thread_of(await place.ask(place.ada, "a program"))
        await lost.arrived.wait()
        await place.sim.until(lambda: place.posts(thread)[-1].attachments)
        await place.settled()
        (message,) = [each for each in place.posts(thread) if each.attachments]
        assert str(message.id) in await place.stored()


async def test_a_file_whose_answer_from_slack_was_lost_is_found(server: Valkey) -> None:
    async with acme(server) as place:
        place.sim.faults.add("files.completeUploadExternal", drop=True, after_effect=True)
        place.openai.script.append(Answer(PROGRAM))
        root = place.ask(place.ada, "a program")
        await place.sim.until(lambda: any(each.files for each in place.sim.replies(root)), 50)
        await place.settled()
        (message,) = [each for each in place.sim.replies(root) if each.files]
        assert message.ts in await place.stored()
