"""Long conversations: what the model still knows, what is summarised, what a prompt repeats."""

from __future__ import annotations

import re
from itertools import pairwise

from tests.flows.weavers import Weavers, asked_last, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel
from tests.simulators.openai_sim import Answer, Request

SMALL = {"BOBBIN_CONTEXT_TOKENS": "1000", "BOBBIN_RECALL_TOKENS": "0"}
SUMMARY = "[Summary of the earlier conversation"
GOOD = """## Goal
Ada plans a red blanket.

## Facts
- Ada's loom is called Hildegard-{number}.

## Decisions
- The blanket is 150 cm wide.
"""


def asks_for_summary(request: Request) -> bool:
    """Whether the request is for a summary."""
    return "[Now: " not in request.last_user_text


async def _talk(here: Weavers, thread: Channel, turns: int) -> None:
    for number in range(turns):
        before = len(here.said(thread))
        await here.sim.say(
            thread, here.ada if number % 2 else here.ben, f"row {number}: " + "weft over warp " * 8
        )
        await here.sim.until(lambda before=before: len(here.said(thread)) == before + 1)
        await here.settled()


def _replies(here: Weavers) -> list[Request]:
    return [request for request in here.openai.chats if not asks_for_summary(request)]


def _repeats(earlier: Request, later: Request) -> bool:
    """Whether all of `earlier` but its last message is the beginning of `later`."""
    kept = earlier.messages[:-1]
    return later.messages[: len(kept)] == kept


async def test_thirty_turns_in_a_small_window(server: Valkey) -> None:
    async with weavers(server, extra=SMALL, paced=False) as here:
        here.openai.on(asks_for_summary, lambda _: Answer(GOOD.format(number=7)), times=None)
        here.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
        thread = await here.conversation("My loom is called Hildegard-7.", "A fine name.")
        await _talk(here, thread, 30)

        summaries = [request for request in here.openai.chats if asks_for_summary(request)]
        replies = _replies(here)
        assert len(replies) == 31
        assert 1 <= len(summaries) <= 12
        # The prompt begins as the one before it, except where a summary came between.
        changed = [
            later.seq for earlier, later in pairwise(replies) if not _repeats(earlier, later)
        ]
        assert len(changed) <= len(summaries)
        # A summary is asked for by going on with what was sent before.
        for summary in summaries:
            before = [reply for reply in replies if reply.seq < summary.seq][-1]
            assert summary.messages[0] == before.messages[0]
            assert summary.messages[2] in before.messages
        assert all(request.prompt_tokens < 1300 for request in replies)
        last = replies[-1]
        assert last.messages[1].text.startswith(SUMMARY)
        assert "Hildegard-7" in last.text
        assert asked_last(last).startswith("Ada: row 29: ")


async def test_a_question_that_comes_before_the_summary_waits_for_it(server: Valkey) -> None:
    async with weavers(server, extra=SMALL, paced=False) as here:
        summary = Answer(GOOD.format(number=7)).hold()
        here.openai.on(asks_for_summary, summary)
        here.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
        thread = await here.conversation("My loom is called Hildegard-7.", "A fine name.")
        await _talk(here, thread, 9)
        await here.openai.until(lambda: any(map(asks_for_summary, here.openai.chats)))
        said, typed = len(here.said(thread)), len(here.sim.typings)
        await here.sim.say(thread, here.ada, "and " + "weft over warp " * 20)
        await here.sim.until(lambda: len(here.sim.typings) > typed)
        assert len(here.said(thread)) == said
        summary.release_all()
        await here.sim.until(lambda: len(here.said(thread)) > said)
        assert all("left out here" not in request.text for request in here.openai.chats)
        assert all("Hildegard-7" in request.text for request in here.openai.chats)


async def test_a_useless_summary_is_not_believed(server: Valkey) -> None:
    async with weavers(server, extra=SMALL, paced=False) as here:
        here.openai.on(asks_for_summary, lambda _: Answer("NONE"), times=None)
        here.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
        thread = await here.conversation("Remember: my loom is called Hildegard-7.", "A fine name.")
        await _talk(here, thread, 14)
        await here.sim.say(thread, here.ada, "what is my loom called?")
        await here.openai.until(
            lambda: asked_last(here.openai.chats[-1]).endswith("what is my loom called?")
        )
        last = _replies(here)[-1]
        assert last.messages[1].text.startswith(SUMMARY)
        assert re.search(
            r"Ada \(\d{4}-\d\d-\d\d\): Remember: my loom is called Hildegard-7", last.text
        )
        assert "NONE" not in last.text
        await here.settled()


async def test_a_failing_summary_does_not_disturb_the_conversation(server: Valkey) -> None:
    async with weavers(server, extra=SMALL, paced=False) as here:
        here.openai.on(asks_for_summary, lambda _: Answer(GOOD, finish_reason="length"), times=None)
        here.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
        thread = await here.conversation("Remember: my loom is called Hildegard-7.", "A fine name.")
        await _talk(here, thread, 12)
        assert here.said(thread)[1:] == ["Noted: one more row of the blanket."] * 12
        assert "Hildegard-7" in here.openai.chats[-1].text


async def test_a_window_smaller_than_configured_is_learnt(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_CONTEXT_TOKENS": "8000"}, paced=False) as here:
        here.openai.on(asks_for_summary, lambda _: Answer(GOOD.format(number=7)), times=None)
        here.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
        thread = await here.conversation("My loom is called Hildegard-7.", "A fine name.")
        await _talk(here, thread, 24)
        here.openai.context_window = here.openai.chats[-1].prompt_tokens
        await _talk(here, thread, 1)
        statuses = [(asks_for_summary(r), r.status) for r in here.openai.chats[25:]]
        assert statuses[0] == (False, 400)
        assert statuses[-1] == (False, 200)
        assert set(statuses[1:-1]) == {(True, 200)}
        assert len(statuses) <= 5
        last = here.openai.chats[-1]
        assert last.messages[1].text.startswith(SUMMARY)
        assert "Hildegard-7" in last.text
        assert asked_last(last).startswith("Ben: row 0: ")
        # It goes on within the window that was learnt.
        after = len(here.openai.chats)
        await _talk(here, thread, 6)
        assert {request.status for request in here.openai.chats[after:]} == {200}
        assert here.said(thread)[1:] == ["Noted: one more row of the blanket."] * 31


async def test_a_single_message_over_the_window_is_shortened(server: Valkey) -> None:
    async with weavers(server, extra=SMALL, paced=False) as here:
        dm = here.sim.open_dm(here.ada)
        here.openai.script.append(Answer("That was long."))
        paste = "Please read this. " + "lorem ipsum dolor sit amet " * 140 + " What does it say?"
        await here.sim.say(dm, here.ada, paste)
        await here.until_said(dm, "That was long.")
        text = asked_last(here.openai.chats[0])
        assert text.startswith("Ada: Please read this.")
        assert text.endswith("What does it say?")
        assert "characters left out here" in text
        assert here.openai.chats[0].prompt_tokens < 1300


async def test_what_was_said_is_remembered_over_a_restart_after_folding(server: Valkey) -> None:
    async with weavers(server, extra=SMALL, paced=False) as here:
        here.openai.on(asks_for_summary, lambda _: Answer(GOOD.format(number=7)), times=None)
        here.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
        thread = await here.conversation("My loom is called Hildegard-7.", "A fine name.")
        await _talk(here, thread, 10)
        assert await here.stage.stop() == 0
        before = _replies(here)[-1]
        await here.stage.start()
        await _talk(here, thread, 1)
        last = _replies(here)[-1]
        assert "Hildegard-7" in last.text
        assert last.messages[1].text.startswith(SUMMARY)
        assert before.messages[0] == last.messages[0]
