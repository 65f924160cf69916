"""Measure and print the figures: `python -m benchmarks`, or `make bench`.

Everything runs on this computer: the bot as it is run by anybody, simulators with the platforms'
own rate limits in processes of their own, and a real server to keep conversations in.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    conversations,
    enclosing,
    indexes,
    locomo,
    native,
    page,
    patience,
    prefix,
    recalling,
    renderer,
    scale,
    sharing,
    splitter,
    store,
    topologies,
)
from benchmarks.scene import Pace
from bot.context.tokens import load_tokenizer

CORES = 2
LOCOMO = "locomo"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to measure.

    Attributes:
        pace: How the model answers.
        discord: Rounds by conversations at once.
        slack: The same for Slack.
        native: The same for direct messages on Slack, once streamed and once edited.
        stored: Sizes of conversations in the store.
        store_turns: Turns of the store alone for each.
        talk_seconds: How long processes talk to each kind of Redis.
        failovers: How many primaries of each kind are killed.
        window_turns: Turns of the conversation that is played against three kinds of windows.
        lengths: Lengths of answers that are split.
        crowd: People who ask at once a model that takes few requests.
        crowd_bots: Processes that answer them.
        shared: Requests and calls by which the price of sharing limits is measured.
        crews: Numbers of processes that share the work.
        questions: Asked of them at once.
        leases: Lengths of a lease, for the time until another process goes on.
        megabytes: Size of the attachments that are read.
        entries: Memories and turns that are searched.
        locomo: The file of LoCoMo; None where there is none.
    """

    pace: Pace
    discord: Mapping[int, int]
    slack: Mapping[int, int]
    native: Mapping[int, int]
    stored: tuple[int, ...]
    store_turns: int
    talk_seconds: float
    failovers: int
    window_turns: int
    lengths: tuple[int, ...]
    crowd: int
    crowd_bots: tuple[int, ...]
    shared: int
    crews: tuple[int, ...]
    questions: int
    leases: tuple[float, ...]
    megabytes: int
    entries: tuple[int, ...]
    locomo: Path | None = None


FULL = Extent(
    pace=Pace(),
    discord={1: 8, 20: 3, 100: 3},
    slack={1: 5, 20: 2, 100: 3},
    native={1: 5, 20: 3, 60: 2},
    stored=store.SIZES,
    store_turns=300,
    talk_seconds=5.0,
    failovers=3,
    window_turns=200,
    lengths=splitter.LENGTHS,
    crowd=100,
    crowd_bots=(1, 2, 4),
    shared=2_000,
    crews=(1, 2, 4),
    questions=400,
    leases=(15.0, 3.0),
    megabytes=20,
    entries=indexes.SIZES,
)
QUICK = Extent(
    pace=Pace(tokens=150),
    discord={1: 2, 20: 1},
    slack={1: 2},
    native={1: 1, 20: 1},
    stored=(10, 1_000),
    store_turns=60,
    talk_seconds=1.0,
    failovers=1,
    window_turns=60,
    lengths=(1_000, 10_000),
    crowd=30,
    crowd_bots=(2,),
    shared=300,
    crews=(1, 2),
    questions=60,
    leases=(3.0,),
    megabytes=5,
    entries=(1_000,),
)


async def discord(extent: Extent) -> str:
    """Conversations on Discord, in different channels."""
    return await _platform("discord", extent.discord, extent.pace)


async def slack(extent: Extent) -> str:
    """Conversations on Slack, in different channels of one workspace, and in direct messages."""
    channels = await _platform("slack", extent.slack, extent.pace)
    direct = native.report(await native.measure(extent.native, extent.pace, tell))
    return f"{channels}\n\nIn direct messages, by Slack's own streams and by edits:\n\n{direct}"


async def _platform(name: str, sizes: Mapping[int, int], pace: Pace) -> str:
    measured = await conversations.measure(name, sizes, pace, tell)
    return "\n\n".join(
        (
            conversations.latency_table(measured, pace),
            conversations.calls_table(measured.crowds),
            conversations.cost_table(measured.crowds),
        )
    )


async def stored(extent: Extent) -> str:
    """Turns in short and long conversations."""
    return store.report(await store.measure(extent.stored, extent.store_turns))


async def processes(extent: Extent) -> str:
    """More processes, more servers, failovers, and what a message weighs."""
    measured = await topologies.measure(extent.talk_seconds, failovers=extent.failovers, tell=tell)
    return topologies.report(measured)


async def window(extent: Extent) -> str:
    """Tokens sent, and how many of them a provider's cache can have."""
    tokenizer = load_tokenizer("gpt-6-luna")
    return prefix.table(prefix.compare(extent.window_turns, 8000, 1, tokenizer))


async def split(extent: Extent) -> str:
    """What the splitter costs for each streamed token."""
    return splitter.report(extent.lengths)


async def render(extent: Extent) -> str:
    """What rendering costs for each streamed token, on each platform."""
    return renderer.report(extent.lengths)


async def limited(extent: Extent) -> str:
    """A crowd that asks at once a model which takes ten requests a second."""
    return patience.report(await patience.measure(extent.crowd, extent.crowd_bots, tell))


async def limits(extent: Extent) -> str:
    """What keeping limits costs a turn, alone and together with other processes."""
    return sharing.report(await sharing.measure(extent.shared))


async def crews(extent: Extent) -> str:
    """Several processes of the bot on one store, on a cluster, and when one of them dies."""
    rates = await scale.throughput(extent.crews, extent.questions, tell, cluster=False)
    rates += await scale.throughput(extent.crews, extent.questions, tell, cluster=True)
    return scale.report(rates, await scale.take_over(extent.leases, 10, tell))


async def attachments(extent: Extent) -> str:
    """The event loop while large attachments are read."""
    return enclosing.report(await enclosing.measure(extent.megabytes))


async def recall(extent: Extent) -> str:
    """How much of what answers questions is found, on threads of invented teams."""
    return recalling.report(await recalling.measure())


async def indexed(extent: Extent) -> str:
    """What searching takes, in time and memory."""
    return indexes.report(await indexes.measure(extent.entries, tell))


async def on_locomo(extent: Extent) -> str:
    """The same on LoCoMo."""
    if extent.locomo is None:
        raise ValueError("LoCoMo is measured with its file only: --locomo")
    return locomo.report(await locomo.measure(extent.locomo))


BENCHMARKS: dict[str, Callable[[Extent], Awaitable[str]]] = {
    "discord": discord,
    "slack": slack,
    "store": stored,
    "processes": processes,
    "window": window,
    "splitter": split,
    "renderer": render,
    "model limit": limited,
    "limits": limits,
    "crews": crews,
    "attachments": attachments,
    "recall": recall,
    "searching": indexed,
    LOCOMO: on_locomo,
}


def tell(line: str) -> None:
    """Say how far it is, beside the figures."""
    print(line, file=sys.stderr, flush=True)


def keep_to_two_cores() -> None:
    """What runs here and what it starts use two cores, however many there are."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def main(argv: list[str] | None = None) -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure Bobbin against simulated platforms."
    )
    parser.add_argument(
        "--only", action="append", choices=BENCHMARKS, help="one of them; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, for a look")
    parser.add_argument(
        "--write", action="store_true", help="put the figures into docs/benchmarks.md"
    )
    parser.add_argument(
        "--locomo", type=Path, metavar="FILE", help="locomo10.json; without it, it is left out"
    )
    options = parser.parse_args(argv)
    if options.locomo is None and LOCOMO in (options.only or ()):
        parser.error("locomo needs --locomo FILE")
    if options.quick and options.write:
        parser.error("quick figures are not worth writing down")
    if sys.platform != "linux":
        parser.error("CPU and memory of a process are read from /proc, which only Linux has")
    keep_to_two_cores()
    today = datetime.now(UTC).date()
    results: dict[str, str] = {}
    extent = replace(QUICK if options.quick else FULL, locomo=options.locomo)
    for name in options.only or BENCHMARKS:
        if name == LOCOMO and options.locomo is None:
            continue
        tell(f"measuring: {name}")
        results[name] = asyncio.run(_run(name, extent))
        print(f"## {name}\n\n{results[name]}\n", flush=True)
    print(page.where(today))
    if options.write:
        page.write(results, today)
    return 0


async def _run(name: str, extent: Extent) -> str:
    return await BENCHMARKS[name](extent)


if __name__ == "__main__":
    sys.exit(main())
