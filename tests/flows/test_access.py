"""Who is answered: bots, outsiders and people who are not on a list, on the whole bot."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from bot.access import Refusal
from bot.chat import Author, EarlierMessage, History, MessageRef
from bot.commands import texts
from bot.refusals import NOT_HERE, TO_MESSAGES
from tests.flows.meadow import ADA, Meadow, a_meadow
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

CLOCK = Author("7", "Clock", is_bot=True)
EVE = Author("8", "Eve", is_outside=True, is_admin=True)


async def test_bots_are_answered_by_their_list_and_not_for_ever(server: Valkey) -> None:
    extra = {"BOBBIN_BOTS": "discord:user:7", "BOBBIN_BOT_MESSAGES": "3"}
    async with a_meadow(server, extra) as here:
        meadow, openai = here.meadow, here.stage.openai
        await meadow.say(meadow.event(Author("9", "Other", is_bot=True)))
        assert "Other" not in await here.stored()
        answered: list[str] = []
        for number in range(6):
            openai.script.append(Answer(f"answer {number}"))
            # Two bots that talk: each message of the one follows on an answer of the other.
            await meadow.say(meadow.event(CLOCK, f"tick {number}", addressed=number == 0))
            if number < 3:
                answered.append(f"answer {number}")
            await meadow.until_posted(*answered)
            await here.stored()
        assert len(openai.chats) == 3
        # A person speaks, and it goes on.
        await meadow.say(meadow.event(ADA, "go on"))
        answered.append("answer 3")
        await meadow.until_posted(*answered)
        await here.stored()
        await meadow.say(meadow.event(CLOCK, "tick again", addressed=False))
        await meadow.until_posted(*answered, "answer 4")
        # Commands are for people.
        await here.stored()
        await meadow.say(meadow.event(CLOCK, "!forget"))
        await meadow.until_posted(*answered, "answer 4", "answer 5")
        assert meadow.told == []


async def test_two_bots_of_this_kind_end_by_themselves(server: Valkey) -> None:
    """Whatever one says is said to the other, on one store each of its own."""
    extra = {"BOBBIN_BOTS": "discord:user:7", "BOBBIN_BOT_MESSAGES": "4"}
    async with a_meadow(server, extra) as here:
        meadow = here.meadow
        here.stage.openai.script.extend(Answer(f"{n}") for n in range(20))
        await meadow.say(meadow.event(ADA, "talk to each other"))
        heard = 0
        for number in range(12):
            await here.stored()
            if len(meadow.posts) == heard:
                break
            heard = len(meadow.posts)
            await meadow.say(meadow.event(CLOCK, f"echo {number}", addressed=False))
        assert heard == 1 + 4


async def test_outsiders_are_told_so_once_and_not_stored(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow = here.meadow
        await meadow.say(meadow.event(EVE, "unaddressed", addressed=False))
        for _ in range(3):
            await meadow.say(meadow.event(EVE, "a secret of Eve's"))
        [told] = await meadow.until_told(1)
        assert told == TO_MESSAGES[Refusal.OUTSIDER]
        [(_, reply)] = meadow.told
        assert reply.private and reply.harmless
        reply = await meadow.call("usage", meadow.event(EVE))
        assert reply.text == TO_MESSAGES[Refusal.OUTSIDER]
        kept = await here.stored()
        assert "Eve" not in kept and "8" not in meadow.posts and "secret" not in kept
        assert not here.stage.openai.chats
        assert len(meadow.told) == 1


async def test_outsiders_who_are_let_in_are_no_admins(server: Valkey) -> None:
    extra = {"BOBBIN_OUTSIDERS": "on", "BOBBIN_ADMINS": "discord:user:8"}
    async with a_meadow(server, extra) as here:
        meadow, openai = here.meadow, here.stage.openai
        openai.script.extend([Answer("Hello Ada."), Answer("Hello Eve.")])
        asked = await meadow.say(meadow.event(ADA, thread="a"))
        await meadow.until_posted("Hello Ada.")
        own = await meadow.say(meadow.event(EVE, thread="b"))
        await meadow.until_posted("Hello Ada.", "Hello Eve.")
        await here.stored()
        for name in ("usage", "export", "summary", "forget"):
            reply = await meadow.call(name, replace(asked, author=EVE))
            assert reply.text == texts.NOT_YOURS
        usage = await meadow.call("usage", own)
        assert "1 answer given" in usage.text
        assert "server or workspace" not in usage.text


@pytest.mark.parametrize(
    ("extra", "direct", "refusal"),
    [
        ({"BOBBIN_ALLOW": "discord:role:99"}, False, Refusal.PERSON),
        ({"BOBBIN_DIRECT_MESSAGES": "off"}, True, Refusal.DIRECT),
        ({"BOBBIN_ALLOW": "discord:server:2"}, False, Refusal.PLACE),
        ({"BOBBIN_ALLOW": "discord:channel:12"}, False, Refusal.PLACE),
        ({"BOBBIN_DENY": "discord:server:1"}, False, Refusal.DENIED),
        ({"BOBBIN_DENY": "discord:channel:11"}, False, Refusal.DENIED),
        ({"BOBBIN_DENY": "discord:user:1"}, False, Refusal.DENIED),
    ],
)
async def test_who_is_turned_away(
    server: Valkey, extra: dict[str, str], direct: bool, refusal: Refusal
) -> None:
    async with a_meadow(server, extra) as here:
        meadow = here.meadow
        event = await meadow.say(meadow.event(ADA, "hello there", direct=direct))
        # Not even a command that would say nothing about anybody.
        await meadow.say(meadow.event(ADA, "!help", direct=direct))
        sentence = TO_MESSAGES.get(refusal)
        if sentence is not None:
            assert await meadow.until_told(1) == [sentence]
        reply = await meadow.call("help", event)
        assert reply.text == (sentence or NOT_HERE)
        assert reply.harmless and reply.private
        kept = await here.stored()
        assert "hello" not in kept and "Ada" not in kept and "discord:1:11" not in kept
        assert len(meadow.told) == (sentence is not None)


async def test_a_thread_found_before_the_channel_was_denied_is_closed(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow = here.meadow
        here.stage.openai.script.append(Answer("Hello."))
        event = meadow.event(ADA, "hello there")
        event = replace(event, loose=True, thread=replace(event.thread, thread=event.ref.message))
        await meadow.say(event)
        await meadow.until_posted("Hello.")
        await here.stored()
        inbox = await meadow.inbox()
        assert await inbox.thread_of("discord", "1", event.ref) == event.thread
        assert [each.thread for each in await inbox.taking_part("discord", 0)] == [event.thread]
        assert await here.stage.stop() == 0
        here.stage.extra["BOBBIN_DENY"] = "discord:channel:11"
        again = Meadow()
        inbox = await again.begin(here.stage)
        assert await inbox.thread_of("discord", "1", event.ref) is None
        assert await inbox.taking_part("discord", 0) == []
        chosen = await again.call("usage", event, channel="12", visible=True)
        assert chosen.text == NOT_HERE


async def test_what_a_denied_person_said_before_is_not_read(server: Valkey) -> None:
    async with a_meadow(server, {"BOBBIN_DENY": "discord:user:5"}) as here:
        meadow = here.meadow
        meadow.past = History(
            tuple(
                EarlierMessage(MessageRef("t", f"p{n}"), author, f"{author.name} says so", 1.0 + n)
                for n, author in enumerate((Author("5", "Mallory"), Author("6", "Ben")))
            )
        )
        here.stage.openai.script.append(Answer("Ben said so."))
        await meadow.say(meadow.event(ADA, "who said so?", joins=True))
        await meadow.until_posted("Ben said so.")
        [request] = here.stage.openai.chats
        assert "Ben says so" in request.text and "Mallory" not in request.text


async def test_leaving_a_place_ends_what_runs_there_and_erases_it(server: Valkey) -> None:
    extra = {"BOBBIN_BUDGET_SPACE_TOKENS": "100000"}
    async with a_meadow(server, extra) as here:
        meadow, openai = here.meadow, here.stage.openai
        openai.script.extend([Answer("Hello."), Answer(["Once upon a time ", "the end."]).hold(1)])
        await meadow.say(meadow.event(ADA, "my secret", space="place-888", channel="777"))
        await meadow.until_posted("Hello.")
        await here.stored()
        await meadow.say(meadow.event(ADA, "a story", space="place-888", channel="777"))
        await meadow.until_posted("Hello.", "Once upon a time")
        await meadow.say(meadow.event(ADA, "in the queue", space="place-888", channel="777"))
        inbox = await meadow.inbox()
        await inbox.left("discord", "place-888")
        await openai.until(lambda: openai.disconnects)
        await inbox.left("discord", "place-888")
        kept = await here.stored()
        assert "secret" not in kept and "Ada" not in kept and "queue" not in kept
        # Counters that keep off late writers are all that names the place, for ten minutes.
        named = [line for line in kept.splitlines() if "place-888" in line]
        assert all(":meta = " in line and "label" not in line for line in named)
        openai.script.append(Answer("Hello again."))
        back = meadow.event(ADA, "back", space="place-888", channel="777")
        await meadow.say(replace(back, at=time.time() + 1))
        await meadow.until(lambda: "Hello again." in meadow.posts.values())
        assert "secret" not in openai.chats[-1].text
