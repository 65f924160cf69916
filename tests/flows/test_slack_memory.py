"""Whose turn it is to be heard, and what the bot knows of people, threads and their past."""

from __future__ import annotations

import pytest

from tests.flows.acme import Acme, acme
from tests.flows.weavers import asked_last
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message


async def test_a_thread_goes_on_without_mention_also_after_a_restart(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("I weave with red yarn", "Red is fine.")
        await here.restart()
        here.openai.script.append(Answer("You weave with red yarn."))
        here.say(root, here.ada, "what do I weave with?")
        await here.until_said(root, "Red is fine.", "You weave with red yarn.")
        last = here.openai.chats[-1]
        assert last.texts("user")[0] == "Ada: I weave with red yarn"
        assert last.texts("assistant") == ["Red is fine."]
        assert asked_last(last) == "Ada: what do I weave with?"
        # What Slack shows of the thread is not needed: all of it is in the store.
        assert here.sim.calls("conversations.replies") == []


async def test_elsewhere_only_a_mention_counts(server: Valkey) -> None:
    async with acme(server) as here:
        foreign = here.sim.say(here.general, here.ben, "nobody asked the bot")
        here.say(foreign, here.ada, "nor in this thread")
        here.sim.say(here.general, here.ada, f"{here.ben.mention} hello")
        await here.sim.settled()
        root = await here.conversation("now you", "Yes, me.")
        assert here.said(foreign) == []
        assert here.said(root) == ["Yes, me."]
        assert len(here.openai.chats) == 1
        assert "nobody asked" not in await here.stored()
        assert "nor in this" not in await here.stored()


def filled(here: Acme, messages: int) -> Message:
    """A thread in which people have talked without the bot."""
    root = here.sim.say(here.general, here.ben, "fact 000")
    for number in range(1, messages):
        who = here.ada if number % 2 else here.ben
        here.sim.say(here.general, who, f"fact {number:03d}", thread=root, deliver=False)
    return root


async def test_a_call_into_a_thread_reads_what_was_said_before_once(server: Valkey) -> None:
    async with acme(server) as here:
        root = filled(here, 130)
        here.openai.script.extend([Answer("Fact 000."), Answer("Fact 129.")])
        here.ask(here.ada, "what was the first fact?", thread=root)
        await here.until_said(root, "Fact 000.")
        [request] = here.openai.chats
        context = request.texts("user")[0]
        assert context.startswith("[Earlier messages of this thread.")
        lines = context.splitlines()[1:]
        assert lines[0] == "Ben: fact 000"
        assert lines[-1] == "Ada: fact 129"
        assert len(lines) == 130
        assert asked_last(request) == "Ada: what was the first fact?"
        assert len(here.sim.calls("conversations.replies")) == 1
        await here.settled()

        here.ask(here.ben, "and the last?", thread=root)
        await here.until_said(root, "Fact 000.", "Fact 129.")
        assert here.openai.chats[1].texts("user")[0] == context
        assert len(here.sim.calls("conversations.replies")) == 1


@pytest.mark.parametrize("repeat_root", [False, True])
async def test_of_a_long_thread_the_newest_part_is_read(server: Valkey, repeat_root: bool) -> None:
    async with acme(server, slack={"repeat_root": repeat_root}) as here:
        root = filled(here, 415)
        here.openai.script.append(Answer("Fact 414."))
        here.ask(here.ada, "what was the last fact?", thread=root)
        await here.until_said(root, "Fact 414.")
        lines = here.openai.chats[0].texts("user")[0].splitlines()[1:]
        assert lines[0] == "[Earlier messages of this thread are not shown.]"
        assert lines[1] == "Ben: fact 215" if 215 % 2 == 0 else "Ada: fact 215"
        assert lines[-1] == "Ben: fact 414"
        assert len(lines) == 201
        assert len(here.sim.calls("conversations.replies")) == 3


async def test_an_unreadable_past_does_not_stand_in_the_way(server: Valkey) -> None:
    async with acme(server) as here:
        root = filled(here, 3)
        here.sim.faults.add("conversations.replies", error="missing_scope")
        here.openai.script.append(Answer("I can't see them."))
        here.ask(here.ada, "what was said?", thread=root)
        await here.until_said(root, "I can't see them.")
        assert asked_last(here.openai.chats[0]) == "Ada: what was said?"


async def test_other_bots_are_part_of_the_past(server: Valkey) -> None:
    async with acme(server) as here:
        root = here.sim.say(here.general, here.ben, "the build")
        robot = here.sim.add_user("Builder", bot=True)
        here.say(root, robot, "Build 17 has failed.")
        here.openai.script.append(Answer("Build 17."))
        here.ask(here.ada, "which one failed?", thread=root)
        await here.until_said(root, "Build 17.")
        assert "Builder: Build 17 has failed." in here.openai.chats[0].texts("user")[0]


async def test_people_of_the_same_name_are_told_apart(server: Valkey) -> None:
    async with acme(server) as here:
        twin = here.sim.add_user("Ada")
        root = await here.conversation("I like red", "Noted.")
        here.openai.script.append(Answer("Blue for you."))
        here.say(root, twin, "I like blue")
        await here.until_said(root, "Noted.", "Blue for you.")
        first, second = here.openai.chats[1].texts("user")
        assert first == "Ada: I like red"
        name = second.partition(": I like blue")[0]
        assert name.startswith("Ada") and name != "Ada"


async def test_mentions_are_read_as_names(server: Valkey) -> None:
    async with acme(server) as here:
        root = here.sim.say(
            here.general,
            here.ada,
            f"hey {here.mention}, ask {here.ben.mention} in <#{here.general.id}> or "
            f"<#{here.general.id}|general>, but not <!here> or <!subteam^S123|@weavers>",
        )
        here.openai.script.append(Answer(f"I won't ask <@{here.ben.id}>."))
        await here.sim.until(lambda: here.said(root))
        assert asked_last(here.openai.chats[0]) == (
            "Ada: hey, ask @Ben in #general or #general, but not @here or @weavers"
        )
        assert here.sim.replies(root)[0].pings == ()


async def test_marks_are_read_as_markdown(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.append(Answer("I see."))
        root = here.ask(
            here.ada,
            "*bold* _slanted_ ~gone~ `a *b* &lt;c&gt;` fish &amp; chips &lt;3 "
            "<https://example.org/a?b=1&amp;c=2|a link> <https://example.org/x> "
            "<mailto:ada@example.org|ada@example.org>\n```x = y &lt; z * *w*```",
        )
        await here.until_said(root, "I see.")
        assert asked_last(here.openai.chats[0]) == (
            "Ada: **bold** _slanted_ ~~gone~~ `a *b* <c>` fish & chips <3 "
            "[a link](https://example.org/a?b=1&c=2) https://example.org/x ada@example.org\n"
            "```x = y < z * *w*```"
        )


async def test_files_are_mentioned_to_the_model(server: Valkey) -> None:
    async with acme(server) as here:
        file = here.sim.add_file(here.ada, "pattern.png", b"\x89PNG", mimetype="image/png")
        here.openai.script.append(Answer("I can't open it."))
        root = here.sim.say(here.general, here.ada, f"{here.mention} look", files=[file])
        await here.until_said(root, "I can't open it.")
        assert "pattern.png" in asked_last(here.openai.chats[0])


async def test_what_is_said_during_an_answer_is_answered_together(server: Valkey) -> None:
    async with acme(server) as here:
        held = Answer("The first answer is this.").hold()
        here.openai.script.extend([held, Answer("All at once.")])
        root = here.ask(here.ada, "first")
        await here.until_asked(1)
        here.say(root, here.ben, "second")
        here.say(root, here.ada, "third")
        here.ask(here.ben, "fourth", thread=root)
        await here.sim.settled()
        held.release_all()
        await here.until_said(root, "The first answer is this.", "All at once.")
        last = here.openai.chats[1]
        assert last.texts("user")[:3] == ["Ada: first", "Ben: second", "Ada: third"]
        assert asked_last(last) == "Ben: fourth"
        assert len(here.openai.chats) == 2
