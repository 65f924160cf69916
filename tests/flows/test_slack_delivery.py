"""What Slack delivers twice, late, over broken sockets, or wrongly."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack.socket import CONNECTIONS
from tests.counting import counting
from tests.flows.acme import acme, words
from tests.flows.stage import PATIENT, open_stage
from tests.flows.test_outage_redis import AWAY, Store, store
from tests.flows.weavers import asked_last
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request, failure

__all__ = ["store"]

BEGINNING = "This is only the beginning of it,"


def _to(request: Request) -> Answer:
    return Answer(f"To {request.last_user_text[:9]}")


async def test_a_redelivered_event_is_answered_once(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("hello", "Once.")
        here.openai.script.append(Answer("Next."))
        follow = here.say(root, here.ada, "and?")
        await here.until_said(root, "Once.", "Next.")
        for number in (1, 2, 3):
            here.sim.redeliver(root, number)
            here.sim.redeliver(follow, number)
        await here.sim.settled()
        await here.settled()
        assert len(here.openai.chats) == 2
        here.openai.script.append(Answer("Last."))
        here.say(root, here.ada, "end")
        await here.until_said(root, "Once.", "Next.", "Last.")
        assert len(here.openai.chats) == 3


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_retry_that_comes_first_is_answered(server: Valkey, number: int) -> None:
    async with acme(server) as here:
        lost = here.sim.say(here.general, here.ada, f"{here.mention} hello?", deliver=False)
        here.openai.script.append(Answer("Here I am."))
        here.sim.redeliver(lost, number)
        await here.until_said(lost, "Here I am.")
        await here.sim.settled()
        assert len(here.openai.chats) == 1


async def test_events_are_acknowledged_quickly(server: Valkey) -> None:
    async with acme(server) as here:
        held = Answer("At last.").hold()
        here.openai.script.append(held)
        async with counting() as seconds:
            root = here.ask(here.ada, "take your time")
            await here.sim.settled()
            assert seconds() < 1.0
        assert here.said(root) == []
        assert here.sim.acks
        held.release_all()
        await here.until_said(root, "At last.")


async def test_messages_wait_while_no_socket_is_open(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("hello", "Hello.")
        here.sim.faults.add("apps.connections.open", status=503, body="upstream", times=1)
        for connection in here.sim.connections:
            here.sim.cut(connection)
        await here.sim.until(lambda: not here.sim.connections)
        here.openai.script.extend([_to, _to])
        here.say(root, here.ada, "one?")
        other = here.ask(here.ben, "two?")
        await here.sim.connected(CONNECTIONS)
        here.sim.retry_now()
        await here.sim.until(lambda: len(here.said(root)) == 2)
        await here.sim.until(lambda: here.said(other))
        await here.sim.settled()
        assert here.said(root) == ["Hello.", "To Ada: one?"]
        assert here.said(other) == ["To Ben: two?"]
        assert len(here.openai.chats) == 3


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
async def test_a_refreshed_socket_loses_nothing(server: Valkey, reason: str) -> None:
    async with acme(server) as here:
        held = Answer([BEGINNING, " and the end."]).hold(1)
        here.openai.script.append(held)
        root = here.ask(here.ada, "a story")
        await here.until_said(root, BEGINNING)
        before = here.sim.sockets.accepted
        for connection in list(here.sim.connections):
            here.sim.disconnect(reason, connection)
        here.say(root, here.ben, "go on")
        await here.sim.until(lambda: here.sim.sockets.accepted == before + CONNECTIONS)
        here.sim.retry_now()
        here.openai.script.append(Answer("That was all."))
        held.release_all()
        await here.until_said(root, f"{BEGINNING} and the end.", "That was all.")
        await here.sim.connected(CONNECTIONS)
        await here.sim.settled()
        assert len(here.openai.chats) == 2


async def test_an_answer_goes_on_while_all_sockets_are_cut(server: Valkey) -> None:
    async with acme(server) as here:
        held = Answer([BEGINNING, " and the end."]).hold(1)
        here.openai.script.append(held)
        root = here.ask(here.ada, "a story")
        await here.until_said(root, BEGINNING)
        await here.sim.settled()
        for connection in list(here.sim.connections):
            here.sim.cut(connection)
        held.release_all()
        await here.until_said(root, f"{BEGINNING} and the end.")
        await here.sim.connected(CONNECTIONS)
        here.openai.script.append(Answer("I hear you."))
        here.say(root, here.ada, "can you hear me?")
        await here.until_said(root, f"{BEGINNING} and the end.", "I hear you.")


async def test_both_sockets_deliver(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("0", "0")
        for number in range(1, 4):
            here.openai.script.append(Answer(str(number)))
            here.say(root, here.ada, str(number))
            await here.sim.until(lambda number=number: len(here.said(root)) == number + 1)
        await here.sim.settled()
        assert len({ack.connection for ack in here.sim.acks}) == 2


async def test_while_the_store_is_away_people_are_told_and_answered_later(store: Store) -> None:
    server = store.start()
    timing = replace(PATIENT, ack=20.0, redelivery=(0.0, 2.0, *[4.0] * 20))
    async with acme(server, slack={"timing": timing}) as here:
        root = await here.conversation("are you there?", "Yes.")
        store.crash(server)
        asked = here.ask(here.ada, "and now?", thread=root)
        await here.sim.until(lambda: here.said(root)[1:] == [AWAY])
        sent = [e for e in here.sim.envelopes if e.payload["event"]["ts"] == asked.ts]
        assert [e.ack for e in sent] == [None, None]

        store.start()
        here.openai.script.append(Answer("Here again."))
        await here.sim.until(lambda: "Here again." in here.said(root), 15)
        await here.sim.settled()
        await here.settled()
        assert here.said(root) == ["Yes.", AWAY, "Here again."]
        assert len(here.openai.chats) == 2
        assert asked_last(here.openai.chats[1]) == "Ada: and now?"
        # Slack delivered it several times, and each mention comes twice.
        assert max(envelope.attempts for envelope in sent) >= 2


async def test_while_the_store_is_away_commands_say_so(store: Store) -> None:
    server = store.start()
    async with acme(server) as here:
        root = await here.conversation("are you there?", "Yes.")
        store.crash(server)
        calls = [
            here.sim.slash(here.general, here.ada, "/forget"),
            here.sim.slash(here.general, here.ada, "/summary", here.sim.permalink(root)),
        ]
        for call in calls:
            assert words(await here.told(call)).startswith("I can't reach my memory right now")
        store.start()


@pytest.mark.parametrize("variable", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
async def test_a_refused_token_is_said_at_once(
    server: Valkey, variable: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = {"SLACK_BOT_TOKEN": "xoxb-wrong", "SLACK_APP_TOKEN": "xapp-1-wrong"}[variable]
    async with acme(server, start=False, extra={variable: wrong}, ends=1) as here:
        with pytest.raises(AssertionError, match="the bot ended: 1"):
            await here.stage.start()
        [said] = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
        assert variable in said and "switched off" in said
        assert wrong not in caplog.text
        assert len(here.sim.requests) <= CONNECTIONS + 1
        here.sim.violations.clear()


async def test_a_refused_token_does_not_stop_the_other_platform(server: Valkey) -> None:
    wrong = {"SLACK_APP_TOKEN": "xapp-1-wrong"}
    async with open_stage(server, "discord", "slack", extra=wrong, start=False) as stage:
        discord, slack = stage.discord, stage.slack
        assert discord is not None and slack is not None
        stage.slack = None
        stage.extra |= slack.environment() | wrong
        await stage.start()
        await slack.until(lambda: slack.calls("apps.connections.open"))
        guild = await discord.add_guild("Weavers")
        general = await discord.add_text_channel(guild, "general")
        ada = discord.add_user("ada", "Ada")
        stage.openai.script.append(Answer("Here, yes."))
        asked = await discord.say(general, ada, f"{discord.mention} hello?")
        thread = await discord.until(lambda: discord.thread_of(asked))
        assert thread is not None
        await discord.until(
            lambda: [m.content for m in discord.messages(thread, by=discord.bot)] == ["Here, yes."]
        )
        assert await stage.stop() == 0
        assert discord.violations == []


MALFORMED: tuple[dict[str, Any], ...] = (
    {},
    {"type": "message"},
    {"type": "message", "channel": 5, "ts": "x", "user": "U1", "text": "x"},
    {"type": "message", "channel": "C1", "ts": "not a time", "user": "U1", "thread_ts": "1.2"},
    {"type": "message", "channel": "D1", "ts": "1790000000.000001", "user": None, "text": []},
    {"type": "app_mention", "channel": "C1"},
    {"type": "app_mention", "channel": "C1", "ts": "1790000000.000001", "user": "U1", "text": 7},
    {"type": "something_new", "a": 1},
    {"type": "message", "subtype": "message_changed"},
)


async def test_malformed_events_are_survived_and_acknowledged(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    async with acme(server) as here:
        for event in MALFORMED:
            here.sim.raw_event(event)
        here.sim.raw_envelope({})
        here.sim.raw_envelope({"event": "text"})
        here.sim.raw_envelope({"command": "/forget"}, type_="slash_commands")
        here.sim.raw_envelope({"type": "block_actions", "actions": []}, type_="interactive")
        here.sim.raw_envelope({"type": "view_submission"}, type_="interactive")
        await here.sim.settled()
        await here.conversation("still there?", "Still here.")
        assert len(here.openai.chats) == 1
        assert here.sim.sockets.accepted == CONNECTIONS
        unread = [r for r in caplog.records if "could not be read" in r.getMessage()]
        assert len(unread) >= 6
        assert "not a time" not in caplog.text


async def test_only_people_are_answered(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("hello", "Hello.")
        robot = here.sim.add_user("Builder", bot=True)
        here.sim.say(here.general, robot, f"{here.mention} build failed")
        here.say(root, robot, "build failed again")
        here.sim.join(here.general, here.sim.add_user("Cleo"))
        here.sim.system_message(here.general, here.ada, "channel_topic")
        asked = here.sim.say(here.general, here.ben, "see https://example.org")
        here.sim.unfurl(asked, "https://example.org")
        here.sim.unfurl(root, "https://example.org")
        here.sim.edit(root, f"{here.mention} hello there")
        here.sim.delete(asked)
        slackbot = {
            "type": "message",
            "channel": here.general.id,
            "channel_type": "channel",
            "user": "USLACK",
            "text": f"{here.mention} somebody mentioned you",
            "ts": "1790005000.000100",
            "thread_ts": root.ts,
        }
        here.sim.raw_event(slackbot)
        here.sim.raw_event(slackbot | {"user": here.sim.workspace.bot.id})
        await here.sim.settled()
        here.openai.script.append(Answer("Yes."))
        here.say(root, here.ada, "anybody?")
        await here.until_said(root, "Hello.", "Yes.")
        assert len(here.openai.chats) == 2
        assert here.openai.chats[1].texts("user")[0] == "Ada: hello there"


async def test_a_bare_mention_gets_a_greeting_that_says_what_to_do(server: Valkey) -> None:
    async with acme(server) as here:
        root = here.sim.say(here.general, here.ada, here.mention)
        await here.sim.until(lambda: here.said(root))
        [greeting] = here.said(root)
        assert greeting.startswith("Hello!")
        await here.settled()
        # What it says to type is what works.
        assert "`!help`" in greeting
        here.say(root, here.ada, "!help")
        assert words(await here.whispered(here.ada)).startswith("Mention me in a channel")
        assert here.openai.chats == []
        here.openai.script.append(Answer("Yes."))
        here.say(root, here.ada, "can you hear me?")
        await here.until_said(root, greeting, "Yes.")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda: failure(401), "I'm not set up correctly to reach my model."),
        (lambda: failure(400), "The model's provider refused this request."),
        (lambda: Answer(""), "The model gave an empty answer."),
    ],
    ids=["key", "refused", "empty"],
)
async def test_what_is_wrong_with_the_model_is_said_in_the_thread(
    server: Valkey, answer: Any, sentence: str
) -> None:
    async with acme(server) as here:
        here.openai.script.append(answer())
        root = here.ask(here.ada, "hello?")
        await here.sim.until(lambda: here.said(root))
        [said] = here.said(root)
        assert said.startswith(sentence)
        await here.settled()
        here.openai.script.append(Answer("Better now."))
        here.say(root, here.ada, "again?")
        await here.until_said(root, said, "Better now.")
