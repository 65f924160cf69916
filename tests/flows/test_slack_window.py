"""Long conversations on Slack: what is summarised, what is still known, what a prompt repeats."""

from __future__ import annotations

from itertools import pairwise

from tests.flows.acme import Acme, acme
from tests.flows.test_discord_window import GOOD, SMALL, SUMMARY, asks_for_summary
from tests.flows.weavers import asked_last
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request
from tests.simulators.slack_sim import Message

NOTED = "Noted: one more row of the blanket."


def _scripted(here: Acme) -> None:
    here.openai.on(asks_for_summary, lambda _: Answer(GOOD.format(number=7)), times=None)
    here.openai.behaviour = lambda _: Answer(NOTED)


async def _begun(here: Acme) -> Message:
    return await here.conversation("My loom is called Hildegard-7.", "A fine name.")


async def _talk(here: Acme, root: Message, turns: int) -> None:
    for number in range(turns):
        before = len(here.said(root))
        who = here.ada if number % 2 else here.ben
        here.say(root, who, f"row {number}: " + "weft over warp " * 8)
        await here.sim.until(lambda before=before: len(here.said(root)) == before + 1)
        await here.settled()


def _replies(here: Acme) -> list[Request]:
    return [request for request in here.openai.chats if not asks_for_summary(request)]


def _summaries(here: Acme) -> list[Request]:
    return [request for request in here.openai.chats if asks_for_summary(request)]


async def test_a_long_thread_is_folded_and_its_beginning_stays_known(server: Valkey) -> None:
    async with acme(server, extra=SMALL, paced=False) as here:
        _scripted(here)
        root = await _begun(here)
        await _talk(here, root, 24)
        replies, summaries = _replies(here), _summaries(here)
        assert len(replies) == 25
        assert here.said(root)[1:] == [NOTED] * 24
        assert 2 <= len(summaries) <= 10

        # Every prompt begins with all of the one before it, to the byte, but for one after each
        # summary; that may come a turn after it was asked for.
        changed = [
            later.seq
            for earlier, later in pairwise(replies)
            if later.messages[: len(earlier.messages) - 1] != earlier.messages[:-1]
        ]
        assert len(changed) <= len(summaries)
        # A summary goes on with what was sent before it.
        for summary in summaries:
            before = [reply for reply in replies if reply.seq < summary.seq][-1]
            assert summary.messages[0] == before.messages[0]
            assert summary.messages[2] in before.messages

        assert all(request.prompt_tokens < 1300 for request in replies)
        last = replies[-1]
        assert last.messages[1].text.startswith(SUMMARY)
        assert "Hildegard-7" in last.text
        assert all("My loom" not in message.text for message in last.messages[2:])
        assert asked_last(last).startswith("Ada: row 23: ")
        # What was folded is not read again from Slack.
        assert here.sim.calls("conversations.replies") == []


async def test_an_overflow_is_folded_and_asked_once_more(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_CONTEXT_TOKENS": "8000"}, paced=False) as here:
        _scripted(here)
        root = await _begun(here)
        await _talk(here, root, 16)
        assert _summaries(here) == []
        here.openai.context_window = here.openai.chats[-1].prompt_tokens
        before = len(here.openai.chats)
        await _talk(here, root, 1)
        last = _replies(here)[-1]
        # Beside the next turn it may be folded further.
        until = here.openai.chats.index(last) + 1
        asked = [(asks_for_summary(r), r.status) for r in here.openai.chats[before:until]]
        assert asked[0] == (False, 400)
        assert asked[-1] == (False, 200)
        assert set(asked[1:-1]) == {(True, 200)}
        assert last.messages[1].text.startswith(SUMMARY)
        assert "Hildegard-7" in last.text
        # What was shown meanwhile is replaced by the answer, in one message.
        assert here.said(root)[1:] == [NOTED] * 17
        assert here.sim.deleted_messages(here.general) == []
        assert here.sim.status(root) == ""
        # It goes on within the window that was learnt.
        after = len(here.openai.chats)
        await _talk(here, root, 4)
        assert {request.status for request in here.openai.chats[after:]} == {200}


async def test_an_overflow_that_stays_is_told_and_not_asked_for_ever(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_CONTEXT_TOKENS": "8000"}, paced=False) as here:
        _scripted(here)
        root = await _begun(here)
        await _talk(here, root, 4)
        here.openai.context_window = 50
        before = len(here.openai.chats)
        here.say(root, here.ada, "and now?")
        await here.sim.until(lambda: len(here.said(root)) == 6)
        await here.settled()
        asked = [
            request for request in _replies(here) if request.seq >= here.openai.chats[before].seq
        ]
        assert [request.status for request in asked] == [400, 400]
        assert here.said(root)[-1].startswith("That is more than the model can read at once.")


async def test_a_single_message_over_the_window_is_shortened(server: Valkey) -> None:
    async with acme(server, extra=SMALL, paced=False) as here:
        here.openai.script.append(Answer("That was long."))
        paste = "Please read this. " + "lorem ipsum dolor sit amet " * 140 + " What does it say?"
        root = here.sim.say(here.sim.open_dm(here.ada), here.ada, paste)
        await here.until_said(root, "That was long.")
        [request] = here.openai.chats
        text = asked_last(request)
        assert text.startswith("Ada: Please read this.")
        assert text.endswith("What does it say?")
        assert "characters left out here" in text
        assert request.prompt_tokens < 1300


async def test_a_summary_is_known_after_a_restart(server: Valkey) -> None:
    async with acme(server, extra=SMALL, paced=False) as here:
        _scripted(here)
        root = await _begun(here)
        await _talk(here, root, 10)
        assert _summaries(here)
        before = _replies(here)[-1]
        await here.restart()
        here.say(root, here.ada, "what is my loom called?")
        await here.sim.until(lambda: len(here.said(root)) == 12)
        last = _replies(here)[-1]
        assert last.messages[0] == before.messages[0]
        assert last.messages[1].text.startswith(SUMMARY)
        assert "Hildegard-7" in last.text
