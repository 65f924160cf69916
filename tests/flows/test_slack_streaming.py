"""An answer that is written while the model is still speaking."""

from __future__ import annotations

import logging
import re

import pytest

from adapters.slack.adapter import SlackAdapter, SocketMode
from adapters.slack.markup import MAX_CHARS
from tests.contracts.slack_rig import QUICK as QUICK_CALLS
from tests.counting import counting
from tests.flows.acme import acme
from tests.flows.stage import QUICK
from tests.flows.test_discord_streaming import SENTENCES, unfenced
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

WHOLE = "".join(SENTENCES).strip()


async def test_people_see_a_status_and_then_the_beginning(server: Valkey) -> None:
    async with acme(server) as here:
        answer = Answer(SENTENCES).hold()
        here.openai.script.append(answer)
        root = here.ask(here.ada, "tell me a story")
        await here.sim.until(lambda: here.sim.status(root))
        # Slack shows the name in front of it, or the loading message alone.
        [line] = here.sim.statuses
        assert (line.status, line.loading_messages) == ("is thinking…", ("thinking …",))
        await here.until_asked(1)
        assert here.said(root) == []

        answer.release()
        await here.until_said(root, SENTENCES[0].strip())
        assert here.sim.status(root) == ""
        answer.release(2)
        await here.until_said(root, "".join(SENTENCES[:3]).strip())
        assert here.openai.open_streams == 1
        async with counting() as seconds:
            answer.release_all()
            await here.until_said(root, WHOLE)
            # The last words were not held up by the pace of the ones before.
            assert seconds() < 1.0
        [message] = here.sim.replies(root)
        for earlier, later in zip(message.texts, message.texts[1:], strict=False):
            assert later.startswith(earlier.rstrip())
        assert len(here.sim.calls("assistant.threads.setStatus")) <= 2


async def test_a_short_answer_is_one_call(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("hi", "Hello.")
        assert here.said(root) == ["Hello."]
        calls = here.sim.calls_by_method()
        assert calls["chat.postMessage"] == 1
        assert calls["chat.update"] == 0


@pytest.mark.parametrize("error", ["missing_scope", "unknown_method", "feature_not_enabled"])
async def test_without_a_status_line_answers_come_all_the_same(
    server: Valkey, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    caplog.set_level(logging.INFO, "adapters.slack.status")
    async with acme(server) as here:
        here.sim.faults.add("assistant.threads.setStatus", error=error, times=50)
        held = Answer("One.").hold()
        here.openai.script.append(held)
        root = here.ask(here.ada, "first")
        # A quick answer would not wait for what Slack says to the line.
        await here.sim.until(lambda: "Slack shows no status line" in caplog.text)
        held.release_all()
        await here.until_said(root, "One.")
        await here.settled()
        await here.conversation("second", "Two.")
        await here.conversation("third", "Three.")
        assert len(here.sim.calls("assistant.threads.setStatus")) == 1


def _lesson() -> str:
    code = "\n".join(f"    threads[{n}] = warp(length={n}, colour='red')" for n in range(240))
    prose = " ".join(f"Sentence {n} of the lesson speaks of shuttles and sheds." for n in range(99))
    return (
        f"Here is how to do it:\n\n```python\ndef weave(threads):\n{code}\n    return threads\n"
        f"```\n\n{prose}\n\n- first\n- second [a link](https://example.org/a/b)\n"
    )


async def test_a_long_answer_flows_over_into_further_messages(server: Valkey) -> None:
    extra = {"BOBBIN_CONTEXT_TOKENS": "60000", "BOBBIN_FILE_PARTS": "0"}
    async with acme(server, extra=extra) as here:
        text = _lesson()
        answer = Answer(text).hold()
        here.openai.script.append(answer)
        root = here.ask(here.ada, "teach me")
        await here.until_asked(1)
        answer.release(len(answer.pieces) * 3 // 4)
        # Further messages appear while the model is speaking, and code is whole in each.
        await here.sim.until(lambda: len(here.said(root)) >= 2)
        assert here.openai.open_streams == 1
        answer.release_all()
        await here.sim.until(lambda: here.said(root)[-1].endswith("(https://example.org/a/b)"))
        await here.settled()
        for message in here.sim.replies(root):
            for content in message.texts:
                assert len(content) <= MAX_CHARS
                assert len(re.findall(r"^```", content, re.MULTILINE)) % 2 == 0, content
        said = here.said(root)
        assert unfenced(said) == unfenced([text])
        assert said[1].startswith("```python\n")

        here.openai.script.append(Answer("Yes."))
        here.say(root, here.ada, "all of it?")
        await here.sim.until(lambda: here.said(root)[-1] == "Yes.")
        assert here.openai.chats[-1].texts("assistant") == [text]


async def test_a_very_long_answer_that_comes_at_once_loses_nothing(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_FILE_PARTS": "0"}) as here:
        text = "\n\n".join(f"Paragraph {n}: " + "word " * 60 for n in range(160))
        here.openai.script.append(Answer(text, token_rate=0))
        root = here.ask(here.ada, "everything please")
        await here.sim.until(lambda: "Paragraph 159" in "".join(here.said(root)), 30.0)
        await here.settled()
        assert unfenced(here.said(root)) == unfenced([text])
        assert len(here.said(root)) == 5


async def test_nobody_is_pinged_and_nothing_unfurls(server: Valkey) -> None:
    async with acme(server) as here:
        ben = here.ben.mention
        pieces = [
            f"Hey <!channel> and <!here|here> and @channel and @Ben and {ben} and <!every",
            f"one>, <!subteam^S0AAAAAA>, `<!channel> {ben}` and more of it:\n\n```\n<!here> <",
            f"@{here.ben.id}|ben> @channel {ben}\n```\n\nand [that](https://example.org/page) ",
            "or https://example.org/other or <https://example.org>",
        ]
        answer = Answer(pieces).hold(1)
        here.openai.script.append(answer)
        root = here.ask(here.ada, "call everybody")

        def shown() -> str:
            return "".join(here.said(root)).replace("\u200b", "")

        await here.sim.until(lambda: "@channel and @Ben" in shown())
        answer.release()
        await here.sim.until(lambda: "more of it" in shown())
        answer.release_all()
        await here.sim.until(lambda: shown() == "".join(pieces))
        # `acme` checks every version of every message.
        [message] = here.sim.replies(root)
        assert len(message.versions) == 3


async def test_the_end_lands_though_edits_fail(server: Valkey) -> None:
    async with acme(server) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        root = here.ask(here.ada, "tell me a story")
        await here.sim.until(lambda: here.said(root))
        faults = [
            here.sim.faults.add("chat.update", status=503, body="upstream"),
            here.sim.faults.add("chat.update", error="internal_error"),
            here.sim.faults.add("chat.update", drop=True),
        ]
        for fault in faults:
            answer.release()
            await here.sim.until(lambda fault=fault: fault.times == 0)
        answer.release_all()
        await here.until_said(root, WHOLE)
        assert here.sim.deleted_messages(here.general) == []


async def test_a_push_back_is_waited_out(server: Valkey) -> None:
    async with acme(server) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        root = here.ask(here.ada, "tell me a story")
        await here.sim.until(lambda: here.said(root))
        body = {"ok": False, "error": "ratelimited"}
        fault = here.sim.faults.add(
            "chat.update", status=429, headers={"Retry-After": "2"}, body=body
        )
        answer.release()
        await here.sim.until(lambda: fault.times == 0)
        answer.release()
        await here.until_said(root, "".join(SENTENCES[:3]).strip())
        first, second = here.sim.calls("chat.update")
        assert second.at - first.at >= 1.95
        answer.release_all()
        await here.until_said(root, WHOLE)


async def test_the_end_is_posted_when_the_message_cannot_be_edited(server: Valkey) -> None:
    async with acme(server) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        root = here.ask(here.ada, "tell me a story")
        await here.sim.until(lambda: here.said(root))
        [half] = here.sim.replies(root)
        body = {"ok": False, "error": "ratelimited"}
        here.sim.faults.add(
            "chat.update", status=429, headers={"Retry-After": "600"}, body=body, times=50
        )
        answer.release_all()
        await here.until_said(root, WHOLE)
        assert half.deleted
        assert len(here.sim.calls("chat.update")) == 1
        await here.settled()
        here.openai.script.append(Answer("Yes."))
        here.say(root, here.ada, "is that all?")
        await here.until_said(root, WHOLE, "Yes.")
        assert here.openai.chats[1].texts("assistant") == ["".join(SENTENCES)]


async def test_the_end_waits_a_moment_for_what_is_to_be_tidied_up(server: Valkey) -> None:
    async with acme(server) as here:
        answer = Answer(SENTENCES).hold(1)
        here.openai.script.append(answer)
        root = here.ask(here.ada, "tell me a story")
        await here.sim.until(lambda: here.said(root))
        [half] = here.sim.replies(root)
        body = {"ok": False, "error": "ratelimited"}
        for method, seconds in (("chat.update", "600"), ("chat.delete", "1")):
            here.sim.faults.add(method, status=429, headers={"Retry-After": seconds}, body=body)
        answer.release_all()
        await here.sim.until(lambda: here.sim.calls("chat.delete"))
        await here.settled()
        assert not half.deleted
        assert await here.stage.stop() == 0
        assert half.deleted
        assert here.said(root) == [WHOLE]


@pytest.mark.parametrize(
    "fault",
    [
        {"after_effect": True},
        {"after_effect": True, "status": 500, "body": "oops"},
        {"drop": True},
        {"status": 503, "body": "upstream"},
        {"status": 429, "headers": {"Retry-After": "1"}, "body": {"ok": False}},
    ],
    ids=["answer lost", "500 although posted", "never arrived", "503", "429"],
)
async def test_a_post_that_fails_is_made_once(server: Valkey, fault: dict[str, object]) -> None:
    async with acme(server) as here:
        here.sim.faults.add("chat.postMessage", **fault)  # type: ignore[arg-type]
        root = await here.conversation("say it", "Just once, please.")
        assert here.said(root) == ["Just once, please."]
        assert here.sim.deleted_messages(here.general) == []


async def test_a_post_that_hangs_is_made_once(server: Valkey) -> None:
    async with acme(server, start=False) as here:
        tokens = here.sim.environment()
        adapter = SlackAdapter(
            tokens["SLACK_BOT_TOKEN"],
            SocketMode(tokens["SLACK_APP_TOKEN"]),
            tokens["SLACK_API_URL"],
            QUICK_CALLS,
        )
        await here.stage.start(QUICK, {"slack": adapter})
        here.sim.faults.add("chat.postMessage", after_effect=True, delay=40.0)
        root = await here.conversation("say it", "Just once, please.")
        assert here.said(root) == ["Just once, please."]
