"""Whatever way something is forgotten by, no key and no value in Redis holds a word of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from bot.chat import EVERYTHING, SURE, Author, EarlierMessage, Incoming, Removal
from bot.commands.memory_buttons import Act, Verb
from bot.plugins import find_adapters
from bot.settings import read_settings
from bot.shell.forgetting import forget
from tests.flows.meadow import Field, a_meadow
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

ADA, BEN = Author("700100", "Adaline"), Author("700200", "Benedict")
WORD, LAPTOP = "ultramarine", "workbench"
EMBEDDED = {"BOBBIN_EMBEDDINGS": "openai"}


@dataclass(slots=True)
class Filled:
    """What was said and remembered; `ids` are those of the memories that came of it."""

    field: Field
    said: Incoming
    ids: frozenset[str] = frozenset()

    async def lines(self, *words: str) -> list[str]:
        """Keys and values in which one of the words stands."""
        stored = (await self.field.stored()).splitlines()
        return [line for line in stored if any(word in line.casefold() for word in words)]

    async def naming(self, id: str) -> list[str]:
        """Keys and values in which the id stands as a whole, not as the end of another one."""
        whole = re.compile(rf"(?<!\w){re.escape(id)}(?!\w)")
        return [line for line in (await self.field.stored()).splitlines() if whole.search(line)]

    async def forget(self, author: Author = ADA, **options: str) -> str:
        """`/forget`, by somebody who is sure."""
        event = replace(self.said, author=author)
        reply = await self.field.meadow.call("forget", event, options={SURE: "true", **options})
        return reply.text


async def answered(
    field: Field, text: str, author: Author = ADA, thread: str = "t9001"
) -> Incoming:
    """Say something that is answered."""
    field.stage.openai.script.append(Answer("Noted."))
    posts = len(field.meadow.posts)
    said = await field.meadow.say(field.meadow.event(author, text, thread=thread))
    await field.meadow.until(lambda: len(field.meadow.posts) > posts)
    await field.stored()
    return said


@asynccontextmanager
async def filled(server: Valkey) -> AsyncIterator[Filled]:
    """Ultramarine in everything that is kept: logs, memories of every kind, vectors, tokens, audit.

    Of Ben a giraffe is kept beside it.
    """
    async with a_meadow(server, EMBEDDED) as field:
        meadow, openai = field.meadow, field.stage.openai
        said = await answered(field, f"my loom is {WORD}")
        there = Filled(field, said)
        about = EarlierMessage(said.ref, said.author, said.text, said.at)
        for whom in ("thread", "channel", "workspace", "me"):
            options = {"text": f"{WORD} is for the {whom} #{WORD}", "for": whom}
            saved = await meadow.call("remember", said, options=options)
            [undo, *_] = saved.buttons
            id = Act.parse(undo.act).id
            fixed = {"content": f"{WORD} was for the {whom}", "tags": WORD}
            act = str(Act(Verb.SAVE, id, version=1))
            edited = await meadow.call("memories", said, act=act, options=fixed)
            assert "Corrected" in edited.text
        marked = await meadow.call("remember", said, about=about, reacted=True)
        assert WORD in marked.text
        await meadow.call("connect", said, thread=None, act="w", options={"name": LAPTOP})
        await meadow.call("link", said, thread=None)
        await meadow.call("memories", said, options={"query": WORD})
        await meadow.call("recall", said, options={"query": WORD})
        there.ids = frozenset(re.findall(r"mem_\w+", await field.stored()))
        await answered(field, "a giraffe stays", BEN, "t9002")
        stays = replace(said, author=BEN, thread=replace(said.thread, thread="t9002"))
        await meadow.call(
            "remember", stays, options={"text": "the giraffe stays", "for": "channel"}
        )
        # What has been recalled and has a vector stands in more keys than what was only kept.
        await openai.until(lambda: len(openai.embedded) >= 4)
        vectors = 0
        while vectors < 3:
            vectors = len(await there.lines(":vectors = "))
        yield there


def fences(line: str) -> bool:
    """That a conversation was forgotten is kept for a while, so that what comes late is known."""
    said = re.search(r":meta = \{(.*)\}$", line)
    if said is None:
        return ":forgotten = " in line
    fields = set(re.findall(r"b'(\w+)': ", said[1]))
    return fields <= {"fence", "version", "epoch", "forgotten", "forgotten_to"}


def counts(line: str) -> bool:
    """How much was used per day stays, and people are told so."""
    return ":use:" in line


def identifies(line: str) -> bool:
    """Ids, which say nothing by themselves, stay for who has to know that they are gone."""
    return any(f"{name} = " in line for name in (":gone", ":audit")) or ":done:" in line


async def test_of_a_conversation_nothing_is_left(server: Valkey) -> None:
    async with filled(server) as there:
        assert await there.naming(there.said.ref.message) != []
        assert (await there.forget()).startswith("Forgotten: 2 messages")
        assert await there.lines(WORD) == []
        assert await there.naming(there.said.ref.message) == []
        left = await there.lines("t9001")
        assert all(map(fences, left)), left
        assert await there.lines("giraffe") != []


async def test_of_a_person_nothing_is_left(server: Valkey) -> None:
    async with filled(server) as there:
        assert (await there.forget(**{EVERYTHING: "true"})).startswith("Forgotten: 1 conversation")
        left = await there.lines(WORD, LAPTOP, ADA.id, "adaline")
        assert all(map(counts, left)), left
        assert await there.lines("giraffe") != []
        named = await there.lines(*(id.casefold() for id in there.ids))
        assert [line for line in named if not identifies(line)] == []


async def test_of_a_conversation_nothing_is_left_when_the_operator_forgets_it(
    server: Valkey, capsys: pytest.CaptureFixture[str]
) -> None:
    async with filled(server) as there:
        settings = read_settings({"REDIS_URL": server.url, "BOBBIN_DEMO": "1"}, find_adapters())
        assert await forget(settings, str(there.said.thread), None) == 0
        assert "2 message(s) and 9 memories erased" in capsys.readouterr().out
        assert await there.lines(WORD) == []
        left = await there.lines("t9001")
        assert all(map(fences, left)), left


async def test_of_a_person_nothing_is_left_when_the_operator_forgets_them(server: Valkey) -> None:
    async with filled(server) as there:
        settings = read_settings({"REDIS_URL": server.url, "BOBBIN_DEMO": "1"}, find_adapters())
        assert await forget(settings, None, f"discord:1:{ADA.id}") == 0
        assert await forget(settings, None, f"discord:*:{ADA.id}") in (0, 1)
        assert await there.lines(WORD, LAPTOP, ADA.id, "adaline") == []
        assert await there.lines("giraffe") != []


async def test_of_a_deleted_message_nothing_is_left_but_what_was_said_anew(server: Valkey) -> None:
    async with filled(server) as there:
        said = there.said
        inbox = await there.field.meadow.inbox()
        ids, events = (said.ref.message,), (said.event_id,)
        await inbox.deleted(Removal("discord", "1", "11", said.thread, ids, events))
        # What she has typed into a command does not rest on the message.
        left = await there.lines(WORD)
        assert not [line for line in left if f"my loom is {WORD}" in line.casefold()], left
        await there.forget()
        assert await there.lines(WORD) == []


async def test_of_a_place_that_the_bot_has_left_nothing_is_left(server: Valkey) -> None:
    async with filled(server) as there:
        inbox = await there.field.meadow.inbox()
        await inbox.left("discord", "1")
        assert await there.lines(WORD, "giraffe", LAPTOP, ADA.id, BEN.id) == []
        left = await there.lines("t9001", "t9002", "discord:1")
        assert all(map(fences, left)), left
