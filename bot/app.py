"""The composition root: builds everything, runs it, drains it. Only this file knows everyone."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from importlib.metadata import version

from bot.adapter import Adapter
from bot.api.offer import Served
from bot.assembly.api import offered
from bot.assembly.conversations import ConversationMemory
from bot.assembly.endpoints import model_settings
from bot.assembly.memory import open_memories
from bot.assembly.models import image_rules, shared_ear, shared_model
from bot.assembly.platforms import Platforms, create_adapter
from bot.assembly.store import open_threads
from bot.attachments.reading import AttachmentReader
from bot.commands.forgetting import Forgetting
from bot.commands.memory import MemoryCommands
from bot.commands.memory_places import Grants
from bot.commands.place_settings import PlaceSettings
from bot.commands.presses import Presses
from bot.commands.runner import Commands
from bot.context.prompt import system_prompt
from bot.context.tokens import Tokenizer, load_tokenizer
from bot.engine.allowance import Allowance
from bot.engine.asking import Asking
from bot.engine.belated import Belated
from bot.engine.beside import Beside
from bot.engine.budget import Budget
from bot.engine.changes import Changes
from bot.engine.desk import Desk
from bot.engine.enclosed import Attachments
from bot.engine.engine import Engine
from bot.engine.excerpts import Excerpts
from bot.engine.folding import Folding
from bot.engine.imagining import Imagining
from bot.engine.rechecking import Rechecking
from bot.engine.running import Running
from bot.ids import new_id, pseudonym
from bot.intake import Reception
from bot.memory.port import Memories
from bot.model.gate import Gate
from bot.model.images import create_painter
from bot.model.port import Model
from bot.model.probe import probe
from bot.ops import figures
from bot.ops.health import Health
from bot.ops.outside import Outside, Probe, seen_from_outside
from bot.recall.words import load_stemmers
from bot.reply.enclosures import Enclosures
from bot.reply.pacing import Clock, LoopClock, Pacer
from bot.restored import restored_since
from bot.settings import Settings
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.tasks import end, repeat, unless
from bot.timing import TIMING, Timing
from bot.tools import Tool

logger = logging.getLogger(__name__)

PROBE_SECONDS = 15.0
"""How long the model may take to be found good."""


def shared_pacer(threads: Threads, adapter: Adapter, clock: Clock) -> Pacer:
    """What shares out the adapter's limits, in all processes together where there are any."""
    limits = adapter.capabilities.limits
    return Pacer(limits, clock, threads.ledger(adapter.name) if limits else None)


class App:
    """One process: adapters in front, the engine behind them.

    Args:
        settings: What was configured.
        timing: How patient it is; None for as patient as the settings say.
        adapters: Ready-made adapters by name, instead of those that the settings name.
        tokenizer: Counts tokens, instead of one loaded for the model, which takes a moment.
        model: Answers, instead of the one that the settings name; closed at the end as well.
        tools: What the model may call.
        settle: Called once everything is loaded that stays until the end.

    Attributes:
        address: Host and port of /healthz, /readyz and /metrics while they are served.
    """

    def __init__(
        self,
        settings: Settings,
        timing: Timing | None = None,
        adapters: Mapping[str, Adapter] | None = None,
        tokenizer: Tokenizer | None = None,
        model: Model | None = None,
        tools: Sequence[Tool] = (),
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._timing = timing or replace(TIMING, grace=settings.grace_seconds)
        self._given = adapters
        self._tokenizer = tokenizer
        self._model = model
        self._tools = tuple(tools)
        self._settle = settle
        self._stop = asyncio.Event()
        self._health = Health(time.monotonic)
        self._served: Served | None = None
        self.address: tuple[str, int] | None = None

    def stop(self) -> None:
        """Begin to drain; `run` returns when that is done."""
        self._health.draining = True
        self._stop.set()

    def faults(self) -> Mapping[str, str]:
        """What keeps it from being alive, by part; empty while it is."""
        return self._health.faults()

    async def run(self) -> int:
        """Run until the input ends or `stop` is called.

        Returns:
            0, also when it is stopped while it starts; 1 when no adapter could do its work.

        Raises:
            SettingsError: A port cannot be listened on.
            StoreError: The store is not there or cannot be used.
            ModelMisconfigured: The model's settings cannot be used.
        """
        async with (
            seen_from_outside(
                self._settings, self._health, version("bobbin"), time.monotonic
            ) as outside,
            AsyncExitStack() as stack,
        ):
            self.address = outside.address
            opened = await unless(self._stop, self._open(stack, outside))
            if opened is None:
                return 0
            threads, salt, since = opened
            self._health.stored_in(threads.ping)
            gate = Gate()
            endpoint = model_settings(self._settings, self._timing)
            model = self._model or shared_model(threads, endpoint, gate, outside.model)
            outside.metrics.read(figures.GATE_WIDTH, lambda: gate.width)
            outside.metrics.read(figures.GATE_ACTIVE, lambda: gate.active)
            outside.metrics.read(figures.GATE_QUEUED, lambda: gate.queued)
            hearing = None
            if endpoint is not None and self._model is None:
                hearing = endpoint.hearing(self._settings.text("OPENAI_TRANSCRIPTION_MODEL"))
            ear = shared_ear(threads, hearing, outside.model)
            try:
                await asyncio.to_thread(load_stemmers)
                tokenizer = self._tokenizer or await asyncio.to_thread(load_tokenizer, model.name)
                async with (
                    open_memories(
                        self._settings,
                        threads,
                        tokenizer.count,
                        outside.metrics.embedded,
                        outside.metrics.embedding,
                    ) as memories,
                    offered(self._settings, threads, memories) as self._served,
                ):
                    return await self._serve(
                        threads, salt, since, model, ear, outside, tokenizer, memories
                    )
            finally:
                await model.close()
                if ear is not None:
                    await ear.close()

    async def _open(self, stack: AsyncExitStack, outside: Outside) -> tuple[Threads, str, float]:
        """The store, for as long as `stack` lasts, and its salt; it may be waited for.

        The last is from when on messages are answered, see `bot.restored`.
        """
        opening = open_threads(self._settings, self._timing, outside.metrics.store)
        threads = await stack.enter_async_context(opening)
        patience = self._timing.store_at_start
        salt = await patiently(partial(_salt, threads), patience)
        since = await patiently(partial(restored_since, threads.notes("bobbin")), patience)
        return threads, salt, since

    async def _serve(
        self,
        threads: Threads,
        salt: str,
        since: float,
        model: Model,
        ear: Model | None,
        outside: Outside,
        tokenizer: Tokenizer,
        memories: Memories,
    ) -> int:
        made = self._given or {
            spec.name: create_adapter(spec, self._settings) for spec in self._settings.adapters
        }
        adapters = {name: outside.adapter(adapter) for name, adapter in made.items()}
        self._health.expect(adapters)
        budget = Budget(self._settings.context_tokens)
        system = system_prompt(self._settings.system_prompt)
        stand_in = partial(pseudonym, salt)
        allowance = Allowance(
            self._settings.budgets,
            threads,
            time.time,
            model.name,
            self._settings.integer("OPENAI_MAX_OUTPUT_TOKENS"),
        )
        metrics = outside.metrics
        in_chat = ConversationMemory(self._settings, memories, threads, self._timing.recall)
        recalling = in_chat.recalling(metrics.recalled)
        tools = (*in_chat.tools(adapters, tokenizer), *self._tools)
        specs = [tool.spec for tool in tools]
        folding = Folding(
            threads,
            model,
            tokenizer,
            budget,
            system,
            stand_in,
            allowance,
            new_id,
            metrics.summarised,
            metrics.extracted,
            tools=specs,
        )
        attachments = Attachments(
            AttachmentReader(self._settings.attachment_bytes, hears=ear is not None),
            model,
            ear,
            Beside(threads, tokenizer, allowance, new_id, metrics.beside),
            tokenizer,
            budget,
            stand_in,
        )
        asking = Asking(
            threads,
            model,
            tokenizer,
            budget,
            allowance,
            system,
            stand_in,
            time.time,
            new_id,
            self._timing.private,
            metrics.asked,
            recalling=recalling,
            tools=specs,
        )
        painter = create_painter(
            model_settings(self._settings, self._timing),
            self._settings.text("OPENAI_IMAGE_MODEL"),
            self._timing.private,
        )
        imagining = None
        if painter is not None:
            imagining = Imagining(
                painter,
                image_rules(self._settings),
                allowance,
                threads.claims("bobbin"),
                stand_in,
                new_id,
                metrics.imagined,
            )
        running = Running()
        timer = LoopClock()
        third = self._settings.lease_seconds / 3
        desk = Desk(
            threads=threads,
            model=model,
            tokenizer=tokenizer,
            budget=budget,
            allowance=allowance,
            access=self._settings.access,
            folding=folding,
            attachments=attachments,
            system=system,
            pseudonym=stand_in,
            clock=time.time,
            timer=timer,
            new_id=new_id,
            renew_seconds=min(self._timing.renew, third),
            lease_seconds=self._settings.lease_seconds,
            store_patience_seconds=self._timing.store_in_turn,
            long_wait_seconds=self._timing.long_wait,
            report=outside.report,
            tracer=outside.tracer,
            enclosures=Enclosures(self._settings.integer("BOBBIN_FILE_PARTS") or 0),
            recalling=recalling,
            capturing=in_chat.capturing(system, metrics.captured),
            tools=tools,
        )
        pacers = {name: shared_pacer(threads, adapter, timer) for name, adapter in adapters.items()}
        sweep = min(self._timing.sweep, third)
        engine = Engine(
            desk, adapters, pacers, running, sweep, metrics.taken_over, self._timing.mark_after
        )
        grants = Grants(threads, adapters)
        changes = Changes(
            threads,
            memories,
            tokenizer,
            folding,
            running,
            lambda platform: adapters[platform].capabilities.people_per_space,
            self._settings.access,
        )
        about_memories = MemoryCommands(
            memories, threads, grants, adapters, time.time, secrets.token_bytes, new_id
        )
        commands = Commands(
            threads,
            folding,
            asking,
            Excerpts(threads, tokenizer, self._settings.access),
            PlaceSettings(threads, self._settings.silence_hours),
            Forgetting(threads, memories, grants, running, changes, new_id),
            running,
            budget,
            allowance,
            adapters,
            time.time,
            new_id,
            imagining,
            about_memories,
        )
        presses = Presses(threads, running, engine, new_id, metrics.rated)
        rechecking = Rechecking(threads.tokens, adapters, threads.claims("bobbin"), new_id)
        receptions = {
            name: Reception(
                adapter,
                threads,
                engine,
                commands,
                presses,
                changes,
                new_id,
                meter=outside.meter(name),
                access=self._settings.access,
                since=since,
                recheck=rechecking.at,
            )
            for name, adapter in adapters.items()
        }
        self._show(outside, engine, pacers, receptions)
        logger.info(
            "%s answers on %s",
            "the demo model" if self._settings.demo else model.name,
            ", ".join(sorted(adapters)),
        )
        chores = [
            asyncio.create_task(engine.sweep(self._health.beat), name="sweep"),
            asyncio.create_task(
                repeat(partial(_tidy, threads), self._timing.tidy, "retention"), name="tidy"
            ),
            asyncio.create_task(
                repeat(engine.tidy_up, self._timing.leftovers, "deleting what was left over"),
                name="leftovers",
            ),
            asyncio.create_task(
                repeat(
                    Belated(desk, adapters).round,
                    self._timing.proposals,
                    "looking for what is still to be remembered",
                ),
                name="proposals",
            ),
            *(
                asyncio.create_task(
                    repeat(reception.resume, self._timing.resume, "handing in what waited"),
                    name=f"resume {name}",
                )
                for name, reception in receptions.items()
            ),
            asyncio.create_task(
                repeat(rechecking.round, self._timing.recheck, "checking what tokens open"),
                name="tokens",
            ),
            asyncio.create_task(
                repeat(about_memories.news.round, self._timing.recheck, "telling of links"),
                name="links",
            ),
            asyncio.create_task(outside.pulse(), name="pulse"),
            asyncio.create_task(outside.probe(self._probe(outside)), name="probe"),
        ]
        watched = (*chores, *([self._served.task] if self._served else ()))
        self._health.chores({chore.get_name(): chore for chore in watched})
        # Not later: what the SDKs keep of a session is replaced by the next one.
        self._settle()
        try:
            platforms = Platforms(adapters, receptions, self._health, self._timing)
            worked = await platforms.run(self._stop)
            await engine.drain(self._timing.grace)
        finally:
            self._health.chores({})
            await end(*chores)
            for reception in receptions.values():
                await reception.close()
            await asyncio.gather(*(pacer.close() for pacer in pacers.values()))
            await folding.close()
            for adapter in adapters.values():
                await adapter.close()
            if painter is not None:
                await painter.close()
        return 0 if worked else 1

    def _show(
        self,
        outside: Outside,
        engine: Engine,
        pacers: Mapping[str, Pacer],
        receptions: Mapping[str, Reception],
    ) -> None:
        """What is read off the parts whenever somebody looks at /metrics."""
        read, health = outside.metrics.read, self._health
        read(figures.RUNNING, lambda: engine.running)
        read(figures.STRANDED, lambda: engine.stranded)
        for name, pacer in pacers.items():
            read(figures.PACER_WAITING, partial(getattr, pacer, "waiting"), name)
            read(figures.HELD, partial(getattr, receptions[name], "waiting"), name)
            for place, state in enumerate(("up", "wanted")):
                read(figures.CONNECTIONS, partial(_nth, health, name, place), name, state)

    def _probe(self, outside: Outside) -> Probe:
        """How to find out whether the model answers; nothing is asked if nobody wants to know."""
        endpoint = model_settings(self._settings, self._timing)

        async def ask(thorough: bool) -> None:
            if outside.address is not None and self._model is None and endpoint is not None:
                await probe(endpoint, PROBE_SECONDS, thorough)

        return ask


def _nth(health: Health, platform: str, place: int) -> int:
    return health.connections(platform)[place]


async def _tidy(threads: Threads) -> None:
    """Delete conversations past their retention, once."""
    gone = await threads.sweep()
    if gone:
        logger.info("retention: %d conversation(s) deleted", gone)
    expired = await threads.memories().sweep()
    if expired:
        logger.info("%d memory(ies) had a time to go, and are gone", expired)
    await threads.tokens.sweep()


async def _salt(threads: Threads) -> str:
    """A secret of this deployment, for hashes of user ids that leave it."""
    notes = threads.notes("bobbin")
    salt = await notes.read("salt")
    if salt is None:
        salt = new_id() + new_id()
        await notes.write("salt", salt)
    return salt
