"""Where an answer goes: threads in channels, direct messages, groups."""

from __future__ import annotations

import pytest

from tests.flows.acme import acme
from tests.flows.weavers import asked_last
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEGINNING = "This is only the beginning of it,"


async def test_a_mention_is_answered_in_the_thread_of_its_message(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("what is a bobbin?", "It holds the thread.")
        [answer] = here.sim.replies(root)
        assert answer.thread_ts == root.ts
        assert not answer.broadcast
        assert [m.ts for m in here.sim.messages(here.general)] == [root.ts, answer.ts]
        assert asked_last(here.openai.chats[0]) == "Ada: what is a bobbin?"


@pytest.mark.parametrize("order", ["mention_first", "message_first"])
async def test_a_mention_that_comes_twice_is_answered_once(server: Valkey, order: str) -> None:
    async with acme(server, slack={"mention_order": order}) as here:
        root = await here.conversation("hello", "Once.")
        inside = here.ask(here.ben, "and here?", thread=root)
        here.openai.script.append(Answer("Here, too."))
        await here.until_said(root, "Once.", "Here, too.")
        await here.sim.settled()
        await here.settled()
        assert inside.thread_ts == root.ts
        assert len(here.openai.chats) == 2
        sent = [e.payload["event"]["type"] for e in here.sim.envelopes]
        assert sorted(sent[:2]) == ["app_mention", "message"]
        assert (sent[0] == "app_mention") is (order == "mention_first")


async def test_two_questions_in_one_channel_are_two_conversations(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_RECALL_TOKENS": "0"}) as here:
        first = await here.conversation("my loom is red", "A red loom.")
        second = await here.conversation("what colour is my loom?", "You have not told me.")
        assert "red loom" not in here.openai.chats[1].text
        assert here.said(first) == ["A red loom."]
        assert here.said(second) == ["You have not told me."]


async def test_a_direct_message_starts_a_thread_of_its_own(server: Valkey) -> None:
    async with acme(server) as here:
        dm = here.sim.open_dm(here.ada)
        here.openai.script.extend([Answer("Hello in private."), Answer("You said psst.")])
        root = here.sim.say(dm, here.ada, "psst")
        await here.until_said(root, "Hello in private.")
        await here.settled()
        here.say(root, here.ada, "what did I say?")
        await here.until_said(root, "Hello in private.", "You said psst.")
        assert here.openai.chats[1].texts("assistant") == ["Hello in private."]
        await here.settled()

        here.openai.script.append(Answer("Another topic."))
        other = here.sim.say(dm, here.ada, "something else")
        await here.until_said(other, "Another topic.")
        assert here.openai.chats[2].texts("assistant") == []
        assert "conversations.replies" not in here.sim.calls_by_method()


async def test_in_a_group_only_a_mention_begins(server: Valkey) -> None:
    async with acme(server) as here:
        group = here.sim.open_group_dm(here.ada, here.ben)
        ignored = here.sim.say(group, here.ben, "just between us")
        root = await here.conversation("join us", "Here I am.", group)
        here.openai.script.append(Answer("Of course."))
        here.say(root, here.ben, "and stay?")
        await here.until_said(root, "Here I am.", "Of course.")
        assert here.said(ignored) == []
        assert asked_last(here.openai.chats[1]) == "Ben: and stay?"


async def test_private_channels_are_like_others(server: Valkey) -> None:
    async with acme(server) as here:
        secret = here.sim.add_channel("secret", private=True, members=[here.ada])
        root = await here.conversation("psst", "Quietly.", secret)
        here.openai.script.append(Answer("Still quiet."))
        here.say(root, here.ada, "and on")
        await here.until_said(root, "Quietly.", "Still quiet.")


async def test_a_bot_that_is_thrown_out_stays_silent(server: Valkey) -> None:
    async with acme(server) as here:
        held = Answer("I am not here any more.").hold()
        here.openai.script.append(held)
        root = here.ask(here.ada, "are you here?")
        await here.until_asked(1)
        await here.sim.until(lambda: here.sim.status(root))
        here.sim.remove_bot(here.general)
        held.release_all()
        await here.settled()
        assert here.said(root) == []
        calls = [r for r in here.sim.calls("chat.postMessage") if r.error == "not_in_channel"]
        assert len(calls) == 1
        # Nothing goes round in circles, and everybody else is answered.
        elsewhere = here.sim.add_channel("elsewhere", members=[here.ada])
        await here.conversation("and here?", "Here, yes.", elsewhere)
        assert len(here.sim.calls("chat.postMessage")) == 2
        assert len(here.openai.chats) == 2
        here.shut_out = True


async def test_an_archived_channel_ends_the_answer(server: Valkey) -> None:
    async with acme(server) as here:
        held = Answer([BEGINNING, " The end."]).hold(1)
        here.openai.script.append(held)
        root = here.ask(here.ada, "a story")
        await here.until_said(root, BEGINNING)
        here.sim.archive(here.general)
        held.release_all()
        await here.settled()
        assert here.said(root) == [BEGINNING]
        elsewhere = here.sim.add_channel("elsewhere", members=[here.ada])
        await here.conversation("and here?", "Here, yes.", elsewhere)
        assert len(here.openai.chats) == 2


async def test_a_deleted_answer_stays_deleted(server: Valkey) -> None:
    async with acme(server) as here:
        answer = Answer([BEGINNING, " the middle,", " the end."]).hold(1)
        here.openai.script.append(answer)
        root = here.ask(here.ada, "a story")
        await here.until_said(root, BEGINNING)
        here.sim.delete(here.sim.replies(root)[0])
        answer.release()
        await here.openai.until(lambda: here.openai.disconnects)
        await here.settled()
        assert here.said(root) == []
        here.openai.script.append(Answer("What else?"))
        here.say(root, here.ada, "never mind")
        await here.until_said(root, "What else?")
        assert here.openai.chats[1].texts("assistant") == []
