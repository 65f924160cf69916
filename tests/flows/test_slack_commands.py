"""Commands: called with a link, chosen from a list, typed in a thread."""

from __future__ import annotations

import json

import pytest

from adapters.slack.interactions import NOT_VISIBLE
from bot.transfer import read_export
from tests.flows.acme import Acme, acme, options, words
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message

SECRET = "the colour is ultramarine"
BEGINNING = "Once upon a time there was a loom. "
NOT_YOURS = "Only people who took part in this conversation, or an admin, can do that."


async def test_forget_with_a_link_leaves_nothing_behind(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation(f"remember: {SECRET}", "It is ultramarine.")
        other = await here.conversation("my loom is red", "A red loom.")
        assert SECRET in await here.stored()
        shown = await here.told(
            here.sim.slash(here.general, here.ada, "/forget", f"{here.sim.permalink(root)} sure")
        )
        assert words(shown).startswith("Forgotten: 2 messages, 1 name and that I take part in")
        assert "ultramarine" not in await here.stored()
        assert "red loom" in await here.stored()
        # What is not mentioned any more is not heard any more.
        here.say(root, here.ada, "what colour?")
        await here.sim.settled()
        here.openai.script.append(Answer("Red."))
        here.say(other, here.ada, "what colour?")
        await here.until_said(other, "A red loom.", "Red.")
        assert here.said(root) == ["It is ultramarine."]
        assert "ultramarine" not in here.openai.chats[-1].text


async def test_a_link_to_any_message_of_the_thread_will_do(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("my loom is red", "A red loom.")
        [answer] = here.sim.replies(root)
        for number, link in enumerate(
            (here.sim.permalink(answer), f"<{here.sim.permalink(root)}>", here.sim.permalink(root))
        ):
            call = here.sim.slash(here.general, here.ada, "/bobbin", f"usage {link}")
            assert words(await here.told(call)).startswith("- 2 messages stored"), number


async def test_what_was_forgotten_is_not_read_again_from_the_chat(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation(f"remember: {SECRET}", "It is ultramarine.")
        here.ask(here.ada, "forget sure", thread=root)
        note = await here.whispered(here.ada)
        assert words(note).startswith("Forgotten: 2 messages")
        assert note.thread_ts == root.ts
        here.openai.script.append(Answer("I don't know."))
        here.ask(here.ada, "what colour?", thread=root)
        await here.until_said(root, "It is ultramarine.", "I don't know.")
        assert "ultramarine" not in here.openai.chats[-1].text


async def test_without_a_link_one_chooses(server: Valkey) -> None:
    async with acme(server) as here:
        nothing = await here.told(here.sim.slash(here.general, here.ada, "/summary"))
        assert words(nothing).startswith("You have no conversation with me in this channel yet.")
        red = await here.conversation("about red", "Red it is.")
        blue = await here.conversation("about blue", "Blue it is.")
        elsewhere = here.sim.add_channel("elsewhere", members=[here.ada])
        await here.conversation("about green", "Green it is.", elsewhere)

        call = here.sim.slash(here.general, here.ada, "/forget", "sure")
        assert words(await here.told(call)).startswith(
            "Which conversation do you mean? These are your"
        )
        [note] = call.ephemerals
        action, choices = options(note)
        assert [label for label, _ in choices] == ["about blue", "about red"]
        click = here.sim.click(note, action, here.ada, value=choices[1][1])
        await click.acked()
        [shown] = await click.responded()
        assert words(shown).startswith("Forgotten: 2 messages")
        assert note.replaced
        kept = await here.stored()
        assert "about red" not in kept and "about blue" in kept
        assert (here.said(red), here.said(blue)) == (["Red it is."], ["Blue it is."])

        # Ben has taken part in none of them.
        call = here.sim.slash(here.general, here.ben, "/forget")
        assert words(await here.told(call)).startswith("You have no conversation with me")


async def test_in_a_direct_message_one_chooses_among_its_threads(server: Valkey) -> None:
    async with acme(server) as here:
        await here.conversation("about green", "Green it is.")
        dm = here.sim.open_dm(here.ada)
        for colour in ("red", "blue"):
            here.openai.script.append(Answer(f"Privately {colour}."))
            root = here.sim.say(dm, here.ada, f"about {colour}")
            await here.until_said(root, f"Privately {colour}.")
            await here.settled()
        call = here.sim.slash(dm, here.ada, "/bobbin", "usage")
        await here.told(call)
        [note] = call.ephemerals
        action, choices = options(note)
        assert [label for label, _ in choices] == ["about blue", "about red"]
        click = here.sim.click(note, action, here.ada, value=choices[0][1])
        [shown] = await click.responded()
        assert words(shown).startswith("- 2 messages stored")


async def test_a_choice_works_after_a_restart_and_only_once(server: Valkey) -> None:
    async with acme(server) as here:
        await here.conversation("about red", "Red it is.")
        call = here.sim.slash(here.general, here.ada, "/forget", "sure")
        await here.told(call)
        [note] = call.ephemerals
        action, [(_, value)] = options(note)
        await here.restart()
        for beginning in ("Forgotten: 2 messages", "I keep nothing about this thread."):
            click = here.sim.click(note, action, here.ada, value=value)
            [shown] = await click.responded()
            assert words(shown).startswith(beginning)


async def test_a_stranger_may_not_and_an_admin_may(server: Valkey) -> None:
    async with acme(server) as here:
        boss = here.sim.add_user("Boss", admin=True)
        root = await here.conversation(f"remember: {SECRET}", "It is ultramarine.")
        link = here.sim.permalink(root)
        for name in ("forget", "summary", "export", "usage", "stop"):
            call = here.sim.slash(here.general, here.ben, "/bobbin", f"{name} {link}")
            assert words(await here.told(call)) == NOT_YOURS
        here.ask(here.ben, "forget", thread=root)
        assert words(await here.whispered(here.ben)) == NOT_YOURS
        assert "ultramarine" in await here.stored()
        told = await here.told(here.sim.slash(here.general, boss, "/forget", f"{link} sure"))
        assert words(told).startswith("Forgotten: 2 messages")
        assert "ultramarine" not in await here.stored()


async def test_links_reach_only_what_their_caller_sees(server: Valkey) -> None:
    async with acme(server) as here:
        secret = here.sim.add_channel("secret", private=True, members=[here.ada])
        root = await here.conversation("psst, red", "Red it is.", secret)
        dm = here.sim.open_dm(here.ada)
        here.openai.script.append(Answer("Privately red."))
        private = here.sim.say(dm, here.ada, "red")
        await here.until_said(private, "Privately red.")
        await here.settled()
        boss = here.sim.add_user("Boss", admin=True)
        links = [here.sim.permalink(root), here.sim.permalink(private)]
        links.append(here.sim.permalink(root).replace("acme.slack", "other.slack"))
        for who in (here.ben, boss):
            for link in links:
                call = here.sim.slash(here.general, who, "/summary", link)
                assert words(await here.told(call)) == NOT_VISIBLE
        assert len(here.openai.chats) == 2
        for link in links[:2]:
            call = here.sim.slash(here.general, here.ada, "/bobbin", f"usage {link}")
            assert words(await here.told(call)).startswith("- 2 messages stored")
        call = here.sim.slash(here.general, here.ada, "/bobbin", f"usage {links[2]}")
        assert words(await here.told(call)) == NOT_VISIBLE


async def test_help_says_what_works_here(server: Valkey) -> None:
    async with acme(server) as here:
        for text in ("", "help", "dance"):
            shown = words(await here.told(here.sim.slash(here.general, here.ada, "/bobbin", text)))
            assert "Mention me in a channel" in shown
            assert "`!forget`" in shown
            assert "type one of these as a message" in shown
            assert ("“dance” is no command of mine" in shown) == (text == "dance")
        told = await here.told(here.sim.slash(here.general, here.ada, "/forget", "it all"))
        assert "“it”" in words(told)


async def test_a_summary_is_private_unless_it_is_shared(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("my loom is red", "A red loom.")
        link = here.sim.permalink(root)
        summary = "## Goal\nAda has a red loom <!channel>.\n\n## Facts\n- The loom is red."
        here.openai.script.extend([Answer(summary), Answer(summary)])
        told = await here.told(here.sim.slash(here.general, here.ada, "/summary", link))
        assert "red loom" in words(told)
        assert "<!channel>" not in words(told)
        assert here.said(root) == ["A red loom."]
        told = await here.told(here.sim.slash(here.general, here.ada, "/summary", f"{link} share"))
        assert words(told) == "Shown to everybody in the thread."
        await here.sim.until(lambda: len(here.said(root)) == 2)
        assert "red loom" in here.said(root)[1]
        # Looking back changes nothing.
        here.openai.script.append(Answer("Red."))
        here.say(root, here.ada, "what colour?")
        await here.sim.until(lambda: here.said(root)[-1] == "Red.")
        assert here.openai.chats[-1].texts("user")[0] == "Ada: my loom is red"


@pytest.mark.parametrize("typed", ["summary", "!summary", "/summary"])
async def test_a_typed_command_is_answered_for_its_caller_only(server: Valkey, typed: str) -> None:
    async with acme(server) as here:
        root = await here.conversation("my loom is red", "A red loom.")
        here.openai.script.append(Answer("## Goal\nAda has a red loom.\n\n## Facts\n- It is red."))
        asked = here.ask(here.ada, typed, thread=root)
        note = await here.whispered(here.ada)
        assert "red loom" in words(note)
        assert note.thread_ts == root.ts
        here.sim.redeliver(asked)
        await here.sim.settled()
        assert here.said(root) == ["A red loom."]
        assert len(here.sim.ephemerals(here.general)) == 1


async def test_a_marked_command_needs_no_mention_in_a_thread(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("my loom is red", "A red loom.")
        here.say(root, here.ada, "!usage")
        assert words(await here.whispered(here.ada)).startswith("- 2 messages stored")
        # The bare word is a message like any other.
        here.openai.script.append(Answer("Of what?"))
        here.say(root, here.ada, "summary")
        await here.until_said(root, "A red loom.", "Of what?")
        # Elsewhere nobody has asked the bot anything.
        foreign = here.sim.say(here.general, here.ben, "a thread without the bot")
        here.say(foreign, here.ben, "!usage")
        await here.sim.settled()
        assert here.said(foreign) == []
        assert here.sim.ephemerals(here.general, here.ben) == []


async def test_a_command_in_a_direct_message(server: Valkey) -> None:
    async with acme(server) as here:
        dm = here.sim.open_dm(here.ada)
        here.openai.script.append(Answer("Red it is."))
        root = here.sim.say(dm, here.ada, "my loom is red")
        await here.until_said(root, "Red it is.")
        await here.settled()
        here.say(root, here.ada, "!usage")
        await here.sim.until(lambda: len(here.said(root)) == 2)
        assert here.said(root)[1].startswith("- 2 messages stored")
        here.say(root, here.ada, "!forget sure")
        await here.sim.until(lambda: len(here.said(root)) == 3)
        assert here.said(root)[2].startswith("Forgotten: 2 messages")
        assert "loom is" not in await here.stored()


async def test_an_export_lands_in_a_direct_message(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("my loom is red", "A *red* loom.")
        link = here.sim.permalink(root)
        told = await here.told(here.sim.slash(here.general, here.ada, "/bobbin", f"export {link}"))
        assert words(told) == (
            "This conversation, 2 messages.\n\nYou'll find it in our direct messages."
        )
        dm = here.sim.open_dm(here.ada)
        [message] = here.sim.messages(dm)
        markdown, as_json = (here.sim.state.files[file] for file in message.files)
        assert (markdown.name[-3:], as_json.name[-5:]) == (".md", ".json")
        assert "my loom is red" in markdown.data.decode()
        [record] = read_export(as_json.data.decode())
        assert [(e.role, e.author, e.text) for e in record.entries] == [
            ("user", "Ada", "my loom is red"),
            ("assistant", "", "A *red* loom."),
        ]
        assert record.thread.thread == root.ts
        assert isinstance(json.loads(as_json.data), list)
        assert here.said(root) == ["A *red* loom."]

        here.say(root, here.ada, "!export")
        assert "direct messages" in words(await here.whispered(here.ada))
        assert len(here.sim.messages(dm)) == 2
        await here.sim.settled()
        assert len(here.openai.chats) == 1


async def _streaming(here: Acme) -> tuple[Message, Answer]:
    root = await here.conversation(f"remember: {SECRET}", "It is ultramarine.")
    answer = Answer([BEGINNING, "The end of ultramarine."]).hold(1)
    here.openai.script.append(answer)
    here.say(root, here.ada, "tell me a story")
    await here.sim.until(lambda: here.said(root)[-1] == BEGINNING.strip())
    return root, answer


@pytest.mark.parametrize("how", ["slash", "typed"])
async def test_stop_keeps_what_was_written(server: Valkey, how: str) -> None:
    async with acme(server) as here:
        root, _ = await _streaming(here)
        if how == "slash":
            link = here.sim.permalink(root)
            call = here.sim.slash(here.general, here.ada, "/bobbin", f"stop {link}")
            told = words(await here.told(call))
        else:
            here.say(root, here.ada, "!stop")
            told = words(await here.whispered(here.ada))
        assert told == "Stopping. What I had written stays."
        await here.openai.until(lambda: here.openai.disconnects)
        await here.until_said(root, "It is ultramarine.", f"{BEGINNING.strip()}\n\n*(stopped)*")
        await here.settled()
        here.openai.script.append(Answer("With a loom."))
        here.say(root, here.ada, "how did it begin?")
        await here.sim.until(lambda: here.said(root)[-1] == "With a loom.")
        kept = here.openai.chats[-1].texts("assistant")[-1]
        assert kept == f"{BEGINNING}\n\n[This answer was interrupted here.]"


async def test_stop_before_the_first_word(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.append(Answer(BEGINNING).hold())
        root = here.ask(here.ada, "tell me a story")
        await here.until_asked(1)
        link = here.sim.permalink(root)
        call = here.sim.slash(here.general, here.ada, "/bobbin", f"stop {link}")
        assert words(await here.told(call)).startswith("Stopping.")
        await here.until_said(root, "*(stopped)*")


async def test_forget_ends_the_answer_and_nothing_comes_back(server: Valkey) -> None:
    async with acme(server) as here:
        root, _ = await _streaming(here)
        link = here.sim.permalink(root)
        told = words(
            await here.told(here.sim.slash(here.general, here.ada, "/forget", f"{link} sure"))
        )
        assert told.startswith("Forgotten: 3 messages, 1 name and that I take part")
        assert "The answer I was writing is stopped." in told
        await here.openai.until(lambda: here.openai.disconnects)
        await here.sim.until(lambda: "forgotten" in here.said(root)[-1])
        assert here.said(root)[-1] == (
            f"{BEGINNING.strip()}\n\n*(stopped: this conversation was forgotten)*"
        )
        assert await here.stage.stop() == 0
        assert "ultramarine" not in await here.stored()
        assert "Once upon" not in await here.stored()
