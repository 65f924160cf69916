"""What the model corrects reaches nobody whom the conversation does not reach."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from bot.audience import Audience, Grant, grant
from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.errors import BobbinError
from bot.memories import Memory, Person, Scope, Status
from bot.memory.granting import Granting
from bot.memory.tools import NO_SUCH, Remember
from bot.panels import Button
from bot.storage.types import Turn
from bot.tools import Notice, ToolContext, always
from tests.units.memory.parts import ADA, BEN, CHANNEL, THREAD, WORKSPACE, Parts, there

MAY, JUNE = "the release is on 5 May", "the release slips to 12 June"
CHAT = Audience("slack", "T1", "C1", THREAD)
DIRECT = Audience("slack", "T1", "D1", ThreadKey("slack", "T1", "D1", "D1"), ADA, direct=True)


@dataclass
class Asked:
    """The model is asked by Ada in a place to correct something."""

    parts: Parts
    told: list[Notice] = field(default_factory=list[Notice])

    async def correct(
        self,
        audience: Audience,
        older: str | None,
        *,
        user: str = ADA.user,
        stands: Callable[[], Awaitable[bool]] = always,
    ) -> str:
        """What the model reads afterwards."""
        assert audience.thread is not None
        ref, author = MessageRef(audience.channel, "9"), Author(user, "Ada")
        event = Incoming("e", audience.thread, ref, author, JUNE, 1.0, 1, addressed=True)
        tool = Remember(
            self.parts.memories,
            Granting(),
            lambda platform: platform == "slack",
            lambda memory: Button("Undo", "memories", memory.id),
            lambda old, new: Button("Merge", "memories", f"{old.id} {new.id}"),
        )
        context = ToolContext(
            "turn",
            1,
            audience.thread,
            audience,
            [event],
            older or "",
            tell=self.told.append,
            stands=stands,
        )
        given = {"content": JUNE, "kind": "fact", "about": None, "tags": [], "corrects": older}
        return await tool.call(given, context)


async def kept(parts: Parts, given: Grant, scope: Scope) -> Memory:
    """What is to be corrected."""
    memory = (await parts.add(MAY, given, scope)).memory
    assert memory is not None
    return memory


async def shown(parts: Parts, who: Grant) -> set[tuple[str, str]]:
    """What somebody is shown: the words, and where they lie."""
    page = await parts.memories.page(who)
    return {(each.text.content, each.scope.kind) for each in page.memories}


async def test_in_a_direct_message_the_workspaces_stays_and_the_new_words_too(
    parts: Parts,
) -> None:
    older, asked = await kept(parts, there(), WORKSPACE), Asked(parts)
    said = await asked.correct(DIRECT, older.id)
    assert said.startswith("Remembered as mem_")
    assert "for the two of us" in said and f"{older.id} stays as it is" in said
    assert [each.text for each in asked.told] == [
        f"🧠 Remembered for the two of us: {JUNE}",
        "What is remembered for everybody here stays as it was; "
        "`/memories` has an **Edit** for it.",
    ]
    assert await shown(parts, there(BEN)) == {(MAY, "workspace")}
    assert await shown(parts, grant(DIRECT, ADA)) == {(MAY, "workspace"), (JUNE, "dm")}
    assert await asked.correct(DIRECT, older.id) == said, "a turn that is taken over"
    assert len(await shown(parts, grant(DIRECT, ADA))) == 2


async def test_in_a_channel_the_workspaces_stays(parts: Parts) -> None:
    older = await kept(parts, there(), WORKSPACE)
    await Asked(parts).correct(CHAT, older.id)
    other = Audience("slack", "T1", "C9", ThreadKey("slack", "T1", "C9", "1"))
    assert await shown(parts, grant(other, BEN)) == {(MAY, "workspace")}
    assert await shown(parts, there(BEN)) == {(MAY, "workspace"), (JUNE, "channel")}


async def test_in_a_private_thread_its_channels_stays(parts: Parts) -> None:
    ada, ben = Person("discord", "@", "1"), Person("discord", "@", "2")
    around = Audience("discord", "G1", "C1", ThreadKey("discord", "G1", "C1", "5"))
    private = replace(around, thread=ThreadKey("discord", "G1", "C1", "77"), confined=True)
    older = await kept(parts, grant(around, ada), Scope.of_channel("discord", "G1", "C1"))
    await Asked(parts).correct(private, older.id, user=ada.user)
    assert await shown(parts, grant(around, ben)) == {(MAY, "channel")}
    assert await shown(parts, grant(private, ben)) == {(MAY, "channel"), (JUNE, "thread")}


async def test_what_is_for_as_many_or_fewer_is_corrected_where_it_lies(parts: Parts) -> None:
    for scope, audience in (
        (CHANNEL, CHAT),
        (Scope.of_thread(THREAD), CHAT),
        (Scope.of_person(ADA), DIRECT),
    ):
        older = await kept(parts, there(), scope)
        said = await Asked(parts).correct(audience, older.id)
        assert "stays as it is" not in said
        now = await parts.memories.get(there(), older.id)
        assert now is not None and now.status is Status.SUPERSEDED
        newer = await parts.memories.get(there(), now.superseded_by)
        assert newer is not None and (newer.text.content, newer.scope) == (JUNE, scope)


async def test_what_cannot_be_seen_is_not_corrected(parts: Parts) -> None:
    older = await kept(parts, there(), Scope.of_person(ADA))
    assert await Asked(parts).correct(CHAT, older.id) == NO_SUCH
    assert await shown(parts, there()) == {(MAY, "user")}


@pytest.mark.parametrize("how", ["forgotten", "deleted", "their author is", "another is deleted"])
async def test_what_was_taken_away_before_the_model_heard_of_it_changes_nothing(
    parts: Parts, how: str
) -> None:
    older, asked = await kept(parts, there(BEN), WORKSPACE), Asked(parts)
    grant = there(BEN, admin=True)
    event = Incoming(
        "e9", THREAD, MessageRef("C1", "9"), Author(ADA.user, "Ada"), JUNE, 1.0, 9, addressed=True
    )
    turn = await parts.threads.begin(event)
    assert isinstance(turn, Turn)
    match how:
        case "forgotten":
            await parts.threads.forget(THREAD)
        case "deleted":
            await parts.threads.strike(THREAD, ["9"])
        case "their author is":
            await parts.threads.forget_person("slack", "T1", ADA.user)
        case _:
            await parts.threads.strike(THREAD, ["8"])
    before = await shown(parts, grant)
    stands = partial(parts.threads.is_asked, turn.lease, ("8", "9"))
    if how == "another is deleted":
        assert (await asked.correct(CHAT, None, stands=stands)).startswith("Remembered")
        return
    for named in (None, older.id):
        with pytest.raises(BobbinError, match="refused"):
            await asked.correct(CHAT, named, stands=stands)
    assert await shown(parts, grant) == before
    assert asked.told == []
