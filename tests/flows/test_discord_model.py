"""The model's bad days, as people see them."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.flows.stage import QUICK
from tests.flows.weavers import Weavers, asked_last, weavers
from tests.servers import Valkey, free_port
from tests.simulators.discord_sim import Channel
from tests.simulators.openai_sim import (
    Answer,
    Cut,
    EndOfFile,
    Refusal,
    Stall,
    error_object,
    failure,
    malformed_json,
    quota,
    rate_limited,
)

BEGINNING = "Once upon a time there was a loom. "


async def _asked(here: Weavers, text: str = "tell me a story") -> Channel:
    return await here.thread_of(await here.ask(here.ada, text))


async def _is_forgotten(here: Weavers, thread: Channel) -> None:
    """Go on in the thread, without a mention, and see that nothing is known of what failed."""
    await here.settled()
    before = len(here.said(thread))
    here.openai.script.append(Answer("Better now."))
    await here.sim.say(thread, here.ada, "are you well?")
    await here.sim.until(lambda: here.said(thread)[before:] == ["Better now."])
    last = here.openai.chats[-1]
    assert last.texts("user") == [last.last_user_text]
    assert asked_last(last) == "Ada: are you well?"
    assert last.texts("assistant") == []


async def test_a_short_push_back_goes_unnoticed(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.script.extend([rate_limited(retry_after_ms=200), Answer("Here it is.")])
        thread = await _asked(here)
        await here.until_said(thread, "Here it is.")
        assert here.posts(thread)[0].history == ["Here it is."]
        assert [request.status for request in here.openai.chats] == [429, 200]


async def test_a_long_wait_is_told_and_then_replaced(server: Valkey) -> None:
    timing = replace(QUICK, long_wait=0.3)
    async with weavers(server, timing=timing) as here:
        here.openai.script.extend([rate_limited(retry_after=1), Answer("Here it is.")])
        thread = await _asked(here)
        await here.until_said(thread, "*Waiting for the model …*")
        await here.until_said(thread, "Here it is.")
        assert len(here.posts(thread)) == 1
        await here.settled()
        assert "Waiting" not in await here.stored()


async def test_a_model_that_takes_long_to_begin_is_told_and_then_replaced(server: Valkey) -> None:
    timing = replace(QUICK, long_wait=0.2)
    async with weavers(server, timing=timing) as here:
        answer = Answer("Here it is.").hold()
        here.openai.script.append(answer)
        thread = await _asked(here)
        await here.until_said(thread, "*Waiting for the model …*")
        answer.release_all()
        await here.until_said(thread, "Here it is.")
        assert len(here.posts(thread)) == 1


async def test_without_credit_people_are_told_once_and_clearly(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.script.append(quota())
        thread = await _asked(here)
        [told] = await here.sim.until(lambda: here.posts(thread))
        assert told.history == [
            "My account with the model's provider has run out of credit, so I can't answer. "
            "Whoever runs this bot has to top it up."
        ]
        await here.settled()
        assert len(here.openai.chats) == 1


async def test_a_broken_connection_before_any_text_is_tried_again(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.script.extend([Answer([Cut()]), Answer("Here it is.")])
        thread = await _asked(here)
        await here.until_said(thread, "Here it is.")
        assert len(here.openai.chats) == 2


@pytest.mark.parametrize(
    "fault",
    [Cut(), Cut(reset=False), EndOfFile(), error_object(), malformed_json()],
    ids=["reset", "fin", "end", "error", "json"],
)
async def test_an_answer_that_breaks_off_is_kept_and_marked(server: Valkey, fault: object) -> None:
    async with weavers(server) as here:
        here.openai.script.extend([Answer([BEGINNING, fault]), Answer("And so on.")])
        thread = await _asked(here)
        marked = (
            f"{BEGINNING.strip()}\n\n"
            "*(interrupted: the connection to the model broke here. Ask me to go on.)*"
        )
        await here.until_said(thread, marked)
        await here.settled()
        await here.sim.say(thread, here.ada, "go on")
        await here.until_said(thread, marked, "And so on.")
        [kept] = here.openai.chats[1].texts("assistant")
        assert kept == f"{BEGINNING}\n\n[This answer was interrupted here.]"
        assert len(here.openai.chats) == 2


async def test_a_silent_model_is_not_waited_for_for_ever(server: Valkey) -> None:
    async with weavers(server, timing=replace(QUICK, gap=0.3)) as here:
        here.openai.script.append(Answer([BEGINNING, Stall()]))
        thread = await _asked(here)
        await here.sim.until(lambda: "*(interrupted" in "".join(here.said(thread)))
        assert here.said(thread)[0].startswith(BEGINNING.strip())
        await here.openai.until(lambda: here.openai.open_streams == 0)


async def test_a_model_that_never_begins_is_asked_again(server: Valkey) -> None:
    async with weavers(server, timing=replace(QUICK, first_token=0.3)) as here:
        here.openai.script.extend([Answer([Stall()]), Answer("Here it is.")])
        thread = await _asked(here)
        await here.until_said(thread, "Here it is.")


async def test_a_service_that_stays_down_is_told(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.script.extend([failure(500)] * 3)
        thread = await _asked(here)
        [told] = await here.sim.until(lambda: here.posts(thread))
        assert told.content == (
            "The model is too busy to answer right now. Please ask again in a minute."
        )
        assert len(here.openai.chats) == 3
        await _is_forgotten(here, thread)


async def test_a_model_that_nobody_serves_is_not_called_busy(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    away = f"http://127.0.0.1:{free_port()}/v1"
    async with weavers(server, extra={"OPENAI_BASE_URL": away}) as here:
        thread = await _asked(here)
        [told] = await here.sim.until(lambda: here.posts(thread))
        assert told.content.startswith("I can't reach my model right now.")
    [warned] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert f"Check that the server at {away} runs" in warned.getMessage()


async def test_a_failed_call_into_a_thread_still_knows_the_thread_afterwards(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        thread = await here.sim.start_thread(here.general, None, "knots", here.ben)
        await here.sim.say(thread, here.ben, "The square knot slips.")
        here.openai.script.extend([failure(400, code="odd"), Answer("It slips.")])
        await here.ask(here.ada, "what slips?", thread)
        await here.sim.until(lambda: here.posts(thread))
        await here.settled()
        await here.sim.say(thread, here.ada, "once more: what slips?")
        await here.sim.until(lambda: here.said(thread)[-1] == "It slips.")
        assert "Ben: The square knot slips." in here.openai.chats[1].texts("user")[0]


async def test_a_refusal_is_shown(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.script.append(Answer([Refusal("I can't help with that knot.")]))
        thread = await _asked(here)
        await here.until_said(thread, "I can't help with that knot.")


@pytest.mark.parametrize(
    ("reason", "note"),
    [
        ("length", "*(cut here: this is as long as an answer may be. Ask me to go on.)*"),
        ("content_filter", "*(cut here by the model's provider)*"),
    ],
)
async def test_a_cut_answer_says_so(server: Valkey, reason: str, note: str) -> None:
    async with weavers(server) as here:
        here.openai.script.append(Answer(BEGINNING, finish_reason=reason))
        thread = await _asked(here)
        await here.until_said(thread, f"{BEGINNING.strip()}\n\n{note}")
        assert len(here.openai.chats) == 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(""), "The model gave an empty answer."),
        (Answer("   \n "), "The model gave an empty answer."),
        (Answer("", finish_reason="content_filter"), "The model's provider refused"),
        (Answer("", finish_reason="length"), "The model used up what an answer may take"),
    ],
    ids=["empty", "blank", "filtered", "length"],
)
async def test_an_answer_without_words_is_told_as_what_it_is(
    server: Valkey, answer: Answer, told: str
) -> None:
    async with weavers(server) as here:
        here.openai.script.append(lambda _: Answer(answer.content, answer.finish_reason))
        thread = await _asked(here)
        await here.sim.until(lambda: here.posts(thread))
        assert here.said(thread)[0].startswith(told)
        assert "busy" not in here.said(thread)[0]
        await _is_forgotten(here, thread)


async def test_a_wrong_key_is_told_without_details(server: Valkey) -> None:
    async with weavers(server, extra={"OPENAI_API_KEY": "sk-wrong"}) as here:
        thread = await _asked(here)
        [told] = await here.sim.until(lambda: here.posts(thread))
        assert told.content == (
            "I'm not set up correctly to reach my model. Please tell whoever runs this bot."
        )
        assert len(here.openai.chats) == 1
        await here.settled()
        here.openai.violations.clear()
