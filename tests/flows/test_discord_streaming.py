"""An answer that is written while the model is still speaking."""

from __future__ import annotations

import re
from itertools import pairwise

from tests.counting import counting
from tests.flows.weavers import PATCH, POST, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Message
from tests.simulators.openai_sim import Answer

SENTENCES = [f"This is sentence number {number} of it. " for number in range(12)]


def unfenced(texts: list[str]) -> str:
    """Everything but fence lines and white space, which splitting may add or move."""
    lines = [
        line for text in texts for line in text.splitlines() if not re.match(r"\s*(```|~~~)", line)
    ]
    return "".join("".join(lines).split())


def grows(message: Message) -> bool:
    """Whether every version of a message goes on from the one before."""
    history = message.history
    return all(later.startswith(earlier.rstrip()) for earlier, later in pairwise(history))


async def test_people_see_typing_and_then_the_beginning(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = Answer(SENTENCES).hold()
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story"))
        await here.until_asked(1)
        await here.sim.until(lambda: any(item.channel is thread for item in here.sim.typings))
        assert here.said(thread) == []

        answer.release()
        await here.sim.until(lambda: here.said(thread) == [SENTENCES[0].strip()])
        answer.release(2)
        await here.sim.until(lambda: here.said(thread) == ["".join(SENTENCES[:3]).strip()])
        assert here.openai.open_streams == 1
        async with counting() as seconds:
            answer.release_all()
            await here.until_said(thread, "".join(SENTENCES).strip())
            # The last words were not held up by the pace of the ones before.
            assert seconds() < 1.0
        [message] = here.posts(thread)
        assert grows(message)


async def test_typing_is_shown_in_every_conversation_at_once(server: Valkey) -> None:
    async with weavers(server) as here:
        answers = [Answer("A few words of an answer.").hold() for _ in range(4)]
        here.openai.script.extend(answers)
        asked = [await here.ask(here.ada, f"question {number}") for number in range(4)]
        threads = [await here.thread_of(message) for message in asked]
        await here.sim.until(
            lambda: {item.channel.id for item in here.sim.typings} >= {t.id for t in threads}
        )
        assert all(here.said(thread) == [] for thread in threads)
        for answer in answers:
            answer.release_all()
        for thread in threads:
            await here.until_said(thread, "A few words of an answer.")


def _lesson() -> str:
    code = "\n".join(f"    threads[{n}] = warp(length={n}, colour='red')" for n in range(60))
    prose = " ".join(f"Sentence {n} of the lesson speaks of shuttles and sheds." for n in range(40))
    return (
        f"Here is how to do it:\n\n```python\ndef weave(threads):\n{code}\n    return threads\n"
        f"```\n\n{prose}\n\n- first\n- second [a link](https://example.org/a/b)\n"
    )


async def test_a_long_answer_flows_over_into_further_messages(server: Valkey) -> None:
    async with weavers(server) as here:
        text = _lesson()
        answer = Answer(text).hold()
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "teach me"))
        await here.until_asked(1)
        answer.release(len(answer.pieces) // 2)
        # Further messages appear while the model is speaking, and code is whole in each.
        await here.sim.until(lambda: len(here.said(thread)) >= 2)
        assert here.openai.open_streams == 1
        for message in here.posts(thread):
            for content in message.history:
                assert len(content) <= 2000
                assert len(re.findall(r"^```", content, re.MULTILINE)) % 2 == 0, content
        answer.release_all()
        await here.sim.until(lambda: here.said(thread)[-1].endswith("(https://example.org/a/b)"))
        said = here.said(thread)
        assert unfenced(said) == unfenced([text])
        assert said[1].startswith("```python\n")
        assert all(len(content) <= 2000 for content in said)
        await here.settled()

        here.openai.script.append(Answer("Yes."))
        await here.sim.say(thread, here.ada, "all of it?")
        await here.sim.until(lambda: here.said(thread)[-1] == "Yes.")
        assert here.openai.chats[-1].texts("assistant") == [text]


async def test_an_answer_that_comes_at_once_is_posted_at_once(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_FILE_PARTS": "0"}) as here:
        text = "\n\n".join(f"Paragraph {n}: " + "word " * 60 for n in range(28))
        here.openai.script.append(Answer(text, token_rate=0))
        thread = await here.thread_of(await here.ask(here.ada, "everything please"))
        await here.sim.until(lambda: "Paragraph 27" in "".join(here.said(thread)), 15.0)
        await here.settled()
        assert unfenced(here.said(thread)) == unfenced([text])


async def test_nobody_is_pinged_and_nothing_unfurls(server: Valkey) -> None:
    async with weavers(server) as here:
        role = await here.sim.add_role(here.guild, "Dyers", mentionable=True)
        await here.sim.allow(here.general, "mention_everyone")
        text = (
            f"Hey @everyone and @here, {here.ada.mention}, {here.ben.mention} and {role.mention}: "
            "look at https://example.org/page and [that](https://example.org/other) please. "
        )
        answer = Answer([text, text]).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "call everybody"))
        await here.sim.until(lambda: here.said(thread))
        [message] = here.posts(thread)
        answer.release_all()
        await here.sim.until(lambda: message.content == (text + text).strip())
        # `weavers` checks every version of every message.
        assert message.pings == set()
        assert not message.unfurled

        voice = await here.sim.add_voice_channel(here.guild, "loft")
        here.openai.script.append(Answer(text))
        await here.ask(here.ada, "here as well", voice)
        await here.until_said(voice, text.strip())
        assert here.posts(voice)[0].pings == set()


async def test_the_end_lands_though_edits_fail(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story"))
        await here.sim.until(lambda: here.said(thread))
        limited = here.sim.faults.rate_limit(PATCH, 10.0, scope="user")
        broken = here.sim.faults.add(PATCH, status=503, body="upstream")
        answer.release()
        await here.sim.until(lambda: limited.times == 0)
        answer.release()
        await here.sim.until(lambda: broken.times == 0)
        answer.release_all()
        await here.until_said(thread, "".join(SENTENCES).strip())
        assert [message.deleted for message in here.posts(thread)] == [False]


async def test_the_end_is_posted_when_the_message_cannot_be_edited(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story"))
        await here.sim.until(lambda: here.said(thread))
        half = here.posts(thread)[0]
        here.sim.faults.rate_limit(PATCH, 600.0, scope="user", times=50)
        answer.release_all()
        await here.until_said(thread, "".join(SENTENCES).strip())
        assert half.deleted
        await here.settled()
        here.openai.script.append(Answer("Yes."))
        await here.sim.say(thread, here.ada, "is that all?")
        await here.sim.until(lambda: here.said(thread)[-1] == "Yes.")
        assert here.openai.chats[1].texts("assistant") == ["".join(SENTENCES)]


async def test_a_deleted_answer_stays_deleted(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story"))
        await here.sim.until(lambda: here.said(thread))
        await here.sim.delete(here.posts(thread)[0])
        answer.release()
        await here.openai.until(lambda: here.openai.disconnects)
        await here.settled()
        assert here.said(thread) == []
        # The thread goes on, and neither the question nor the answer is remembered.
        here.openai.script.append(Answer("What else?"))
        await here.sim.say(thread, here.ada, "never mind")
        await here.until_said(thread, "What else?")
        assert here.openai.chats[1].texts("assistant") == []


async def test_a_deleted_thread_ends_the_answer(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "tell me a story"))
        await here.sim.until(lambda: here.said(thread))
        await here.sim.delete_thread(thread)
        answer.release()
        await here.openai.until(lambda: here.openai.disconnects)
        await here.settled()
        assert here.said(here.general) == []


async def test_a_post_whose_answer_is_lost_is_not_made_twice(server: Valkey) -> None:
    async with weavers(server) as here:
        here.sim.faults.add(POST, drop=True, after_effect=True)
        here.openai.script.append(Answer("Just once, please."))
        thread = await here.thread_of(await here.ask(here.ada, "say it"))
        await here.until_said(thread, "Just once, please.")
        await here.settled()
        assert here.said(thread) == ["Just once, please."]
