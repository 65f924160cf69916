"""Memories that are much alike, that change meanwhile, and copies that are shared."""

from __future__ import annotations

from bot.chat import Author, CommandReply
from bot.commands.memory_buttons import Act, Verb
from bot.panels import Button, Entry
from tests.flows.meadow import ADA, Field, a_meadow
from tests.servers import Valkey

BEN = Author("2", "Ben")
OLD = "The release of the loom app is on Friday at noon"
NEW = "The release of the loom app is on Friday at eleven"


async def _call(here: Field, name: str, author: Author = ADA, **given: object) -> CommandReply:
    event = here.meadow.event(author)
    return await here.meadow.call(name, event, thread=None, **given)


async def _remember(here: Field, text: str, author: Author = ADA, **options: str) -> CommandReply:
    return await _call(here, "remember", author, options={"text": text, **options})


async def _press(
    here: Field, button: Button, author: Author = ADA, **given: object
) -> CommandReply:
    return await _call(here, button.command, author, act=button.act, **given)


async def _listed(here: Field, author: Author = ADA) -> list[str]:
    return [entry.text for entry in (await _call(here, "memories", author)).entries]


def _labelled(shown: Entry | CommandReply, label: str) -> Button:
    return next(button for button in shown.buttons if button.label == label)


async def test_near_ones_are_offered_for_merging_and_can_be_parted_again(server: Valkey) -> None:
    async with a_meadow(server) as here:
        assert not (await _remember(here, f"{OLD} #plan")).entries
        offered = await _remember(here, f"{NEW} #fair")
        [similar] = offered.entries
        assert "Much like it is this" in offered.text and OLD in similar.text
        merged = await _press(here, _labelled(similar, "Merge"))
        assert merged.text.startswith("Merged into one.") and NEW in merged.text
        [left] = await _listed(here)
        assert NEW in left and "#plan" in left and "#fair" in left and OLD not in left
        # A second click harms nothing.
        again = await _press(here, _labelled(similar, "Merge"))
        assert again.text == merged.text and await _listed(here) == [left]
        undone = await _press(here, _labelled(merged, "Undo"))
        assert undone.text.startswith("Taken back")
        assert sorted(OLD in each for each in await _listed(here)) == [False, True]


async def test_what_is_not_alike_is_not_offered(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _remember(here, OLD)
        assert not (await _remember(here, "The loom has eight shafts")).entries
        # Nor what lies in another scope, which fewer people may read.
        assert not (await _remember(here, NEW, **{"for": "me"})).entries


async def test_only_what_is_ones_own_is_merged(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _remember(here, OLD)
        offered = await _remember(here, NEW, BEN)
        [similar] = offered.entries
        refused = await _press(here, _labelled(similar, "Merge"), BEN)
        assert "no such memory" in refused.text
        assert len(await _listed(here)) == 2


async def test_what_was_changed_while_its_window_was_open_is_shown_as_it_reads_now(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        await _remember(here, OLD)
        [entry] = (await _call(here, "memories")).entries
        window = (await _press(here, _labelled(entry, "Edit"))).window
        assert window is not None
        pinned = await _press(here, _labelled(entry, "Pin"))
        assert pinned.text.startswith("Pinned")
        late = await _call(here, window.command, act=window.act, options={"content": NEW})
        assert late.text.startswith("Somebody has changed it meanwhile")
        [shown] = late.entries
        assert OLD in shown.text and "📌" in shown.text
        assert all(NEW not in each for each in await _listed(here))
        # With what is shown there it goes.
        window = (await _press(here, _labelled(shown, "Edit"))).window
        assert window is not None
        saved = await _call(here, window.command, act=window.act, options={"content": NEW})
        assert saved.text.startswith("Corrected.")


async def test_a_copy_that_was_shared_is_a_memory_of_its_own_and_people_are_told_so(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        await _remember(here, "My loom is crimson", **{"for": "me"})
        [entry] = (await _call(here, "memories")).entries
        asked = await _press(here, _labelled(entry, "Share"))
        assert "a copy, which stays when you change or delete yours" in asked.text
        shared = await _press(here, _labelled(asked, "Share it"))
        assert "a memory of its own" in shared.text
        own = Act.parse(_labelled(entry, "Delete").act).id
        sure = str(Act(Verb.DELETE, own))
        assert (await _call(here, "memories", act=sure)).text.startswith("Deleted for good.")
        [copy] = (await _call(here, "memories", BEN)).entries
        assert "crimson" in copy.text and not copy.buttons
        # It is hers: she takes it back where it is seen.
        [copy] = (await _call(here, "memories")).entries
        gone = Act(Verb.DELETE, Act.parse(_labelled(copy, "Delete").act).id)
        await _call(here, "memories", act=str(gone))
        assert "crimson" not in await here.stored()
        assert not await _listed(here, BEN)
