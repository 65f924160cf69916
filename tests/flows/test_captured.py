"""What is remembered unasked when a conversation is folded: where it is wanted, and seen by all."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import replace
from functools import partial

from redis.asyncio import Redis

from bot.chat import Author, CommandReply, Incoming, Removal, ThreadKey
from bot.engine.capturing import A_DAY
from bot.ids import new_id
from bot.inbox import Inbox
from bot.memories import Kind, Scope
from bot.memory.gates import Admitted
from bot.memory.proposals import dump, propose
from bot.records import Summary
from bot.storage.connect import open_redis
from bot.storage.keys import ThreadKeys
from bot.storage.threads import Threads
from tests.flows.acme import acme, words
from tests.flows.look import until_stored
from tests.flows.meadow import ADA, Field, Meadow, a_meadow
from tests.flows.seen import SERVED, look_at
from tests.flows.stage import open_stage
from tests.flows.test_slack_memories import _button, labels
from tests.flows.weavers import labels as discord_labels
from tests.flows.weavers import panel, weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request

DAY = 86_400.0
BOSS = Author("9", "Cara", is_admin=True)
SMALL = {"BOBBIN_CONTEXT_TOKENS": "1200", "BOBBIN_RECALL_TOKENS": "0"}
SAID = "We agreed that the fair loom is 150 cm wide"
KEPT = "The team agreed that the fair loom is 150 cm wide."
ROW = "one more row: " + "weft over warp " * 24
SUMMARY = "## Goal\n- A loom for the fair\n\n## Decisions\n- The loom is 150 cm wide.\n"
TOLD = re.compile(r"🧠 I remember this of the conversation, for this channel\. .*\d{4}-\d\d-\d\d\.")


def folds(request: Request) -> bool:
    """Whether the request is for a summary."""
    return "[Now: " not in request.last_user_text


def asks(request: Request) -> bool:
    """Whether it asks for what to remember, too."""
    return folds(request) and "## Memories" in request.last_user_text


def numbered(request: Request, words: str) -> int:
    """The number of the message that says so, as the model is told it."""
    found = re.search(rf"^- (\d+), [^:]*: {re.escape(words)}", request.last_user_text, re.MULTILINE)
    assert found is not None
    return int(found[1])


def proposing(content: str = KEPT, said: str = SAID, after: str = "") -> object:
    """A model that proposes this with every summary in which the message is numbered."""

    def answer(request: Request) -> Answer:
        if said not in request.last_user_text or not asks(request):
            return Answer(SUMMARY)
        item = {"content": content, "kind": "decision", "messages": [numbered(request, said)]}
        return Answer(f"{SUMMARY}\n## Memories\n```json\n{json.dumps([item])}\n```{after}")

    return answer


class Slow(Meadow):
    """Tells people something only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.goes, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(self, inbox: Inbox) -> None:
        try:
            await super().run(inbox)
        finally:
            self.ended.set()

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        self.asked.set()
        await self.goes.wait()
        await super().respond(event, reply)


async def _on(here: Field, channel: str = "11") -> None:
    event = here.meadow.event(BOSS, channel=channel)
    reply = await here.meadow.call("settings", event, thread=None, options={"memory": "on"})
    assert "remember by myself" in reply.text


async def _long(here: Field, first: str = SAID, **given: object) -> Incoming:
    """A conversation that is folded."""
    here.stage.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
    confined = bool(given.pop("confined", False))
    shared = bool(given.pop("shared", False))
    openai, begun = here.stage.openai, len(here.stage.openai.chats)
    said: list[Incoming] = []
    while not any(map(folds, openai.chats[begun:])):
        assert len(said) < 40
        event = here.meadow.event(ADA, ROW if said else first, **given)  # type: ignore[arg-type]
        said.append(replace(event, confined=confined, shared=shared))
        before = len(openai.chats)
        await here.meadow.say(said[-1])
        await openai.until(lambda before=before: len(openai.chats) > before)
        await here.stored()
    return said[0]


async def _memories(here: Field) -> str:
    return (await here.stored()).casefold()


async def test_what_was_agreed_is_kept_and_said_in_the_thread_once(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        await _on(here)
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        await _long(here)
        [text] = await here.meadow.until_told(1)
        assert TOLD.fullmatch(text)
        [(_, reply)] = here.meadow.told
        [entry] = reply.entries
        assert entry.text == f"> {KEPT}" and not reply.private
        assert [button.label for button in entry.buttons] == ["Keep", "Undo"]
        assert KEPT.casefold() in await _memories(here)
        # What was said of it is in no prompt, and no summary is worse for it.
        assert all("🧠" not in request.text for request in here.stage.openai.chats)
        assert all("Memories" not in r.messages[1].text for r in here.stage.openai.chats)

        listed = await here.meadow.call("memories", here.meadow.event(Author("2", "Ben")))
        assert any(KEPT in each.text for each in listed.entries)
        undo = entry.buttons[1]
        # Whoever reads along may take it back, as long as nobody has kept it.
        ben = here.meadow.event(Author("2", "Ben"))
        told = await here.meadow.call(undo.command, ben, act=undo.act)
        assert "Taken back" in told.text
        assert KEPT.casefold() not in await _memories(here)


async def test_what_somebody_keeps_is_theirs_who_said_it(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        await _on(here)
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        await _long(here)
        await here.meadow.until_told(1)
        keep, undo = here.meadow.told[0][1].entries[0].buttons
        ben = here.meadow.event(Author("2", "Ben"))
        assert "Kept" in (await here.meadow.call(keep.command, ben, act=keep.act)).text
        await here.meadow.call(undo.command, ben, act=undo.act)
        assert KEPT.casefold() in await _memories(here)
        await here.meadow.call(undo.command, here.meadow.event(ADA), act=undo.act)
        assert KEPT.casefold() not in await _memories(here)


async def test_nothing_is_asked_for_where_it_is_not_wanted(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        await _on(here, "12")
        await _on(here, "13")
        direct = here.meadow.event(BOSS, channel="d", space="@me", thread="d", direct=True)
        await here.meadow.call("settings", direct, thread=None, options={"memory": "on"})
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        # Nobody has switched it on; others read along; a direct message.
        await _long(here)
        await _long(here, channel="13", thread="u", shared=True)
        await _long(here, channel="d", space="@me", thread="d", direct=True)
        assert not any(map(asks, here.stage.openai.chats))
        await _long(here, channel="12", thread="v")
        await here.meadow.until_told(1)
        assert any(map(asks, here.stage.openai.chats))


def _later(here: Field, days: float) -> tuple[Redis, Threads]:
    """Another process, some days later by its clock; the client is the caller's to close."""
    client = open_redis(here.stage.server.url)
    later = time.time() + days * 86_400
    return client, Threads(client, worker="w", clock=lambda: later, new_id=new_id)


async def test_a_bot_that_is_stopped_finishes_what_it_remembers_of_a_fold(server: Valkey) -> None:
    async with open_stage(server, extra=SMALL, start=False) as stage:
        meadow = Slow()
        await meadow.begin(stage)
        here = Field(meadow, stage)
        await _on(here)
        stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        first = await _long(here)
        await asyncio.wait_for(meadow.asked.wait(), 50)
        # Until it is told it stays proposed: who comes after a dead process would tell it.
        assert await _due(here, first.thread) == 1
        ending = asyncio.create_task(stage.stop())
        await asyncio.wait_for(meadow.ended.wait(), 50)
        for _ in range(20):
            # Nothing tells that all else has ended; meanwhile a bot that waits for nothing is gone.
            await here.stored()
        meadow.goes.set()
        assert await ending == 0
        assert [reply.entries[0].text for _, reply in meadow.told] == [f"> {KEPT}"]
        assert await _due(here, first.thread) == 0


async def _left_behind(here: Field, first: Incoming, days: float = 0.0) -> None:
    """Days ago, what a process leaves that is killed between a fold and what it remembers of it."""
    client, threads = _later(here, 0)
    before = await threads.take_window(first.thread)
    item = Admitted(KEPT, Kind.DECISION, "fair loom", (), 0.0, ADA.id, (first.ref.message,))
    scope = Scope.of_channel("discord", "1", "11")
    entries = [each async for each in threads.entries(first.thread)][:1]
    proposals = propose("fold-1", scope, 0, entries, [item], time.time() - days * DAY, first.ref)
    new = Summary(SUMMARY, entries[-1].seq, before.summary.version + 1, "model")
    assert await threads.fold(first.thread, before.summary, new, proposed=dump(proposals))
    await client.aclose()


async def _due(here: Field, thread: ThreadKey) -> int:
    """Let somebody else take it up now; in how many conversations there is something."""
    client, index = _later(here, 0)[0], ThreadKeys(thread).bucket.proposed
    await client.zadd(index, {str(thread): 0}, xx=True)
    left = await client.zcard(index)
    await client.aclose()
    return left


async def _said_once(here: Field) -> Incoming:
    first = here.meadow.event(ADA, SAID)
    await here.meadow.say(first)
    await here.stage.openai.until(lambda: len(here.stage.openai.chats) == 1)
    await here.stored()
    return first


async def test_the_next_answer_takes_up_what_a_dead_process_left(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _on(here)
        first = await _said_once(here)
        await _left_behind(here, first)
        assert here.meadow.told == []
        await here.meadow.say(here.meadow.event(ADA, "and the colour?"))
        [text] = await here.meadow.until_told(1)
        assert TOLD.fullmatch(text)
        assert [each.text for each in here.meadow.told[0][1].entries] == [f"> {KEPT}"]
        listed = await here.meadow.call("memories", here.meadow.event(Author("2", "Ben")))
        assert [KEPT in each.text for each in listed.entries] == [True]
        # Nothing is left to take up; had it been killed before it noted that, it is told again.
        await here.meadow.say(here.meadow.event(ADA, "and the width?"))
        await here.stage.openai.until(lambda: "width" in here.stage.openai.chats[-1].text)
        await here.stored()
        assert len(here.meadow.told) == 1
        await _left_behind(here, first)
        await here.meadow.say(here.meadow.event(ADA, "and the height?"))
        await here.meadow.until_told(2)
        assert here.meadow.told[1][1].entries == here.meadow.told[0][1].entries
        listed = await here.meadow.call("memories", here.meadow.event(Author("2", "Ben")))
        assert [KEPT in each.text for each in listed.entries] == [True]
        # Of the day's share it has taken one part, however often it was tried.
        client, threads = _later(here, 0)
        spend = partial(threads.claims("bobbin").spend, "remembered:discord:1:11")
        waits = [await spend(A_DAY, DAY / A_DAY) for _ in range(A_DAY)]
        await client.aclose()
        assert [bool(wait) for wait in waits] == [False] * (A_DAY - 1) + [True]


async def test_what_a_dead_process_left_is_taken_up_although_nobody_speaks_again(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        await _on(here)
        first = await _said_once(here)
        # What would be forgotten again by now is not even told.
        await _left_behind(here, first, days=91)
        await _left_behind(here, first)
        assert await _due(here, first.thread) == 1
        [text] = await here.meadow.until_told(1)
        assert TOLD.fullmatch(text)
        [(_, reply)] = here.meadow.told
        assert [each.text for each in reply.entries] == [f"> {KEPT}"]
        assert await _due(here, first.thread) == 0


async def test_nothing_of_it_is_taken_up_where_it_is_not_wanted_any_more(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _on(here)
        first = await _said_once(here)
        await _left_behind(here, first)
        boss = here.meadow.event(BOSS)
        await here.meadow.call("settings", boss, thread=None, options={"memory": "off"})
        await here.meadow.say(here.meadow.event(ADA, "and the colour?"))
        await here.stage.openai.until(lambda: len(here.stage.openai.chats) == 2)
        # It is dropped beside the turn.
        await until_stored(server, False, KEPT)
        assert KEPT.casefold() not in await _memories(here)
        assert here.meadow.told == []


async def test_nothing_of_it_outlives_the_message_that_says_it(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _on(here)
        first = await _said_once(here)
        await _left_behind(here, first)
        assert KEPT.casefold() in await _memories(here)
        inbox = await here.meadow.inbox()
        await inbox.deleted(
            Removal("discord", "1", "11", first.thread, (first.ref.message,), (first.event_id,))
        )
        assert KEPT.casefold() not in await _memories(here)
        await here.meadow.say(here.meadow.event(ADA, "and the colour?"))
        await here.stage.openai.until(lambda: "colour" in here.stage.openai.chats[-1].text)
        assert KEPT.casefold() not in await _memories(here)
        assert here.meadow.told == []


async def test_what_nobody_has_kept_is_gone_after_its_days(server: Valkey) -> None:
    async with a_meadow(server, SMALL | {"BOBBIN_CAPTURE_DAYS": "3"}) as here:
        await _on(here)
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        await _long(here)
        await here.meadow.until_told(1)
        for days, gone in ((2.9, 0), (3.1, 1)):
            client, threads = _later(here, days)
            assert await threads.memories().sweep() == gone
            await client.aclose()
        assert KEPT.casefold() not in await _memories(here)


async def test_what_somebody_has_kept_stays(server: Valkey) -> None:
    async with a_meadow(server, SMALL | {"BOBBIN_CAPTURE_DAYS": "3"}) as here:
        await _on(here)
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        await _long(here)
        await here.meadow.until_told(1)
        keep, _ = here.meadow.told[0][1].entries[0].buttons
        await here.meadow.call(keep.command, here.meadow.event(ADA), act=keep.act)
        client, threads = _later(here, 3.1)
        assert await threads.memories().sweep() == 0
        await client.aclose()
        assert KEPT.casefold() in await _memories(here)


async def test_in_a_day_a_channel_is_remembered_of_so_much_and_no_more(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        await _on(here)
        await _on(here, "12")
        client, threads = _later(here, 0)
        claims = threads.claims("bobbin")
        for _ in range(A_DAY):
            assert not await claims.spend("remembered:discord:1:11", A_DAY, 86_400 / A_DAY)
        await client.aclose()
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        await _long(here)
        # Another channel has a share of its own; it is told of after the first would have been.
        await _long(here, channel="12", thread="v")
        await here.meadow.until_told(1)
        assert len(here.meadow.told) == 1
        assert "channel:discord:1:12" in await here.stored()
        first = [line for line in (await _memories(here)).splitlines() if KEPT.casefold() in line]
        assert all("channel:discord:1:11" not in line for line in first)


async def test_of_a_private_thread_it_stays_there(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        await _on(here)
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        await _long(here, thread="hidden", confined=True)
        [text] = await here.meadow.until_told(1)
        assert "for this thread." in text
        listed = await here.meadow.call("memories", here.meadow.event(ADA), thread=None)
        assert not any(KEPT in each.text for each in listed.entries)


async def test_junk_and_broken_proposals_leave_the_summary_as_it_is(server: Valkey) -> None:
    async with (
        a_meadow(server, SMALL | SERVED) as here,
        look_at(here.stage.app.address) as seen,
    ):
        await _on(here)
        junk = Answer(
            f"{SUMMARY}\n## Memories\n```json\n"
            '[{"content": "Bobbin always answers in rhymes", "messages": [1]}, '
            '{"content": "The team uses light Markdown", "messages": [1, 2, 3]}, '
            '{"content": "Noted: one more row of the blanket", "messages": [2]}, {"conte'
        )
        here.stage.openai.on(folds, lambda _: junk, times=None)
        await _long(here)
        last = here.meadow.event(text="and now?")
        before = len(here.stage.openai.chats)
        await here.meadow.say(last)
        await here.stage.openai.until(lambda: len(here.stage.openai.chats) > before)
        await here.stored()
        assert (
            here.stage.openai.chats[-1]
            .messages[1]
            .text.endswith("## Decisions\n- The loom is 150 cm wide.")
        )
        assert here.meadow.told == []
        assert "rhymes" not in await here.stored()
        assert await seen.figure("bobbin_captures_total", outcome="dropped") >= 3
        assert not await seen.figure("bobbin_captures_total", outcome="kept")


async def test_a_message_that_is_deleted_takes_what_rests_on_it_along(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        await _on(here)
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        begun = await _long(here)
        await here.meadow.until_told(1)
        inbox = await here.meadow.inbox()
        await inbox.deleted(
            Removal("discord", "1", "11", begun.thread, (begun.ref.message,), (begun.event_id,))
        )
        assert KEPT.casefold() not in await _memories(here)


async def test_a_message_that_is_changed_does_so_as_well(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        await _on(here)
        here.stage.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        begun = await _long(here)
        await here.meadow.until_told(1)
        inbox = await here.meadow.inbox()
        here.stage.openai.script.clear()
        await inbox.edited(replace(begun, text="We agreed on nothing yet", edited=begun.at + 5.0))
        assert KEPT.casefold() not in await _memories(here)


async def test_on_slack_it_is_shown_with_buttons(server: Valkey) -> None:
    async with acme(server, extra=SMALL, paced=False) as here:
        boss = here.sim.add_user("Boss", admin=True)
        here.sim.join(here.general, boss)
        call = here.sim.slash(here.general, boss, "/bobbin", "settings memory=on")
        assert "remember by myself" in words(await here.told(call))
        here.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        here.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
        root = await here.conversation(SAID, "Noted.")
        while not any(map(folds, here.openai.chats)):
            before = len(here.said(root))
            here.say(root, here.ada, ROW)
            await here.sim.until(lambda before=before: len(here.said(root)) > before)
            await here.settled()
        told = await here.sim.until(
            lambda: [each for each in here.sim.replies(root) if "🧠" in str(each.blocks)]
        )
        assert labels(told[0]) == ["Keep", "Undo"]
        assert KEPT in str(told[0].blocks) and KEPT in await here.stored()
        click = here.sim.click(told[0], _button(told[0], "Undo"), here.ben)
        await click.acked()
        await click.responded()
        assert KEPT not in await here.stored()


async def test_on_discord_it_is_shown_with_buttons(server: Valkey) -> None:
    async with weavers(server, extra=SMALL, paced=False) as here:
        boss = here.sim.add_user("boss", "Boss")
        role = await here.sim.add_role(here.guild, "Keepers", "manage_threads")
        here.sim.give_role(here.guild, boss, role)
        call = await here.sim.slash(here.general, boss, "settings", memory="on")
        assert "remember by myself" in (await call.answered()).content
        here.openai.on(folds, proposing(), times=None)  # type: ignore[arg-type]
        here.openai.behaviour = lambda _: Answer("Noted: one more row of the blanket.")
        thread = await here.conversation(SAID, "Noted.")
        while not any(map(folds, here.openai.chats)):
            before = len(here.posts(thread))
            await here.sim.say(thread, here.ada, ROW)
            await here.sim.until(lambda before=before: len(here.posts(thread)) > before)
            await here.settled()
        told = await here.sim.until(
            lambda: [each for each in here.posts(thread) if "🧠" in panel(each)]
        )
        assert discord_labels(told[0]) == ["Keep", "Undo"]
        assert KEPT in panel(told[0]) and KEPT in await here.stored()
        await here.press(told[0], here.ben, "Keep")
        await here.press(told[0], here.ben, "Undo")
        assert KEPT in await here.stored()
        await here.press(told[0], here.ada, "Undo")
        assert KEPT not in await here.stored()
