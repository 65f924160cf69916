"""Every REST call of the Discord adapter on Discord's bad days.

Whatever a call meets, it ends in time, with its effect or with an error that says whether another
try is worth it, and the bot goes on.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.http import HTTPClient
from discord.webhook.async_ import AsyncWebhookAdapter

import adapters.discord
from adapters.discord.calls import Timing, kind_of_call
from bot.chat import TAKE_BACK, CommandReply, File, Followed, Incoming, MessageRef, Spot
from bot.errors import PlatformBusy, PlatformError
from tests.contracts.discord_rig import QUICK, Rig, connected, rig_of
from tests.simulators.discord_sim import DiscordSimulator, Interaction

TIMING = replace(
    QUICK,
    call=3.5,
    attempt=0.8,
    thread=2.0,
    pauses=(0.01, 0.02),
    drain=0.5,
    look_again=0.05,
    signs=60.0,
)
"""A call that a busy machine holds up has time left, and is tried again. The SDK itself tries some
again after a second."""

HASTY = replace(TIMING, call=1.2, attempt=0.4)
"""For what never gets through, or is tried for as long as it takes."""

SECONDS = 9.0
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


async def _mark(rig: Rig, event: Incoming) -> object:
    return await rig.adapter.mark_waiting(event.ref, True)


async def _unmark(rig: Rig, event: Incoming) -> object:
    await rig.adapter.mark_waiting(event.ref, True)
    return await rig.adapter.mark_waiting(event.ref, False)


REOPEN = "PATCH /channels/{channel_id}"
REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"
ROUTES: dict[str, Work] = {
    "POST /channels/{channel_id}/messages/{message_id}/threads": _open,
    "POST /channels/{channel_id}/messages": _post,
    "PATCH /channels/{channel_id}/messages/{message_id}": _edit,
    "DELETE /channels/{channel_id}/messages/{message_id}": _delete,
    "POST /channels/{channel_id}/typing": _typing,
    "GET /channels/{channel_id}/messages": _history,
    REOPEN: _unarchive,
    "POST /users/@me/channels": _direct,
    f"PUT {REACTION}": _mark,
    f"DELETE {REACTION}": _unmark,
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
    # Were the refused post of `REOPEN` tried again, it would open the thread itself.
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
    async with connected(DiscordSimulator(limits=False), HASTY) as rig:
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
    # Nothing here waits for a call to be given up, so each may have long.
    timing = replace(TIMING, call=6.0, attempt=2.5)
    async with connected(DiscordSimulator(limits=False), timing) as rig:
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
        rig = await rig_of(sim, timing=HASTY)
        for fault in FAULTS:
            fault.add(rig, route, 1)
        running = rig.start()
        await sim.until_connected(timeout=20)
        await _goes_on(rig)
        await rig.stop(running)


LOOKED_AT = "GET /channels/{channel_id}"


async def test_a_channel_that_cannot_be_looked_at_is_answered_in_place() -> None:
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
            fault.add(rig, LOOKED_AT, 1)
            count = len(rig.inbox.messages)
            await rig.sim.say(thread, rig.ada, f"{rig.sim.mention} {fault.name}")
            event = (await rig.events(count + 1))[-1]
            spot = await rig.adapter.open(event, "title")
            assert spot.channel == str(thread.id), fault.name
        await _goes_on(rig)


WHO = "GET /guilds/{guild_id}/members/{user_id}"


async def test_who_cannot_be_looked_up_is_heard_all_the_same() -> None:
    sim = DiscordSimulator(limits=False, identify_seconds=0.0)
    async with connected(sim, TIMING) as rig:
        first = await rig.mentioned("before")
        rig.inbox.followed = (Followed(first.thread, first.position),)
        for fault in FAULTS:
            fault.add(rig, WHO, 1)
        sim.gateway.drop()
        sim.gateway.sessions.clear()
        said = [
            await sim.say(rig.channel, sim.add_user(f"user{number}"), f"{sim.mention} {fault.name}")
            for number, fault in enumerate(FAULTS)
        ]
        await rig.changed(
            lambda: {each.id for each in said} <= {each.position for each in rig.inbox.messages}
        )
        await sim.until_connected()
        assert not sim.faults.left


READ = (
    "GET /channels/{channel_id}/messages/{message_id}",
    "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji}",
    WHO,
)
"""What is read to take a sign back."""
INVITED = "GET /channels/{channel_id}/thread-members/{user_id}"


async def test_what_has_to_be_read_meets_faults() -> None:
    async with connected(DiscordSimulator(limits=False), TIMING) as rig:
        said = await rig.say("the weft is wool")
        await rig.sim.react(said, rig.ada, "🧠")
        await rig.changed(lambda: rig.inbox.calls)
        for number, (route, fault) in enumerate(product(READ, FAULTS)):
            user = rig.sim.add_user(f"user{number}")
            count = len(rig.inbox.calls)
            await rig.sim.react(said, user, "🧠")
            await rig.changed(lambda count=count: len(rig.inbox.calls) > count)
            fault.add(rig, route, 1)
            await rig.sim.react(said, user, "🧠", add=False)
            await rig.changed(lambda: not rig.sim.faults.left)
            if fault is not FAULTS[-1] or route == WHO:
                await rig.changed(lambda count=count: len(rig.inbox.calls) > count + 1)
                assert rig.inbox.calls[-1].act == TAKE_BACK
        thread = await rig.sim.start_thread(rig.channel, None, "t", rig.sim.bot, private=True)
        place = (str(rig.channel.id), str(thread.id))
        for fault in FAULTS:
            fault.add(rig, INVITED, 1)
            asked = rig.adapter.reach(str(rig.guild.id), str(rig.ada.id), [place])
            error = await _ends(asked)
            assert not rig.sim.faults.left, fault.name
            assert error is None or (isinstance(error, PlatformBusy) and not fault.passes)
        await _goes_on(rig)


async def test_a_sign_that_is_taken_away_waits_for_discord_and_for_the_store() -> None:
    async with connected(DiscordSimulator(limits=False), replace(TIMING, call=0.1)) as rig:
        said = await rig.say("the weft is wool")
        await rig.sim.react(said, rig.ada, "🧠")
        await rig.changed(lambda: rig.inbox.calls)

        def tries() -> int:
            return sum(each.route == READ[0] for each in rig.sim.requests)

        # Each of them ends a call whole, and neither tells of the sign again.
        rig.sim.faults.rate_limit(READ[0], 0.2, times=2)
        before = tries()
        rig.inbox.claims.shared.away = True
        await rig.sim.react(said, rig.ada, "🧠", add=False)
        await rig.changed(lambda: tries() > before + 3)
        assert not rig.sim.faults.left and len(rig.inbox.calls) == 1
        rig.inbox.claims.shared.away = False
        await rig.changed(lambda: len(rig.inbox.calls) > 1)
        assert [each.act for each in rig.inbox.calls] == ["", TAKE_BACK]


async def test_a_sign_that_waits_holds_up_no_other_message() -> None:
    async with connected(DiscordSimulator(limits=False), TIMING) as rig:
        said, other = await rig.say("the weft is wool"), await rig.say("the warp is linen")
        rig.sim.faults.rate_limit(READ[0], TIMING.signs / 2, times=1)
        await rig.sim.react(said, rig.ada, "🧠")
        await rig.changed(lambda: not rig.sim.faults.left)
        await rig.sim.react(other, rig.ada, "🧠")
        await rig.changed(lambda: rig.inbox.calls)
        assert [call.about.text for call in rig.inbox.calls if call.about] == ["the warp is linen"]


WITHIN_SERVERS = "GET /guilds/{guild_id}"
"""See `test_discord_servers`, where any answer but a clear one erases nothing."""

CALLBACK, FIRST, NEXT = INTERACTIONS
ME, APPLICATION, STARTS, COMMANDS = LOG_IN
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
OF_THE_SDK: dict[str, tuple[str, ...]] = {
    "add_reaction": (f"PUT {REACTION}",),
    "autocomplete": (CALLBACK,),
    "bulk_upsert_global_commands": (COMMANDS,),
    "create_interaction_response": (CALLBACK,),
    "defer": (CALLBACK,),
    "delete": (f"DELETE {MESSAGE}",),
    "edit": (f"PATCH {MESSAGE}",),
    "edit_channel": ("PATCH /channels/{channel_id}",),
    "edit_message": (f"PATCH {MESSAGE}",),
    "edit_original_interaction_response": (FIRST,),
    "fetch": (f"GET {MESSAGE}",),
    "fetch_channel": (LOOKED_AT,),
    "fetch_member": (WHO,),
    "fetch_message": (f"GET {MESSAGE}",),
    "get_guild": (WITHIN_SERVERS,),
    "history": ("GET /channels/{channel_id}/messages",),
    "login": (ME, APPLICATION),
    "remove_reaction": (f"DELETE {REACTION}",),
    "send": ("POST /channels/{channel_id}/messages", NEXT),
    "send_message": (CALLBACK,),
    "send_typing": ("POST /channels/{channel_id}/typing",),
    "start_private_message": ("POST /users/@me/channels",),
    "start_thread_with_message": (f"POST {MESSAGE}/threads",),
    "users": (READ[1],),
}
"""Which routes the methods take that our files name."""
OTHERS = frozenset(
    "clear close connect get_channel get_member join leave read reply request start timeout".split()
)
"""Names of methods of the SDK that stand for something else in our files."""
ASKING = (
    discord.Client,
    discord.Guild,
    discord.InteractionResponse,
    discord.Member,
    discord.Message,
    discord.PartialMessage,
    discord.PartialMessageable,
    discord.Reaction,
    discord.Thread,
    discord.Webhook,
)


def _methods_that_ask() -> set[str]:
    """Names of the SDK's methods that make requests, and some more."""
    found = {name for made in (HTTPClient, AsyncWebhookAdapter) for name in vars(made)}
    for made in ASKING:
        for name, each in inspect.getmembers(made, inspect.isfunction):
            if inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each):
                found.add(name)
    return {name for name in found if not name.startswith(("_", "on_"))}


def test_no_route_is_left_out() -> None:
    named: set[str] = set()
    routes: set[str] = set()
    for path in Path(adapters.discord.__file__).parent.glob("*.py"):
        # What the doctor cannot be told is a finding of its own.
        for node in ast.walk(ast.parse(path.read_text("utf-8"))) if path.stem != "check" else ():
            if isinstance(node, ast.Attribute):
                named.add(node.attr)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Route":
                method, route = map(ast.literal_eval, node.args)
                routes.add(f"{method} {route}")
    assert (named & _methods_that_ask()) - OTHERS == set(OF_THE_SDK)
    routes |= {route for each in OF_THE_SDK.values() for route in each}
    met = {*ROUTES, *INTERACTIONS, *LOG_IN, *READ, LOOKED_AT, WHO, INVITED, WITHIN_SERVERS}
    assert routes == met


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
