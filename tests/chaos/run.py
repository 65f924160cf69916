"""Runs a plan: processes, simulators and a server, until everything is answered or time is up."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.slack.manifest import manifest
from tests.chaos.deaths import Crew, Store
from tests.chaos.ledger import Records, Verdict, judge
from tests.chaos.plan import (
    PLATFORMS,
    Event,
    Fault,
    Kill,
    Plan,
    Platform,
    Restart,
    Say,
    Upset,
)
from tests.chaos.records import Arrivals, Wait, collect, refusals, requests_of, waits
from tests.chaos.table import Figures, Result
from tests.chaos.town import Acme, Weavers, side_of
from tests.chaos.weather import (
    PretendModel,
    spoil_discord,
    spoil_slack,
    upset_discord,
    upset_slack,
)
from tests.flows.process import FAULTS
from tests.simulators.discord_sim import DiscordSimulator
from tests.simulators.openai_sim import OpenAISimulator
from tests.simulators.slack_sim import SlackSimulator, Timing

DISCORD_SCALE = 5.0
"""Discord's rate limits pass five times as fast; its pacing in the bot stays as it is."""
SLACK_SCALE = 2.0
"""Slack's pass twice as fast."""
SLACK = Timing(ack=3.0 * SLACK_SCALE, redelivery=(0.0, 6 * SLACK_SCALE, 60 * SLACK_SCALE))
"""Slack waits for an acknowledgement as long as ever, and repeats after 0, 6 and 60 seconds."""

QUIET_LEASES = 2.0
"""Nothing more is expected when nobody has written anything for twice a lease."""
LOOK_SECONDS = 0.5
TICK_SECONDS = 0.1
ABSENCE_SECONDS = 3.0
"""So long the plan goes on although no process is connected."""
BOOT_SECONDS = 60.0


@dataclass(slots=True)
class Outcome:
    """What a run leaves behind."""

    result: Result
    records: Records
    deaths: list[str]
    transcripts: dict[int, str]
    logs: dict[int, str]
    slowest: list[str]


@dataclass(slots=True)
class Run:
    """One run of one plan; made once, used once."""

    plan: Plan
    model: PretendModel
    openai: OpenAISimulator
    weavers: Weavers
    acme: Acme
    store: Store
    crew: Crew
    arrivals: Arrivals = field(default_factory=Arrivals)
    deliveries: Counter[Platform] = field(default_factory=Counter[Platform])
    faults: Counter[str] = field(default_factory=Counter[str])
    upsets: Counter[Platform] = field(default_factory=Counter[Platform])
    restless: float = 0.0
    _plan_time: float = 0.0
    _absent: float = 0.0
    _later: dict[int, deque[Say]] = field(
        default_factory=lambda: defaultdict[int, deque[Say]](deque)
    )
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    _failed: list[BaseException] = field(default_factory=list[BaseException])
    _store: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def go(self) -> Outcome:
        """Do it all."""
        loop = asyncio.get_running_loop()
        self.restless = loop.time()
        await self.store.start()
        await self.crew.begin()
        await self._connected()
        began = self.crew.began = loop.time()
        watch = asyncio.create_task(self.crew.watch())
        try:
            for event in self.plan.events:
                await self._reach(event.at)
                await self._do(event)
            await self._settle()
        finally:
            watch.cancel()
            await asyncio.gather(watch, *self._tasks, return_exceptions=True)
        seconds = loop.time() - began
        codes = await self.crew.end()
        return self._outcome(seconds, codes)

    async def _connected(self) -> None:
        wanted = self.plan.size.processes
        await self.weavers.sim.until_connected(wanted, BOOT_SECONDS)
        await self.acme.sim.until(
            lambda: len(self.acme.sim.connections) >= 2 * wanted, BOOT_SECONDS
        )

    async def _reach(self, at: float) -> None:
        """Wait until the plan's clock shows `at`.

        It stands still while nobody has been there for longer than `ABSENCE_SECONDS`, or while
        too many wait for an answer: a slow machine must not become a storm without end.
        """
        loop = asyncio.get_running_loop()
        while self._plan_time < at:
            before = loop.time()
            await self._until(before + min(TICK_SECONDS, at - self._plan_time))
            passed = loop.time() - before
            there = bool(self.weavers.sim.gateway.live and self.acme.sim.connections)
            self._absent = 0.0 if there else self._absent + passed
            self.arrivals.look(self.weavers, self.acme)
            if self._absent < ABSENCE_SECONDS and self._backlog() < self.plan.size.backlog:
                self._plan_time += min(passed, 2 * TICK_SECONDS)

    def _backlog(self) -> int:
        """How many messages wait for their answers, as far as the platforms show."""
        said = len(self.weavers.said) + len(self.acme.said)
        answered = {
            token
            for asked in self.model.asked
            if asked.number in self.arrivals.at
            for token in asked.tokens
        }
        return said - len(answered)

    async def _until(self, at: float) -> None:
        loop = asyncio.get_running_loop()
        while (left := at - loop.time()) > 0:
            await asyncio.sleep(min(left, 0.1))
            await self._say_later()
        if self._failed:
            raise self._failed[0]

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed.append(error)

    async def _do(self, event: Event) -> None:
        if not isinstance(event, Say | Fault):
            self.restless = asyncio.get_running_loop().time() + 5.0
        match event:
            case Say():
                self._later[event.thread].append(event)
                await self._say_later(event.thread)
            case Kill():
                self._spawn(self._kill(event))
            case Restart():
                self._spawn(self._restart(event))
            case Upset(platform="discord"):
                self.upsets["discord"] += 1
                upset_discord(self.weavers.sim, event)
            case Upset():
                self.upsets["slack"] += 1
                upset_slack(self.acme.sim, event)
            case Fault(edge="model"):
                self.model.spoil(event)
            case Fault(edge="discord"):
                spoil_discord(self.weavers.sim, event, DISCORD_SCALE)
            case Fault():
                spoil_slack(self.acme.sim, event, SLACK_SCALE)

    async def _kill(self, kill: Kill) -> None:
        await self.crew.kill(kill)
        async with self._store:
            await self.store.pass_days()

    async def _restart(self, restart: Restart) -> None:
        async with self._store:
            await self.store.restart(restart.away)

    async def _say_later(self, *threads: int) -> None:
        """Say what there is a place for, each conversation in its order."""
        for number in threads or tuple(self._later):
            waiting = self._later[number]
            while waiting and await self._say(waiting[0]):
                waiting.popleft()
            if not waiting:
                del self._later[number]

    async def _say(self, say: Say) -> bool:
        thread = self.plan.threads[say.thread]
        again = await side_of(thread.platform, self.weavers, self.acme).say(thread, say)
        if again is None:
            return False
        self.deliveries[thread.platform] += 1
        if say.again is not None:
            self._spawn(self._deliver_again(thread.platform, say.again, again))
        return True

    async def _deliver_again(
        self, platform: Platform, seconds: float, again: Callable[[], object]
    ) -> None:
        await asyncio.sleep(seconds)
        again()
        self.deliveries[platform] += 1

    async def _settle(self) -> None:
        """Wait until all is well and nobody writes any more, or until time is up."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.plan.size.settle
        written, since = -1, loop.time()
        while loop.time() < until:
            await self._until(loop.time() + LOOK_SECONDS)
            self.arrivals.look(self.weavers, self.acme)
            now = len(self.openai.requests) + self._writes()
            if now != written:
                written, since = now, loop.time()
            quiet = loop.time() - since > QUIET_LEASES * self.plan.size.lease
            if quiet and not (self._later or self._tasks) and not self._verdict().violations:
                return

    def _writes(self) -> int:
        calls = self.weavers.sim.calls_by_route()
        reads = sum(count for route, count in calls.items() if route.startswith("GET"))
        slack = self.acme.sim.calls_by_method()
        return sum(calls.values()) - reads + slack["chat.postMessage"] + slack["chat.update"]

    def _records(self) -> Records:
        return collect(self.plan, self.weavers, self.acme, self.model)

    def _verdict(self) -> Verdict:
        return judge(self._records())

    def _outcome(self, seconds: float, codes: list[int]) -> Outcome:
        self.arrivals.look(self.weavers, self.acme)
        records = self._records()
        verdict = judge(records)
        result = Result(
            seed=self.plan.seed,
            kills=len(self.crew.deaths),
            restarts=self.store.restarts,
            model_faults=sum(self.model.given.values()),
            seconds=seconds,
            figures={platform: self._figures(platform) for platform in PLATFORMS},
            verdict=verdict,
            trouble=self._trouble(codes),
        )
        bad = sorted({each.thread for each in verdict.violations if each.thread >= 0})
        return Outcome(
            result,
            records,
            [
                f"{each.at:7.2f} process {each.name}, {each.age:.2f} s old"
                for each in self.crew.deaths
            ],
            {number: self._transcript(number) for number in bad[:5]},
            self.crew.logs,
            list(self._slowest()),
        )

    def _figures(self, platform: Platform) -> Figures:
        side = side_of(platform, self.weavers, self.acme)
        refused = refusals(self.weavers, self.acme)[platform]
        armed = sum(
            isinstance(event, Fault) and event.edge == platform and event.kind != "busy"
            for event in self.plan.events
        )
        left = sum(fault.status != 429 for fault in side.sim.faults.left)
        return Figures(
            messages=len(side.said),
            deliveries=self.deliveries[platform],
            refused=refused,
            faults=armed - left,
            upsets=self.upsets[platform],
            requests=requests_of(side.said, self.model),
            waits=[each.seconds for each in self._waits(platform)],
        )

    def _waits(self, platform: Platform) -> Sequence[Wait]:
        side = side_of(platform, self.weavers, self.acme)
        return waits(side.said, self.model, self.arrivals.at)

    def _slowest(self) -> Iterator[str]:
        """Of each platform the message that waited longest, and what happened in its thread."""
        for platform in PLATFORMS:
            for wait in self._waits(platform)[-1:]:
                said = wait.said
                head = f"{said.token} on {platform}, thread {said.thread}, said at {said.at:.2f}"
                yield f"{head}, waited {wait.seconds:.1f} s\n{self._transcript(said.thread)}"

    def _transcript(self, number: int) -> str:
        thread = self.plan.threads[number]
        asked = [
            f"  model {each.at:.2f} A{each.number} {' '.join(each.tokens)} {each.fault}"
            for each in self.model.asked
            if set(each.tokens)
            & {s.token for s in self._said(thread.platform) if s.thread == number}
        ]
        side = side_of(thread.platform, self.weavers, self.acme)
        return "\n".join([side.transcript(thread), *asked])

    def _said(self, platform: Platform) -> list[Any]:
        return list(side_of(platform, self.weavers, self.acme).said)

    def _trouble(self, codes: list[int]) -> list[str]:
        found = [f"exit code {code}" for code in codes if code]
        found += self.crew.unexpected
        for name, log in self.crew.logs.items():
            signs = [sign for sign in FAULTS if sign in log]
            if signs:
                at = log.index(signs[0])
                found.append(
                    f"process {name} wrote {signs[0]!r}:\n{log[max(0, at - 600) : at + 2500]}"
                )
        for sim in (self.weavers.sim, self.acme.sim, self.openai):
            found += [f"violation: {sentence}" for sentence in sim.violations]
        return found


async def run(plan: Plan) -> Outcome:
    """Run a plan from nothing to nothing."""
    model = PretendModel(plan.seed)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bobbin-chaos-")))
        openai = await stack.enter_async_context(OpenAISimulator(behaviour=model.behave))
        discord = await stack.enter_async_context(
            DiscordSimulator(scale=DISCORD_SCALE, seed=plan.seed)
        )
        slack = await stack.enter_async_context(
            SlackSimulator(
                scale=SLACK_SCALE,
                seed=plan.seed,
                timing=SLACK,
                manifest=manifest(),
                epoch=int(time.time()),
            )
        )
        store = Store(folder)
        stack.callback(store.close)
        env = {
            **openai.environment(),
            **discord.environment(),
            **slack.environment(),
            "OPENAI_MODEL": "gpt-6-luna",
            "REDIS_URL": store.url,
            "BOBBIN_LEASE_SECONDS": str(plan.size.lease),
        }
        crew = Crew(folder, env, store, plan.size.processes, plan.size.forked)
        stack.push_async_callback(crew.close)
        acme = Acme.open(slack, plan.size)
        holder: list[Run] = []
        weavers = await Weavers.open(discord, plan.size, lambda: holder[0].restless)
        holder.append(Run(plan, model, openai, weavers, acme, store, crew))
        return await holder[0].go()
