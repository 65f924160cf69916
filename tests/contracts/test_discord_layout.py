"""The Discord adapter with long answers as components, against the simulated Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.discord import SPEC
from adapters.discord.adapter import CAPABILITIES, DiscordAdapter, create
from adapters.discord.layout import MOST_IN_COMPONENTS, is_laid_out
from bot.controls import Action, Presentation
from bot.errors import PlatformError
from tests.contracts.discord_rig import QUICK, Rig, rig_of
from tests.simulators.discord_sim import DiscordSimulator, Message
from tests.simulators.discord_sim.layouts import every

SHORT = "A bobbin holds thread."
LONG = "weft and warp " * 200 + "@everyone https://example.org/loom"


@asynccontextmanager
async def laying_out(sim: DiscordSimulator | None = None) -> AsyncIterator[Rig]:
    """A rig whose long messages are components."""
    async with sim or DiscordSimulator(limits=False) as running_sim:
        rig = await rig_of(running_sim)
        rig.adapter = DiscordAdapter(running_sim.world.token, QUICK, components=True)
        running = rig.start()
        await running_sim.until_connected()
        try:
            yield rig
        finally:
            await rig.stop(running)


def said(message: Message) -> str:
    """What people see of a message."""
    return message.versions[-1].shown.strip()


def buttons_of(message: Message) -> list[str]:
    """What its buttons are for."""
    ids = [part.get("custom_id", "") for part in every(message.components)]
    return [custom_id.split(":")[1] for custom_id in ids if custom_id]


async def test_a_message_is_plain_until_it_is_too_long_for_that() -> None:
    async with laying_out() as rig:
        spot = rig.spot(rig.channel)
        ref = await rig.adapter.post(spot, SHORT, key="k1")
        message = rig.sim.message(ref.message)
        assert (message.content, message.components) == (SHORT, ())
        await rig.adapter.edit(ref, LONG)
        assert (message.content, said(message)) == ("", LONG)
        assert message.pings == set() and not message.unfurled
        # What became components stays so, also when its text is short again.
        await rig.adapter.edit(ref, SHORT)
        assert (message.content, said(message)) == ("", SHORT)
        assert rig.adapter.capabilities.max_chars == MOST_IN_COMPONENTS
    assert rig.sim.violations == []


async def test_controls_live_in_both() -> None:
    look = Presentation("turn1", (Action.STOP,), streaming=True)
    done = Presentation("turn1", (Action.REGENERATE, Action.GOOD, Action.BAD))
    async with laying_out() as rig:
        ref = await rig.adapter.post(rig.spot(rig.channel), SHORT, key="k1", look=look)
        message = rig.sim.message(ref.message)
        assert buttons_of(message) == ["stop"]
        for text in (LONG, SHORT):
            await rig.adapter.edit(ref, text, look=look)
            assert (said(message), buttons_of(message)) == (text, ["stop"])
        await rig.adapter.edit(ref, LONG, look=done)
        assert buttons_of(message) == ["regenerate", "good", "bad"]
        again = await rig.adapter.post(rig.spot(rig.channel), LONG, key="k1", again=True, look=done)
        before = len(message.versions)
        await rig.adapter.post(rig.spot(rig.channel), LONG, key="k1", again=True, look=done)
        assert again == ref and len(message.versions) == before
        await rig.adapter.edit(ref, LONG)
        assert (said(message), buttons_of(message)) == (LONG, [])
    assert rig.sim.violations == []


async def test_a_long_post_is_made_once_and_brought_up_to_date() -> None:
    async with laying_out() as rig:
        spot = rig.spot(rig.channel)
        first = await rig.adapter.post(spot, LONG, key="k1")
        second = await rig.adapter.post(spot, LONG, key="k1", again=True)
        message = rig.sim.message(first.message)
        assert len(message.versions) == 1
        third = await rig.adapter.post(spot, SHORT, key="k1", again=True)
        assert said(message) == SHORT
        assert message.pings == set()
    assert first == second == third
    assert rig.sim.violations == []


async def test_the_longest_message_is_within_what_discord_takes() -> None:
    async with laying_out() as rig:
        spot = rig.spot(rig.channel)
        ref = await rig.adapter.post(spot, "x" * MOST_IN_COMPONENTS, key="k1")
        assert len(said(rig.sim.message(ref.message))) == MOST_IN_COMPONENTS
        with pytest.raises(ValueError, match="units"):
            await rig.adapter.edit(ref, "x" * (MOST_IN_COMPONENTS + 1))
    assert rig.sim.violations == []


@pytest.mark.parametrize("components", [True, False], ids=["still", "no longer"])
async def test_a_process_that_does_not_know_what_a_message_became_finds_out(
    components: bool,
) -> None:
    """Also one that was started with plain text as the setting since."""
    done = Presentation("turn1", (Action.REGENERATE,))
    async with DiscordSimulator(limits=False) as sim:
        rig = await rig_of(sim)
        first = DiscordAdapter(sim.world.token, QUICK, components=True)
        second = DiscordAdapter(sim.world.token, QUICK, components=components)
        for adapter, text in ((first, LONG), (second, SHORT)):
            rig.adapter = adapter
            running = rig.start()
            await sim.until_connected()
            if text is LONG:
                ref = await adapter.post(rig.spot(rig.channel), text, key="k1")
            else:
                await adapter.edit(ref, "It grows", look=done)
                tries = len(sim.requests)
                await adapter.edit(ref, text, look=done)
                # By now it is known.
                assert len(sim.requests) == tries + 1
            await rig.stop(running)
        message = sim.message(ref.message)
        assert (said(message), buttons_of(message)) == (SHORT, ["regenerate"])


async def test_a_refused_edit_of_a_plain_message_stays_refused() -> None:
    async with laying_out() as rig:
        ref = await rig.adapter.post(rig.spot(rig.channel), SHORT, key="k1")
        rig.sim.faults.add(
            "PATCH /channels/{channel_id}/messages/{message_id}",
            status=400,
            body={"code": 50006, "message": "Cannot send an empty message"},
        )
        with pytest.raises(PlatformError):
            await rig.adapter.edit(ref, "more")


async def test_its_own_long_answers_are_read_as_history() -> None:
    async with laying_out() as rig:
        thread = await rig.sim.start_thread(rig.channel, None, "talk", rig.ada)
        await rig.adapter.post(rig.spot(thread), LONG, key="k1")
        await rig.sim.say(thread, rig.ada, f"{rig.sim.mention} shorter, please")
        event = await rig.event()
        history = await rig.adapter.history(event, 10)
    assert [(line.text, line.from_bot) for line in history.messages] == [(LONG, True)]


async def test_plain_is_the_default() -> None:
    variable = next(each for each in SPEC.variables if each.name == "DISCORD_PRESENTATION")
    assert variable.default == "plain"
    plain = create({"DISCORD_TOKEN": "t"})
    out = create({"DISCORD_TOKEN": "t", "DISCORD_PRESENTATION": "components"})
    assert plain.capabilities == CAPABILITIES
    assert out.capabilities.max_chars == MOST_IN_COMPONENTS > CAPABILITIES.max_chars
    assert not is_laid_out({}) and is_laid_out({"flags": (1 << 15) | 4})
