"""For every script a scene in which there is trouble with it, and all that a store holds then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from bot.budgets import Budgets, Most, Payer
from bot.channel import ChannelSettings, Mention
from bot.chat import Incoming, MessageRef
from bot.limits import Scope
from bot.records import Entry, Summary, Tally
from bot.storage.keys import place_of
from bot.storage.threads import Threads
from bot.storage.types import Again, Draft, Rated, Rating, Turn
from tests.contracts.memory_scenes import MEMORY_SCENES
from tests.units.storage.samples import THREAD, commit, message, talk

Trouble = Callable[[], Awaitable[None]]
"""Awaited before a call of the script: its reply gets lost, or there is no memory left."""

Scene = Callable[[Threads, Trouble], Awaitable[object]]
"""Plays it and returns every answer that counts."""

TALLY = Tally(1, 10, 0, 5, 7, 0, 0)
ADA = Payer("slack", "T", "C", "u1")
BUDGETS = Budgets(user=Most(tokens=20))


async def begun(threads: Threads, waiting: int = 0, position: int = 1) -> Turn:
    """A turn that runs, with so many messages behind it."""
    turn = await threads.begin(message(position, loose=True))
    assert isinstance(turn, Turn)
    for later in range(position + 1, position + 1 + waiting):
        await threads.begin(message(later))
    return turn


async def _reworded(entry: Entry, event: Incoming) -> Entry:
    return replace(entry, text=event.text, edited=event.edited, tokens=1)


async def _amend(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1, 2)
    await threads.fold(THREAD, Summary(), Summary("so far", 2, 1, "model"))
    await begun(threads, position=3, waiting=1)
    for position in (1, 3, 4):
        await trouble()
        await threads.amend(replace(message(position, text="new"), edited=1.0), _reworded)
    # Whether it was this call that did it is not told again; what is stored is what matters.
    return await threads.take_window(THREAD)


async def _index(threads: Threads, trouble: Trouble) -> object:
    entries = [Entry("user", "hello", 0.0, "u1", "Ada", ("m1",))]
    await threads.restore(THREAD, entries, Summary(), TALLY, {"u1": "Ada"})
    await trouble()
    await threads.strike(THREAD, ["m1"], ["e1"])
    return await threads.take_window(THREAD)


async def _keep_off(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    place, ids, events = place_of(THREAD), ["m1", "m8", "m9"], ["e1", "e8", "e9"]
    await trouble()
    holders = await threads.holders(place, ids, events)
    return holders, [await threads.begin(message(position)) for position in (1, 8, 9)]


async def _strike(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1, 2)
    await threads.fold(THREAD, Summary(), Summary("so far", 2, 1, "model"))
    turn = await begun(threads, position=3, waiting=1)
    for position in (1, 3, 4):
        await trouble()
        await threads.strike(THREAD, [f"m{position}"], [f"e{position}"])
    return await threads.renew(turn.lease), await threads.take_window(THREAD)


async def _begin(threads: Threads, trouble: Trouble) -> object:
    answers: list[object] = []
    for position in (1, 2, 2):
        await trouble()
        answers.append(await threads.begin(message(position)))
    return answers


async def _commit(threads: Threads, trouble: Trouble) -> object:
    turn = await begun(threads, waiting=1)
    await trouble()
    after = await commit(threads, turn, tally=TALLY, names={"u1": "Ada"})
    assert isinstance(after, Turn)
    await trouble()
    return after, await commit(threads, after, tally=TALLY)


async def _again(threads: Threads, trouble: Trouble) -> object:
    turn = await begun(threads)
    await threads.commit(turn.lease, (), TALLY, {}, keep=True)
    seen, draft = await threads.take_window(THREAD), Draft(refs=(MessageRef("C", "a1"),))
    asked = frozenset({"u1"})
    await trouble()
    retry = await threads.begin_again("click", seen, Again.RETRY, seen.mail, draft, asked)
    assert isinstance(retry, Turn)
    await commit(threads, retry)
    seen = await threads.take_window(THREAD)
    await trouble()
    anew = await threads.begin_again("another", seen, Again.REGENERATE, (message(9),), draft, asked)
    assert isinstance(anew, Turn)
    after = await commit(threads, anew, [Entry("assistant", "new", 0.0)], tally=TALLY)
    return retry, anew, after, await threads.take_window(THREAD)


async def _asked(threads: Threads, trouble: Trouble) -> object:
    await begun(threads)
    await trouble()
    return await threads.asked(THREAD)


async def _rate(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    answers: list[object] = []
    for rating in (Rating.GOOD, Rating.BAD, Rating.BAD):
        await trouble()
        answers.append(await threads.rate(Rated(THREAD, "t1", "u1", rating, 1.0, "gpt")))
    return answers, [rated async for rated in threads.ratings(THREAD)]


async def _rollback(threads: Threads, trouble: Trouble) -> object:
    turn = await begun(threads, waiting=1)
    await trouble()
    after = await threads.rollback(turn.lease)
    assert isinstance(after, Turn)
    await trouble()
    return after, await threads.rollback(after.lease)


async def _renew(threads: Threads, trouble: Trouble) -> object:
    turn = await begun(threads)
    await trouble()
    draft = Draft(refs=(MessageRef(THREAD.channel, "a1"),), note="half")
    return await threads.renew(turn.lease, draft), await threads.take_window(THREAD)


async def _park(threads: Threads, trouble: Trouble) -> object:
    turn = await begun(threads)
    await trouble()
    await threads.park(turn.lease)
    return await threads.stranded()


async def _reclaim(threads: Threads, trouble: Trouble) -> object:
    answers: list[object] = []
    turn: Turn | None = await begun(threads, waiting=1)
    for _ in range(3):
        assert turn is not None
        await threads.park(turn.lease)
        await trouble()
        turn = await threads.reclaim(THREAD)
        answers.append(turn)
    await trouble()
    return [*answers, await threads.reclaim(THREAD)]


async def _stop(threads: Threads, trouble: Trouble) -> object:
    turn = await begun(threads)
    await trouble()
    return await threads.ask_stop(THREAD), await threads.renew(turn.lease)


async def _leave(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    turn = await threads.begin(message(2))
    assert isinstance(turn, Turn)
    await trouble()
    part = await threads.leave(THREAD)
    return part, await threads.takes_part(THREAD), await commit(threads, turn)


async def _read(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    await trouble()
    return await threads.take_window(THREAD)


async def _fold(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1, 2)
    await trouble()
    new = Summary("so far", 2, 1, "model")
    stored = await threads.fold(THREAD, Summary(), new, proposed="one")
    return stored, await threads.take_window(THREAD)


async def _take_up(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1, 2)
    for version, line in enumerate(("one", "two")):
        seen = Summary("so far", version and 2, version)
        new = Summary("so far", 2, version + 1, "model")
        await threads.fold(THREAD, seen, new, proposed=line)
    await trouble()
    first = await threads.take_up(THREAD, "one")
    await trouble()
    return first, await threads.take_up(THREAD, "two"), await threads.take_window(THREAD)


async def _account(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    await trouble()
    return await threads.account(THREAD, TALLY)


async def _forget(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    await threads.begin(message(2, loose=True))
    await trouble()
    return await threads.forget(THREAD)


async def _gone(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    await trouble()
    return await threads.drop(THREAD), await threads.begin(message(-1))


async def _restore(threads: Threads, trouble: Trouble) -> object:
    await talk(threads, 1)
    entries = [Entry("user", "hello", 0.0, "u1", "Ada")]
    await trouble()
    return await threads.restore(THREAD, entries, Summary(), TALLY, {"u1": "A"}, replacing=True)


async def _claim(threads: Threads, trouble: Trouble) -> object:
    claims = threads.claims("discord")
    await trouble()
    mine = await claims.claim("shard", 60)
    await trouble()
    return mine, await claims.claim("shard", 60, "another") > 0


async def _release(threads: Threads, trouble: Trouble) -> object:
    claims = threads.claims("discord")
    await claims.claim("shard", 60)
    await trouble()
    await claims.release("shard")
    return await claims.claim("shard", 60, "another")


async def _rewrite(threads: Threads, trouble: Trouble) -> object:
    notes = threads.notes("slack")
    await notes.write("token", "old")
    await trouble()
    replaced = await notes.replace("token", "old", "new")
    await trouble()
    return replaced, await notes.replace("token", "old", "newer"), await notes.read("token")


async def _spend(threads: Threads, trouble: Trouble) -> object:
    claims = threads.claims("discord")
    await trouble()
    spent = await claims.spend("logins", 2, 600)
    return spent, await claims.spend("logins", 2, 600), await claims.spend("logins", 2, 600) > 0


async def _afford(threads: Threads, trouble: Trouble) -> object:
    await trouble()
    kept = await threads.spending.reserve(ADA, "t1", TALLY, BUDGETS)
    refused = await threads.spending.reserve(ADA, "t2", TALLY, BUDGETS)
    return kept, refused, await threads.spending.used(ADA)


async def _rules(threads: Threads, trouble: Trouble) -> object:
    place = place_of(THREAD)
    await trouble()
    await threads.set_channel(place, ChannelSettings(Mention.ALWAYS, 12.0, "terse"))
    await trouble()
    await threads.set_channel(place, ChannelSettings(Mention.ONLY))
    return await threads.channel_settings(place), await threads.open_channels(place[0])


async def _settle(threads: Threads, trouble: Trouble) -> object:
    await threads.spending.reserve(ADA, "t1", TALLY, BUDGETS)
    await trouble()
    # Whether there was a reservation is not told again; what is counted is what matters.
    await threads.spending.settle(ADA, "t1", Tally(prompt=20))
    return await threads.spending.used(ADA)


async def _charge(threads: Threads, trouble: Trouble) -> object:
    await trouble()
    await threads.spending.charge(ADA, TALLY, nonce="n")
    return await threads.spending.used(ADA)


async def _count(threads: Threads, trouble: Trouble) -> object:
    await trouble()
    await threads.count_use(THREAD, "u1", TALLY, nonce="n")
    return await threads.used_today(ADA)


async def _reserve(threads: Threads, trouble: Trouble) -> object:
    ledger, scopes = threads.ledger("slack"), (Scope("post/4/T/C", 2, 600.0, 0.0, 1),)
    granted: list[bool] = []
    for _ in range(3):
        await trouble()
        booking = await ledger.reserve("T", scopes, 0, 1.0)
        granted.append(booking is not None and booking.granted)
    return granted


async def _pause(threads: Threads, trouble: Trouble) -> object:
    ledger, scopes = threads.ledger("slack"), (Scope("post/4/T/C", 2, 600.0, 0.0, 1),)
    await trouble()
    await ledger.pause("T", "post/4/T/C", 600.0)
    booking = await ledger.reserve("T", scopes, 0, 1.0)
    return booking is not None and booking.granted


async def _exchange(threads: Threads, trouble: Trouble) -> object:
    exchange = threads.exchange("https://api.openai.com/v1")
    await trouble()
    began = await exchange.start(1, 16, 0.1)
    await trouble()
    cooled = await exchange.cool(600.0, 0.0)
    refused = await exchange.start(1, 16, 0.1)
    await exchange.close()
    assert began is not None and cooled is not None and refused is not None
    return began.wait, cooled.cooldown > 0, refused.wait > 0


SCENES: Mapping[str, Scene] = {
    **MEMORY_SCENES,
    "account": _account,
    "afford": _afford,
    "again": _again,
    "amend": _amend,
    "asked": _asked,
    "begin": _begin,
    "charge": _charge,
    "claim": _claim,
    "commit": _commit,
    "count": _count,
    "exchange": _exchange,
    "fold": _fold,
    "forget": _forget,
    "gone": _gone,
    "index": _index,
    "keep_off": _keep_off,
    "leave": _leave,
    "park": _park,
    "pause": _pause,
    "rate": _rate,
    "read": _read,
    "reclaim": _reclaim,
    "release": _release,
    "renew": _renew,
    "reserve": _reserve,
    "restore": _restore,
    "rewrite": _rewrite,
    "rollback": _rollback,
    "rules": _rules,
    "settle": _settle,
    "spend": _spend,
    "stop": _stop,
    "strike": _strike,
    "take_up": _take_up,
}


async def contents(client: Redis) -> Mapping[str, Any]:
    """Every key with what it holds, without times of the server's clock.

    Of stamps, which rise with every change but are made from that clock, their order is left.
    """
    found: dict[str, Any] = {}
    async for raw in client.scan_iter(count=1000):
        key = raw.decode()
        match (await client.type(key)).decode():
            case "hash" if key.endswith(":state") or ":model:" in key:
                found[key] = set(await client.hkeys(key))
            case "hash":
                found[key] = await client.hgetall(key)
                for moment in (b"until", b"since"):
                    found[key].pop(moment, None)
            case "list":
                found[key] = await client.lrange(key, 0, -1)
            case "set":
                found[key] = await client.smembers(key)
            case "zset" if key.endswith((":leases", ":proposed", ":slots")):
                found[key] = set(await client.zrange(key, 0, -1))
            case "stream":
                found[key] = [fields for _, fields in await client.xrange(key)]
            case "zset":
                found[key] = dict(await client.zrange(key, 0, -1, withscores=True))
            case _:
                found[key] = await client.get(key)
    _rank_stamps(found)
    return found


def _rank_stamps(found: dict[str, Any]) -> None:
    """Put in the place of every stamp how many there are below it that it is compared with."""
    compared: dict[str, list[tuple[str, bytes]]] = {}
    for key, held in found.items():
        if ":said:" in key:
            fields, group = list(held), key
        elif key.endswith(":meta"):
            fields, group = [b"said", b"reworked"], key
            if ":s:" in key:
                fields, group = [b"version", b"floor"], key.removesuffix(":meta")
        elif key.endswith((":changes", ":gone")):
            fields, group = list(held), key.rpartition(":")[0]
        else:
            continue
        compared.setdefault(group, []).extend((key, field) for field in fields if field in held)
    for stamps in compared.values():
        ranks = sorted({int(found[key][field]) for key, field in stamps})
        for key, field in stamps:
            found[key][field] = ranks.index(int(found[key][field]))
