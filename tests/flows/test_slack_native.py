"""Answers in direct messages, which Slack streams itself: written, stopped, taken over."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.markup import MAX_CHARS
from tests.counting import counting
from tests.flows.acme import Acme, acme
from tests.flows.process import open_slack_town
from tests.flows.stage import QUICK
from tests.flows.test_discord_streaming import SENTENCES, unfenced
from tests.flows.test_slack_streaming import WHOLE, _lesson
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message

NATIVE: dict[str, Any] = {"native_streams": True}
START, ADD, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
POST, EDIT = "chat.postMessage", "chat.update"


def ask(here: Acme, text: str = "tell me a story") -> Message:
    """Ada writes to the bot directly."""
    return here.sim.say(here.sim.open_dm(here.ada), here.ada, text)


def states(here: Acme, root: Message) -> list[str]:
    """How the streams of an answer are."""
    return [reply.stream.state if reply.stream else "" for reply in here.sim.replies(root)]


async def until_at_rest(here: Acme, root: Message) -> None:
    """Wait until the session in a thread is not processing."""

    def rests() -> bool:
        session = here.sim.session(root)
        return session is not None and session.status == "active"

    await here.sim.until(rests)


async def test_an_answer_streams_from_its_first_words_to_its_last(server: Valkey) -> None:
    async with acme(server, slack=NATIVE) as here:
        answer = Answer(SENTENCES).hold()
        here.openai.script.append(answer)
        async with counting() as seconds:
            root = ask(here)
            await here.sim.until(lambda: here.sim.shows_stop(root))
            assert seconds() < 0.3
        answer.release()
        await here.until_said(root, SENTENCES[0].strip())
        assert here.sim.shows_stop(root)
        answer.release(2)
        await here.until_said(root, "".join(SENTENCES[:3]).strip())
        answer.release_all()
        await here.until_said(root, WHOLE)
        await until_at_rest(here, root)
        [message] = here.sim.replies(root)
        for earlier, later in zip(message.texts, message.texts[1:], strict=False):
            assert later.startswith(earlier)
        calls = here.sim.calls_by_method()
        assert [calls[name] for name in (START, STOP, POST, EDIT)] == [1, 1, 0, 0]
        assert calls["assistant.threads.setStatus"] == 0
        session = here.sim.session(root)
        assert session is not None and session.title == "tell me a story"

        here.openai.script.append(Answer("Yes."))
        here.say(root, here.ada, "is that all?")
        await here.until_said(root, WHOLE, "Yes.")
        assert here.openai.chats[-1].texts("assistant") == ["".join(SENTENCES)]
        assert session.title == "tell me a story"
        await until_at_rest(here, root)


async def test_a_long_answer_flows_over_into_further_streams(server: Valkey) -> None:
    extra = {"BOBBIN_CONTEXT_TOKENS": "60000", "BOBBIN_FILE_PARTS": "0"}
    async with acme(server, extra=extra, slack=NATIVE) as here:
        text = _lesson()
        answer = Answer(text).hold()
        here.openai.script.append(answer)
        root = ask(here, "teach me")
        await here.until_asked(1)
        answer.release(len(answer.pieces) * 3 // 4)
        await here.sim.until(lambda: len(here.said(root)) >= 2)
        answer.release_all()
        await here.sim.until(lambda: here.said(root)[-1].endswith("(https://example.org/a/b)"))
        await here.settled()
        said = here.said(root)
        assert unfenced(said) == unfenced([text])
        for content in said:
            assert len(content) <= MAX_CHARS
            assert len(re.findall(r"^```", content, re.MULTILINE)) % 2 == 0, content
        assert set(states(here, root)) == {"stopped"}
        # There is a link at its very end, which no stream may have.
        assert 1 <= here.sim.calls_by_method()[EDIT] <= 2
        await until_at_rest(here, root)


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "another process hears of it"])
async def test_slacks_own_stop_ends_the_model_call_and_keeps_the_text(
    server: Valkey, beside: bool
) -> None:
    async with acme(server, slack=NATIVE) as here:
        other = await here.replica() if beside else None
        answer = Answer(SENTENCES).hold(2)
        here.openai.script.append(answer)
        root = ask(here)
        await here.until_said(root, "".join(SENTENCES[:2]).strip())
        async with counting() as seconds:
            here.sim.stop_session(root, here.ada)
            await here.openai.until(lambda: here.openai.open_streams == 0)
            assert seconds() < 1.0
        kept = "".join(SENTENCES[:2]).strip()
        await here.until_said(root, f"{kept}\n\n*(stopped)*")
        await until_at_rest(here, root)
        await here.settled()
        here.openai.script.append(Answer("Gladly."))
        here.say(root, here.ada, "go on")
        await here.sim.until(lambda: here.said(root)[-1] == "Gladly.")
        [said] = here.openai.chats[-1].texts("assistant")
        assert said.startswith("".join(SENTENCES[:2]))
        assert SENTENCES[2] not in said
        if other is not None:
            assert await other.stop() == 0


async def test_a_restart_goes_on_with_what_is_being_streamed(server: Valkey) -> None:
    timing = replace(QUICK, grace=0.1)
    async with acme(server, slack=NATIVE, timing=timing) as here:
        here.openai.script.extend([Answer(SENTENCES).hold(2), Answer("Another answer to that.")])
        root = ask(here)
        await here.until_said(root, "".join(SENTENCES[:2]).strip())
        assert states(here, root) == ["open"]
        assert await here.stage.stop() == 0
        await here.stage.start(timing)
        await here.until_said(root, "Another answer to that.")
        await until_at_rest(here, root)
        assert states(here, root) == ["stopped"]
        assert here.sim.deleted_messages(here.sim.open_dm(here.ada)) == []


@pytest.mark.parametrize(
    "fault",
    [{"after_effect": True}, {"status": 503, "body": "upstream"}],
    ids=["answer lost", "never arrived"],
)
@pytest.mark.parametrize("method", [START, ADD, STOP])
async def test_whatever_fails_the_answer_stands_once_and_whole(
    server: Valkey, method: str, fault: dict[str, Any]
) -> None:
    async with acme(server, slack=NATIVE) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        scripted = here.sim.faults.add(method, **fault)
        root = ask(here)
        if method != STOP:
            await here.sim.until(lambda: here.said(root) or scripted.times == 0)
            answer.release()
            await here.sim.until(lambda: scripted.times == 0)
        answer.release_all()
        await here.until_said(root, WHOLE)
        await until_at_rest(here, root)
        assert "open" not in states(here, root)
        assert here.sim.deleted_messages(here.sim.open_dm(here.ada)) == []


@pytest.mark.parametrize("why", ["the model fails", "forgotten"])
async def test_the_session_rests_however_the_answer_ends(server: Valkey, why: str) -> None:
    async with acme(server, slack=NATIVE) as here:
        if why == "forgotten":
            here.openai.script.append(Answer(SENTENCES).hold(1))
            root = ask(here)
            await here.until_said(root, SENTENCES[0].strip())
            here.say(root, here.ada, "!forget sure")
        else:
            here.openai.faults.add("chat", status=400, body={"error": {"message": "no"}})
            root = ask(here)
        await until_at_rest(here, root)
        await here.settled()
        await until_at_rest(here, root)
        assert "open" not in states(here, root)


async def test_without_growth_an_answer_comes_when_it_is_complete(server: Valkey) -> None:
    async with acme(server, extra={"SLACK_STREAMING": "off"}, slack=NATIVE) as here:
        answer = Answer(SENTENCES).hold(2)
        here.openai.script.append(answer)
        root = ask(here)
        await here.openai.until(lambda: here.openai.open_streams == 1)
        await here.sim.until(lambda: here.sim.shows_stop(root))
        answer.release_all()
        await here.until_said(root, WHOLE)
        await until_at_rest(here, root)
        [message] = here.sim.replies(root)
        assert message.texts == [WHOLE]


async def test_a_crowd_is_answered_within_slacks_limits(server: Valkey) -> None:
    """More than may be started in a minute: the others are posted, and every one is whole."""
    async with acme(server, slack=NATIVE) as here:
        people = [here.sim.add_user(f"Person {number}") for number in range(24)]
        here.openai.script.extend(Answer(SENTENCES, token_rate=200) for _ in people)
        roots = [here.sim.say(here.sim.open_dm(who), who, "tell me") for who in people]
        await here.sim.until(lambda: all(here.said(root) == [WHOLE] for root in roots), 20.0)
        calls = here.sim.calls_by_method()
        assert 0 < calls[START] < len(people)
        assert here.sim.rate_limited[START] == here.sim.rate_limited[ADD] == 0
        for root in roots:
            # Who finds no slot for a session has a status line in its place, or neither.
            await here.sim.until(lambda root=root: not here.sim.shows_stop(root))


async def test_killed_while_slack_streams(server: Valkey, tmp_path: Path) -> None:
    async with open_slack_town(server, tmp_path, slack=NATIVE) as town:
        working = await town.bot()
        here = town.here
        beginning = "This is only the beginning of it,"
        other = f"{beginning} and this is another end."
        here.openai.script.extend([Answer([beginning, " and more."]).hold(1), Answer(other)])
        root = ask(here)
        await town.until_said(root, beginning)
        [half] = here.sim.replies(root)
        assert states(here, root) == ["open"]
        await town.bot()
        await town.kill(working)
        await town.until_said(root, other)
        await until_at_rest(here, root)
        assert here.sim.replies(root) == [half]
        assert states(here, root) == ["stopped"]
