"""Every REST call of the Discord adapter on Discord's bad days.

Whatever a call meets, it ends in time, with its effect or with an error that says whether another
try is worth it, and the bot goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from adapters.discord.calls import Timing, kind_of_call
from bot.chat import CommandReply, File, Followed, Incoming, MessageRef, Spot
from bot.errors import PlatformBusy, PlatformError
from tests.contracts.discord_rig import QUICK, Rig, connected, rig_of
from tests.simulators.discord_sim import DiscordSimulator, Interaction

TIMING = replace(
    QUICK, call=0.9, attempt=0.25, thread=0.6, pauses=(0.01, 0.02), drain=0.5, look_again=0.05
)
SECONDS = 4.0
"""What a call may take, whatever happens; far longer than its own time-out."""

LONG = 219.0
"""What Discord has been seen to ask for when a thread is made."""


@dataclass(frozen=True)
class Fault:
    """A fault of one route, and whether the call gets through in the end when it passes."""

    name: str
    add: Callable[[Rig, str, int], None]
    passes: bool = True


def _status(number: int) -> Fault:
    def add(rig: Rig, route: str, times: int) -> None:
        rig.sim.faults.add(route, times=times, status=number, body={"message": "no", "code": 0})

    return Fault(str(number), add)


def _limit(seconds: float, scope: str) -> Fault:
    def add(rig: Rig, route: str, times: int) -> None:
        rig.sim.faults.rate_limit(route, seconds, times=times, scope=scope)

    return Fault(f"429 for {seconds} s ({scope})", add, passes=False)


def _cut(after: bool) -> Fault:
    def add(rig: Rig, route: str, times: int) -> None:
        rig.sim.faults.add(route, times=times, drop=True, after_effect=after)

    return Fault("reset afterwards" if after else "reset", add)


def _hang(rig: Rig, route: str, times: int) -> None:
    rig.sim.faults.add(route, times=times, gate=asyncio.Event())


FAULTS = (
    _status(500),
    _status(502),
    _status(503),
    _cut(after=False),
    _cut(after=True),
    Fault("no answer", _hang),
    _limit(0.05, "user"),
    _limit(LONG, "shared"),
)
PASSING = tuple(fault for fault in FAULTS if fault.passes)

Work = Callable[[Rig, Incoming], Awaitable[object]]


async def _open(rig: Rig, event: Incoming) -> object:
    return await rig.adapter.open(event, "title")


async def _post(rig: Rig, event: Incoming) -> object:
    return await rig.adapter.post(Spot(event.ref.channel), "text", key=f"k{event.ref.message}"[:25])


async def _standing(rig: Rig, event: Incoming) -> MessageRef:
    """A message of the bot's, put there by the simulator."""
    sim, channel = rig.sim, rig.sim.channel(event.ref.channel)
    message = sim.world.post(channel, sim.bot, sim.world.version(channel, sim.bot, "one"))
    return MessageRef(str(channel.id), str(message.id))


async def _edit(rig: Rig, event: Incoming) -> object:
    return await rig.adapter.edit(await _standing(rig, event), "two")


async def _delete(rig: Rig, event: Incoming) -> object:
    return await rig.adapter.delete(await _standing(rig, event))


async def _typing(rig: Rig, event: Incoming) -> object:
    return await rig.adapter.show_status(Spot(event.ref.channel), "thinking")


async def _history(rig: Rig, event: Incoming) -> object:
    return await rig.adapter.history(event, 10)


async def _unarchive(rig: Rig, event: Incoming) -> object:
    thread = await rig.sim.start_thread(rig.channel, None, "t", rig.sim.bot)
    await rig.sim.archive(thread)
    # As when it is archived just as the call is on its way: a post alone would open it.
    rig.sim.faults.add(
        "POST /channels/{channel_id}/messages", status=400, body={"code": 50083, "message": ""}
    )
    return await rig.adapter.post(Spot(str(thread.id)), "text", key=f"u{thread.id}"[:25])


async def _direct(rig: Rig, event: Incoming) -> object:
    return await rig.adapter.respond(event, CommandReply("for you"))


ROUTES: dict[str, Work] = {
    "POST /channels/{channel_id}/messages/{message_id}/threads": _open,
    "POST /channels/{channel_id}/messages": _post,
    "PATCH /channels/{channel_id}/messages/{message_id}": _edit,
    "DELETE /channels/{channel_id}/messages/{message_id}": _delete,
    "POST /channels/{channel_id}/typing": _typing,
    "GET /channels/{channel_id}/messages": _history,
    "PATCH /channels/{channel_id}": _unarchive,
    "POST /users/@me/channels": _direct,
}
BEST_EFFORT = frozenset({"POST /channels/{channel_id}/typing"})
IN_PLACE = frozenset({"POST /channels/{channel_id}/messages/{message_id}/threads"})
"""Calls that are done without rather than waited for."""


async def _ends(work: Awaitable[object]) -> PlatformError | None:
    """The error that a call ends with, None for none; anything else, or no end, is a failure."""
    try:
        async with asyncio.timeout(SECONDS):
            await work
    except PlatformError as error:
        return error
    return None


async def _goes_on(rig: Rig) -> None:
    """The bot hears, and speaks."""
    count = len(rig.inbox.messages)
    await rig.say(f"{rig.sim.mention} still there?")
    await rig.changed(lambda: len(rig.inbox.messages) > count)
    event = rig.inbox.messages[-1]
    ref = await rig.adapter.post(Spot(event.ref.channel), "yes", key=f"g{event.ref.message}"[:25])
    assert rig.sim.message(ref.message).content == "yes"


@pytest.mark.parametrize("route", ROUTES)
async def test_a_fault_that_passes(route: str) -> None:
    async with connected(DiscordSimulator(limits=False), TIMING) as rig:
        for fault in FAULTS:
            event = await rig.mentioned(fault.name)
            fault.add(rig, route, 1)
            error = await _ends(ROUTES[route](rig, event))
            assert not rig.sim.faults.left, (fault.name, "was not met")
            assert error is None or isinstance(error, PlatformBusy), (fault.name, error)
            if fault.passes and route not in BEST_EFFORT:
                assert error is None, (fault.name, error)
        await _goes_on(rig)
        refused = rig.inbox.meter.refusals
    assert len(refused) == len(FAULTS) - len(PASSING)
    assert len({kind.removesuffix(" shared") for kind in refused}) == 1


@pytest.mark.parametrize("route", ROUTES)
async def test_a_fault_that_stays(route: str) -> None:
    async with connected(DiscordSimulator(limits=False), TIMING) as rig:
        for fault in (_status(503), Fault("no answer", _hang), _limit(LONG, "user")):
            event = await rig.mentioned(fault.name)
            fault.add(rig, route, 1000)
            error = await _ends(ROUTES[route](rig, event))
            if route not in IN_PLACE:
                assert isinstance(error, PlatformBusy), (fault.name, error)
            for left in rig.sim.faults.left:
                left.times = 0
        await _goes_on(rig)


INTERACTIONS = (
    "POST /interactions/{interaction_id}/{token}/callback",
    "PATCH /webhooks/{application_id}/{token}/messages/{message_id}",
    "POST /webhooks/{application_id}/{token}",
)


@pytest.mark.parametrize("route", INTERACTIONS)
async def test_a_command_meets_a_fault(route: str) -> None:
    """Its answer may be lost; other commands are answered."""
    async with connected(DiscordSimulator(limits=False), TIMING) as rig:
        rig.inbox.reply = CommandReply(
            "the summary\n" * 300, files=(File("a.txt", b"words", "text/plain"),)
        )
        for fault in FAULTS:
            fault.add(rig, route, 1)
            await rig.sim.slash(rig.channel, rig.ada, "summary")
            await rig.changed(lambda: not rig.sim.faults.left)
        last = await rig.sim.slash(rig.channel, rig.ada, "summary")
        await rig.changed(lambda: _whole(last))
        await _goes_on(rig)


def _whole(interaction: Interaction) -> Any:
    """All of an answer is there."""
    return len(interaction.responses) > 1 and interaction.original is not None


LOG_IN = (
    "GET /users/@me",
    "GET /oauth2/applications/@me",
    "GET /gateway/bot",
    "PUT /applications/{application_id}/commands",
)


@pytest.mark.parametrize("route", LOG_IN)
async def test_a_log_in_meets_all_faults_one_after_the_other(route: str) -> None:
    async with DiscordSimulator(limits=False) as sim:
        rig = await rig_of(sim, timing=TIMING)
        for fault in FAULTS:
            fault.add(rig, route, 1)
        running = rig.start()
        await sim.until_connected(timeout=20)
        await _goes_on(rig)
        await rig.stop(running)


async def test_a_channel_that_cannot_be_looked_at_is_answered_in_place() -> None:
    route = "GET /channels/{channel_id}"
    async with connected(DiscordSimulator(limits=False), TIMING) as rig:
        for fault in FAULTS:
            thread = await rig.sim.start_thread(rig.channel, None, "old", rig.ada)
            await rig.sim.raw_event(
                "THREAD_DELETE",
                {
                    "id": str(thread.id),
                    "guild_id": str(rig.guild.id),
                    "parent_id": str(rig.channel.id),
                    "type": 11,
                },
            )
            fault.add(rig, route, 1)
            count = len(rig.inbox.messages)
            await rig.sim.say(thread, rig.ada, f"{rig.sim.mention} {fault.name}")
            event = (await rig.events(count + 1))[-1]
            spot = await rig.adapter.open(event, "title")
            assert spot.channel == str(thread.id), fault.name
        await _goes_on(rig)


async def test_who_cannot_be_looked_up_is_heard_all_the_same() -> None:
    route = "GET /guilds/{guild_id}/members/{user_id}"
    sim = DiscordSimulator(limits=False, identify_seconds=0.0)
    async with connected(sim, TIMING) as rig:
        first = await rig.mentioned("before")
        rig.inbox.followed = (Followed(first.thread, first.position),)
        for fault in FAULTS:
            user = sim.add_user(f"user{FAULTS.index(fault)}")
            fault.add(rig, route, 1)
            sim.gateway.drop()
            sim.gateway.sessions.clear()
            said = await sim.say(rig.channel, user, f"{sim.mention} {fault.name}")
            await rig.changed(
                lambda said=said: any(e.position == said.id for e in rig.inbox.messages)
            )
            await sim.until_connected()
        assert not sim.faults.left


def test_a_kind_of_call_names_nobody() -> None:
    found = kind_of_call("POST", "/api/v10/channels/12345/messages/678/threads")
    assert found == "POST channels/messages/threads"
    secret = kind_of_call("PATCH", "/api/v10/webhooks/1/aW50ZXJhY3Rpb24/messages/@original")
    assert secret == "PATCH webhooks/messages/@original"


async def test_waiting_and_reconnecting_are_counted() -> None:
    async with connected(DiscordSimulator(identify_seconds=0.0), Timing(identify=0.0)) as rig:
        await rig.mentioned()
        await (await rig.sim.slash(rig.channel, rig.ada, "export")).answered()
        rig.sim.gateway.reconnect()
        await rig.changed(lambda: rig.inbox.meter.reasons == ["resumed"])
        rig.sim.gateway.invalidate()
        await rig.changed(lambda: len(rig.sim.identifies) == 2)
        meter = rig.inbox.meter
    assert meter.reasons == ["resumed", "session lost"]
    assert len(meter.waits) == 2
    assert all(0.0 <= seconds < 5.0 for seconds in meter.waits)
