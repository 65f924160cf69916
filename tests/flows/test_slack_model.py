"""The model's bad days, as people on Slack see them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flows.acme import Acme, acme
from tests.flows.stage import QUICK
from tests.flows.weavers import asked_last
from tests.servers import Valkey
from tests.simulators.openai_sim import (
    Answer,
    Cut,
    EndOfFile,
    Piece,
    Stall,
    error_object,
    failure,
    malformed_json,
    quota,
    rate_limited,
)
from tests.simulators.slack_sim import Message

BEGINNING = "Once upon a time there was a loom. "
WAITING = "*Waiting for the model …*"
INTERRUPTED = "*(interrupted: the connection to the model broke here. Ask me to go on.)*"


def _asked(here: Acme, text: str = "tell me a story") -> Message:
    return here.ask(here.ada, text)


async def _only_version(here: Acme, root: Message) -> str:
    """The one message below a question, which was written once and never changed."""
    await here.sim.until(lambda: here.said(root))
    await here.settled()
    [told] = here.sim.replies(root)
    [text] = told.texts
    assert here.sim.status(root) == ""
    return text


async def _is_forgotten(here: Acme, root: Message) -> None:
    """Go on in the thread, without a mention: nothing is known of an answer, or of the notice."""
    await here.settled()
    [notice] = here.said(root)
    here.openai.script.append(Answer("Better now."))
    here.say(root, here.ada, "are you well?")
    await here.until_said(root, notice, "Better now.")
    last = here.openai.chats[-1]
    assert asked_last(last) == "Ada: are you well?"
    assert last.texts("assistant") == []
    assert notice not in last.text


async def test_a_short_push_back_goes_unnoticed(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.extend([rate_limited(retry_after_ms=200), Answer("Here it is.")])
        root = _asked(here)
        assert await _only_version(here, root) == "Here it is."
        assert [request.status for request in here.openai.chats] == [429, 200]


async def test_a_long_wait_is_told_and_then_replaced(server: Valkey) -> None:
    async with acme(server, timing=replace(QUICK, long_wait=0.3)) as here:
        here.openai.script.extend([rate_limited(retry_after=1), Answer("Here it is.")])
        root = _asked(here)
        await here.until_said(root, WAITING)
        [message] = here.sim.replies(root)
        await here.until_said(root, "Here it is.")
        assert message.texts == [WAITING, "Here it is."]
        await here.settled()
        assert "Waiting" not in await here.stored()
        assert here.sim.deleted_messages(here.general) == []


async def test_a_model_that_takes_long_to_begin_is_told_and_then_replaced(server: Valkey) -> None:
    async with acme(server, timing=replace(QUICK, long_wait=0.2)) as here:
        answer = Answer("Here it is.").hold()
        here.openai.script.append(answer)
        root = _asked(here)
        await here.until_said(root, WAITING)
        answer.release_all()
        await here.until_said(root, "Here it is.")
        await here.sim.until(lambda: here.sim.status(root) == "")


async def test_without_credit_people_are_told_once_and_clearly(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.append(quota())
        root = _asked(here)
        told = await _only_version(here, root)
        assert told == (
            "My account with the model's provider has run out of credit, so I can't answer. "
            "Whoever runs this bot has to top it up."
        )
        # Who asks again at once is told the same, and the provider is left alone.
        here.say(root, here.ada, "and now?")
        await here.until_said(root, told, told)
        assert len(here.openai.chats) == 1


async def test_a_wrong_key_is_told_without_details(server: Valkey) -> None:
    async with acme(server, extra={"OPENAI_API_KEY": "sk-wrong"}) as here:
        root = _asked(here)
        assert await _only_version(here, root) == (
            "I'm not set up correctly to reach my model. Please tell whoever runs this bot."
        )
        assert [request.status for request in here.openai.chats] == [401]
        [violation] = here.openai.violations
        assert "key" in violation.casefold()
        here.openai.violations.clear()


@pytest.mark.parametrize(
    "fault",
    [Cut(), Cut(reset=False), EndOfFile()],
    ids=["reset", "fin", "end"],
)
async def test_a_broken_connection_before_any_text_is_tried_again(
    server: Valkey, fault: Piece
) -> None:
    async with acme(server) as here:
        here.openai.script.extend([Answer([fault]), Answer("Here it is.")])
        root = _asked(here)
        assert await _only_version(here, root) == "Here it is."
        assert len(here.openai.chats) == 2


@pytest.mark.parametrize(
    "fault",
    [Cut(), Cut(reset=False), EndOfFile(), error_object(), malformed_json()],
    ids=["reset", "fin", "end", "error", "json"],
)
async def test_an_answer_that_breaks_off_is_kept_and_marked(server: Valkey, fault: Piece) -> None:
    async with acme(server) as here:
        here.openai.script.extend([Answer([BEGINNING, fault]), Answer("And so on.")])
        root = _asked(here)
        marked = f"{BEGINNING.strip()}\n\n{INTERRUPTED}"
        await here.until_said(root, marked)
        await here.settled()
        here.say(root, here.ada, "go on")
        await here.until_said(root, marked, "And so on.")
        [kept] = here.openai.chats[1].texts("assistant")
        assert kept == f"{BEGINNING}\n\n[This answer was interrupted here.]"
        assert len(here.openai.chats) == 2


async def test_a_silent_model_is_not_waited_for_for_ever(server: Valkey) -> None:
    async with acme(server, timing=replace(QUICK, gap=0.3)) as here:
        here.openai.script.append(Answer([BEGINNING, Stall()]))
        root = _asked(here)
        await here.until_said(root, f"{BEGINNING.strip()}\n\n{INTERRUPTED}")
        await here.openai.until(lambda: here.openai.open_streams == 0)
        assert len(here.openai.chats) == 1


async def test_a_model_that_never_begins_is_asked_again(server: Valkey) -> None:
    async with acme(server, timing=replace(QUICK, first_token=0.3)) as here:
        here.openai.script.extend([Answer([Stall()]), Answer("Here it is.")])
        root = _asked(here)
        assert await _only_version(here, root) == "Here it is."
        assert len(here.openai.chats) == 2


async def test_a_service_that_stays_down_is_told(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.extend([failure(500)] * 3)
        root = _asked(here)
        assert await _only_version(here, root) == (
            "The model is too busy to answer right now. Please ask again in a minute."
        )
        assert len(here.openai.chats) == 3
        await _is_forgotten(here, root)


async def test_a_failed_turn_leaves_the_history_before_it(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("I weave with red yarn", "Red is fine.")
        here.openai.script.extend([failure(400, code="odd"), Answer("Red yarn.")])
        here.say(root, here.ben, "what about blue?")
        await here.sim.until(lambda: len(here.said(root)) == 2)
        await here.settled()
        here.say(root, here.ada, "what do I weave with?")
        await here.sim.until(lambda: here.said(root)[-1] == "Red yarn.")
        last = here.openai.chats[-1]
        assert last.texts("assistant") == ["Red is fine."]
        assert last.texts("user")[0] == "Ada: I weave with red yarn"
        assert "blue" not in last.text
        assert here.openai.chats[0].messages[0] == last.messages[0]


async def test_a_failed_call_into_a_thread_still_knows_the_thread_afterwards(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        root = here.sim.say(here.general, here.ben, "The square knot slips.")
        here.openai.script.extend([failure(400, code="odd"), Answer("It slips.")])
        here.ask(here.ada, "what slips?", thread=root)
        await here.sim.until(lambda: here.said(root))
        await here.settled()
        here.say(root, here.ada, "once more: what slips?")
        await here.sim.until(lambda: here.said(root)[-1] == "It slips.")
        assert "Ben: The square knot slips." in here.openai.chats[1].texts("user")[0]


async def test_a_direct_message_is_told_in_its_thread(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.append(quota())
        root = here.sim.say(here.sim.open_dm(here.ada), here.ada, "hello?")
        await here.sim.until(lambda: here.said(root))
        assert here.said(root)[0].startswith("My account with the model's provider")
