"""Searching with an embedder: what only meaning finds, and what happens when it is away."""

from __future__ import annotations

import pytest

from bot.errors import ModelBusy
from bot.memories import Scope
from tests.embedders import FailingEmbedder, HashEmbedder
from tests.units.searching.desk import ADA, OTHER, THREAD, Desk, here

SAME = {"automobile": "car", "cars": "car", "lorry": "truck"}
"""Words of one meaning, which share no letters that would count."""


def embedder() -> HashEmbedder:
    """Wide enough for no two words to meet."""
    return HashEmbedder(512, SAME)


async def test_meaning_finds_what_shares_no_word(desk: Desk) -> None:
    async with desk.another(embedder=embedder()) as near:
        await desk.remember("The automobile is red")
        await desk.remember("Lunch at noon")
        assert await near.find("car") == []
        await near.searching.fill(here())
        assert await near.find("car") == ["The automobile is red"]
        assert await desk.find("car") == []


async def test_vectors_are_made_once_for_all_processes_and_searches_wait_for_none(
    desk: Desk,
) -> None:
    first, second = embedder(), embedder()
    async with desk.another(embedder=first) as one, desk.another(embedder=second) as two:
        await desk.remember("The automobile is red")
        await desk.say("is the lorry blue?", "Yes.")
        assert await one.searching.fill(here()) == 3
        assert await two.find("truck") == ["is the lorry blue?", "Yes."]
        assert await two.find("car") == ["The automobile is red"]
        assert [asked for asked in second.asked if len(asked) > 1] == []
        assert second.asked == [("truck",), ("car",)]


async def test_a_word_is_found_before_there_is_a_vector_and_as_high(desk: Desk) -> None:
    async with desk.another(embedder=embedder()) as near:
        await desk.remember("The automobile is red")
        await near.searching.fill(here())
        await desk.remember("green tractor")
        assert await near.find("tractor") == ["green tractor"]


async def test_what_nobody_may_read_is_not_found_by_meaning_either(desk: Desk) -> None:
    async with desk.another(embedder=embedder()) as near:
        await desk.remember("automobile elsewhere", Scope.of_channel("discord", "g1", "c2"))
        await desk.remember("automobile of mine", Scope.of_person(ADA))
        await desk.say("automobile in private", "ok", OTHER, confined=True)
        await near.searching.fill(here(alone=ADA))
        await near.searching.fill(here(OTHER))
        assert await near.find("car") == []
        assert await near.find("car", here(alone=ADA)) == ["automobile of mine"]


async def test_vectors_go_with_what_they_were_made_of(desk: Desk) -> None:
    async with desk.another(embedder=embedder()) as near:
        memory = await desk.remember("automobile one")
        id = await desk.say("automobile two", "automobile three")
        await near.searching.fill(here())
        assert len(await near.find("car")) == 3
        await desk.delete(memory)
        await desk.threads.strike(THREAD, [id])
        assert await near.find("car") == ["automobile three"]
        await desk.threads.forget(THREAD)
        assert await near.find("car") == []
        left = [key async for key in desk.client.scan_iter("*vector*")]
        assert left == []


async def test_an_embedder_that_is_away_costs_no_search(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    away = FailingEmbedder()
    counted: list[str] = []
    async with desk.another(embedder=away, observe=counted.append) as near:
        await desk.remember("The automobile is red")
        assert await near.find("automobile") == ["The automobile is red"]
        assert await near.find("automobile") == ["The automobile is red"]
        assert away.asked == [("automobile",)]
        assert counted[:2] == ["failed", "rested"]
        assert await near.searching.fill(here()) == 0
        assert "done" not in counted
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        f"searching by words alone, the embedder is away: the service is away ({ModelBusy.hint})"
    ]


async def test_without_an_embedder_no_text_goes_anywhere(desk: Desk) -> None:
    await desk.remember("The automobile is red")
    assert await desk.searching.fill(here()) == 0
    assert await desk.find("automobile") == ["The automobile is red"]


async def test_models_are_never_mixed(desk: Desk) -> None:
    async with (
        desk.another(embedder=embedder()) as one,
        desk.another(embedder=HashEmbedder(256, SAME)) as two,
    ):
        await desk.remember("The automobile is red")
        await one.searching.fill(here())
        await two.searching.fill(here())
        assert await one.find("car") == await two.find("car") == ["The automobile is red"]


class Renamed(HashEmbedder):
    """One of several that have the same name, as servers have it that know but one model."""

    def __init__(self, dimensions: int) -> None:
        super().__init__(dimensions, SAME)
        self.name = "the-model"


async def test_another_model_under_the_same_name_makes_all_vectors_anew(desk: Desk) -> None:
    before, after = Renamed(64), Renamed(256)
    await desk.remember("The automobile is red")
    await desk.say("where is the automobile?", "In the barn.")
    async with desk.another(embedder=before) as one:
        await one.searching.fill(here())
        assert "The automobile is red" in await one.find("car")
    await desk.remember("The automobile is fast")
    async with desk.another(embedder=after) as two:
        # By words alone as long as there is nothing to compare with.
        assert await two.find("fast") == ["The automobile is fast"]
        await desk.say("and the tractor?", "Sold.")
        await two.searching.fill(here())
        found = await two.find("car")
        assert {"The automobile is red", "The automobile is fast"} < set(found)
        made = [text for texts in after.asked for text in texts if text not in ("car", "fast")]
        await two.searching.fill(here())
        again = [text for texts in after.asked for text in texts if text not in ("car", "fast")]
        # Each once, those of before as well.
        assert sorted(made) == sorted(again) == sorted(set(made)) and len(made) == 6
