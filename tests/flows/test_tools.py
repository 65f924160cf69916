"""Tools that the model calls while it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from bot.audience import readable
from bot.chat import SURE, Removal
from bot.engine.tooling import MOST_ROUNDS
from bot.errors import BobbinError
from bot.memories import ScopeKind
from tests.flows.acme import acme
from tests.flows.dice import CHAT, RESPONSES, Dice, throw
from tests.flows.look import settled, stored
from tests.flows.meadow import Meadow
from tests.flows.stage import Stage, open_stage
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Reasoning, Request, failure

BOTH = pytest.mark.parametrize("api", [CHAT, RESPONSES], ids=["chat", "responses"])
BEFORE = "Let me throw one of my own dice for you, Ada."
"""Long enough to be shown by itself."""


@dataclass(slots=True)
class Table:
    """A meadow with a bot that has dice."""

    stage: Stage
    meadow: Meadow
    dice: Dice

    @property
    def chats(self) -> list[Request]:
        return self.stage.openai.chats


@asynccontextmanager
async def table(
    server: Valkey, api: Mapping[str, str] = RESPONSES, *, rests: bool = True, **extra: str
) -> AsyncIterator[Table]:
    async with open_stage(server, extra={**api, **extra}, start=False) as stage:
        meadow, dice = Meadow(), Dice()
        stage.tools = (dice,)
        if rests:
            dice.gate.set()
        await meadow.begin(stage)
        yield Table(stage, meadow, dice)
        await settled(server)
        assert await stage.stop() == 0
        assert stage.openai.violations == []


@BOTH
async def test_a_tool_is_called_on_discord(server: Valkey, api: Mapping[str, str]) -> None:
    async with weavers(server, extra=api, start=False) as here:
        dice = Dice()
        here.stage.tools = (dice,)
        await here.stage.start()
        here.openai.script.extend([Answer([BEFORE, throw(6)]), Answer("A three.")])
        asked = await here.sim.say(here.general, here.ada, f"{here.mention} throw a die")
        await dice.until_called(1)
        thread = await here.sim.until(lambda: here.sim.thread_of(asked))
        await here.sim.until(lambda: here.said(thread) == [BEFORE])
        dice.gate.set()
        await here.sim.until(lambda: here.said(thread) == [f"{BEFORE}\n\nA three."])
        [(_, context)] = dice.called
        assert context.audience.alone is None and context.audience.members
        assert context.mail[-1].author.name == "Ada"
        assert context.thread.thread == str(thread.id)
        assert here.openai.chats[1].results == ["shows 3"]
        await here.settled()


@BOTH
async def test_a_tool_is_called_on_slack(server: Valkey, api: Mapping[str, str]) -> None:
    async with acme(server, extra=api, start=False) as here:
        dice = Dice()
        dice.gate.set()
        here.stage.tools = (dice,)
        await here.stage.start()
        here.openai.script.extend([Answer([throw(6)]), Answer("A three.")])
        root = here.ask(here.ada, "throw a die")
        await here.until_said(root, "A three.")
        await here.settled()
        [(_, context)] = dice.called
        assert {scope.kind for scope in readable(context.audience)} == {
            ScopeKind.THREAD,
            ScopeKind.CHANNEL,
            ScopeKind.WORKSPACE,
        }


async def test_with_another_organisation_there_the_workspace_is_out_of_reach(
    server: Valkey,
) -> None:
    async with acme(server, extra=RESPONSES, start=False) as here:
        dice = Dice()
        dice.gate.set()
        here.stage.tools = (dice,)
        await here.stage.start()
        room = here.sim.add_channel("with-birch", members=[here.ada], shared=True)
        here.openai.script.extend([Answer([throw(6)]), Answer("A three.")])
        root = here.ask(here.ada, "throw a die", room)
        await here.until_said(root, "A three.")
        await here.settled()
        [(_, context)] = dice.called
        assert not context.audience.members


@BOTH
async def test_two_calls_run_side_by_side(server: Valkey, api: Mapping[str, str]) -> None:
    async with table(server, api, rests=False) as here:
        here.stage.openai.script.extend(
            [Answer([throw(6, "a"), Reasoning("hm"), throw(20, "b")]), Answer("Both thrown.")]
        )
        await here.meadow.say(here.meadow.event(text="throw two"))
        await here.dice.until_called(2)
        here.dice.gate.set()
        await here.meadow.until_posted("Both thrown.")
        assert here.chats[1].results == ["shows 3", "shows 10"]
        first, second = (context for _, context in here.dice.called)
        assert first.key != second.key


@BOTH
async def test_tools_are_called_so_often_and_no_more(
    server: Valkey, api: Mapping[str, str]
) -> None:
    async with table(server, api) as here:

        def eager(request: Request) -> Answer:
            choice = (request.body or {}).get("tool_choice")
            return Answer([throw(6)] if request.tools and choice != "none" else "Enough.")

        here.stage.openai.on(lambda _: True, eager, times=None)
        await here.meadow.say(here.meadow.event())
        await here.meadow.until_posted("Enough.")
        assert len(here.chats) == MOST_ROUNDS + 1
        assert len({context.key for _, context in here.dice.called}) == MOST_ROUNDS


async def test_nothing_of_calls_is_stored_or_sent_again(server: Valkey) -> None:
    async with table(server) as here:
        here.stage.openai.script.extend(
            [Answer(["One moment.", throw(6)]), Answer("A three."), Answer("Welcome.")]
        )
        await here.meadow.say(here.meadow.event(text="throw"))
        await here.meadow.until_posted("One moment.\n\nA three.")
        await settled(server)
        assert "shows 3" not in await stored(server)
        await here.meadow.say(here.meadow.event(text="thanks"))
        await here.meadow.until(lambda: "Welcome." in here.meadow.posts.values())
        assert here.chats[2].results == []
        assert here.chats[2].texts("assistant") == ["One moment.\n\nA three."]
        assert [request.tools for request in here.chats] == [("remember", "recall", "dice")] * 3


async def test_a_stop_ends_a_tool_at_once_and_keeps_what_was_said(server: Valkey) -> None:
    async with table(server, rests=False) as here:
        here.stage.openai.script.append(Answer(["One moment.", throw(6)]))
        event = await here.meadow.say(here.meadow.event(text="throw"))
        await here.dice.until_called(1)
        await here.meadow.call("stop", event)
        await here.meadow.until_posted("One moment.\n\n*(stopped)*")
        assert here.dice.ended == [6]
        assert len(here.chats) == 1


@pytest.mark.parametrize("how", ["forget", "delete"])
async def test_what_is_forgotten_meanwhile_ends_a_tool_at_once(server: Valkey, how: str) -> None:
    async with table(server, rests=False) as here:
        here.stage.openai.script.append(Answer(["One moment.", throw(6)]))
        event = await here.meadow.say(here.meadow.event(text="throw the secret die"))
        await here.dice.until_called(1)
        if how == "forget":
            await here.meadow.call("forget", event, options={SURE: "true"})
        else:
            where = event.thread
            removal = Removal(
                where.platform,
                where.space,
                event.ref.channel,
                where,
                (event.ref.message,),
                (event.event_id,),
            )
            await (await here.meadow.inbox()).deleted(removal)
        await here.dice.until_ended(1)
        await settled(server)
        assert "secret die" not in await stored(server)
        assert len(here.chats) == 1


async def test_a_failing_tool_is_told_to_the_model(server: Valkey) -> None:
    async with table(server) as here:
        here.dice.fails = BobbinError("gone", user_text="The die rolled under the sofa.")
        here.stage.openai.script.extend([Answer([throw(6)]), Answer("It is lost.")])
        await here.meadow.say(here.meadow.event())
        await here.meadow.until_posted("It is lost.")
        assert here.chats[1].results == ["That did not work: The die rolled under the sofa."]


@BOTH
async def test_a_model_that_takes_no_tools_answers(server: Valkey, api: Mapping[str, str]) -> None:
    async with table(server, api) as here:
        models = here.stage.openai.models
        models[api["OPENAI_MODEL"]] = replace(models[api["OPENAI_MODEL"]], calls=False)
        here.stage.openai.script.append(Answer("Hello Ada."))
        await here.meadow.say(here.meadow.event())
        await here.meadow.until_posted("Hello Ada.")
        assert [request.status for request in here.chats] == [400, 200]
        assert here.dice.called == []


async def test_what_was_said_before_a_call_is_kept_when_the_model_fails_afterwards(
    server: Valkey,
) -> None:
    async with table(server) as here:
        here.stage.openai.script.extend(
            [Answer(["One moment.", throw(6)]), failure(400, "odd"), Answer("Sorry.")]
        )
        await here.meadow.say(here.meadow.event())
        await here.meadow.until(lambda: "*(interrupted" in "".join(here.meadow.posts.values()))
        await here.meadow.say(here.meadow.event(text="and?"))
        await here.meadow.until(lambda: "Sorry." in here.meadow.posts.values())
        [kept] = here.chats[2].texts("assistant")
        assert kept == "One moment.\n\n[This answer was interrupted here.]"


async def test_every_request_of_an_answer_is_counted_once(server: Valkey) -> None:
    async with table(server, BOBBIN_BUDGET_SPACE_TOKENS="100000") as here:
        here.stage.openai.script.extend([Answer([throw(6)]), Answer([throw(8)]), Answer("Done.")])
        event = await here.meadow.say(here.meadow.event())
        await here.meadow.until_posted("Done.")
        await settled(server)
        # What was reserved is settled a moment after the commit.
        async with asyncio.timeout(50):
            while "hold:" in await stored(server):
                pass
        used = sum((request.usage or {})["total_tokens"] for request in here.chats)
        told = await here.meadow.call("usage", event)
        assert f"{used:,}" in told.text, told.text
