"""`bobbin doctor`: every part looked at, one line each, with the fix beside what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from typing import cast

from bot.access import told_rules
from bot.api.check import check_api
from bot.assembly.embedders import open_embedder
from bot.assembly.endpoints import model_settings
from bot.assembly.store import open_threads
from bot.budgets import Account, told_budgets
from bot.commands.specs import offered
from bot.context.tokens import load_tokenizer
from bot.errors import SettingsError, StoreError
from bot.folders import shown
from bot.model.check import check_model
from bot.model.port import Usage
from bot.model.prices import cost_micros
from bot.ops.check import check_http
from bot.ops.spans import ENDPOINT, check_spans
from bot.plugins import resolve, values_for
from bot.recall.check import check_embedder
from bot.settings import Settings, read_settings
from bot.spec import AdapterCheck, AdapterSpec, Finding
from bot.timing import BRIEF

CHECK_SECONDS = 60.0


async def examine(
    environ: Mapping[str, str | None], specs: tuple[AdapterSpec, ...]
) -> AsyncIterator[Finding]:
    """Look at everything in turn. With broken settings nothing beyond them is looked at."""
    yield Finding("bobbin", True, version("bobbin"))
    try:
        settings = read_settings(environ, specs)
    except SettingsError as error:
        for problem in error.problems:
            yield Finding(problem.variable, False, problem.wrong, problem.fix)
        return
    yield Finding("settings", True, f"{len(settings.values)} values read")
    for name, meant in settings.unknown.items():
        fix = f"Did you mean {meant}?" if meant else "Remove it, or check its name."
        yield Finding(name, False, "is not a variable that I know", fix)
    for finding in (*_access(settings), *_budgets(settings)):
        yield finding
    for spec in settings.adapters:
        async for finding in _adapter(spec, settings):
            yield finding
    async for finding in _store(settings):
        yield finding
    async for finding in _model(settings):
        yield finding
    yield await check_embedder(partial(open_embedder, settings))
    yield await _tokenizer(settings)
    host, port = settings.values["BOBBIN_HTTP_HOST"], settings.integer("BOBBIN_HTTP_PORT")
    yield await check_http(host, port)
    host, port = settings.values["BOBBIN_API_HOST"], settings.integer("BOBBIN_API_PORT")
    yield await check_api(host, port, settings.text("BOBBIN_API_URL"))
    if settings.text(ENDPOINT):
        yield await asyncio.to_thread(check_spans)


async def _adapter(spec: AdapterSpec, settings: Settings) -> AsyncIterator[Finding]:
    if not spec.check:
        yield Finding(spec.name, True, "runs")
        return
    check = cast("AdapterCheck", resolve(spec.check))
    images = model_settings(settings) is not None and bool(settings.text("OPENAI_IMAGE_MODEL"))
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            for finding in await check(values_for(spec, settings.values), offered(images)):
                yield finding
    except TimeoutError:
        yield Finding(spec.name, False, "did not answer in time", "Check the network.")


def _access(settings: Settings) -> Iterator[Finding]:
    """The rules as they count, and platforms that they name for nothing."""
    for rule in told_rules(settings.access):
        yield Finding("access", True, rule)
    running = {spec.name for spec in settings.adapters}
    for platform in sorted(settings.access.platforms - running):
        yield Finding("access", True, f"rules name {platform}, which does not run")


def _budgets(settings: Settings) -> Iterator[Finding]:
    """The limits, and whether they can do what they are for."""
    budgets = settings.budgets
    yield Finding("budgets", True, told_budgets(budgets))
    lines = [budgets.most(account) for account in Account]
    least = min((most.tokens for most in lines if most.tokens is not None), default=None)
    if least is not None and least < settings.context_tokens:
        yield Finding(
            "budgets",
            False,
            f"{least:,} tokens a day are less than one full prompt takes",
            "Raise it, or lower BOBBIN_CONTEXT_TOKENS: long conversations are refused otherwise.",
        )
    name = settings.text("OPENAI_MODEL") or ""
    priced = settings.demo or cost_micros(name, Usage(prompt=1000, completion=0)) is not None
    if any(most.cost_micros is not None for most in lines) and not priced:
        yield Finding(
            "budgets",
            False,
            f"no price is known for {name}, so budgets in dollars never end",
            "Set budgets in tokens.",
        )


async def _store(settings: Settings) -> AsyncIterator[Finding]:
    url = settings.text("REDIS_URL")
    where = "REDIS_URL" if url else f"the bundled server in {shown(settings.data_dir)}"
    try:
        async with open_threads(settings, BRIEF) as threads:
            await threads.ping()
            condition = await threads.condition()
    except StoreError as error:
        yield Finding("store", False, f"{where}: {error}", error.hint)
        return
    yield Finding("store", True, f"{where} takes writes, its layout is right")
    if condition.summary:
        yield Finding("redis", True, condition.summary)
    for wrong, fix in condition.dangers:
        yield Finding("redis", False, wrong, fix)
    for wrong, fix in condition.doubts:
        yield Finding("redis", True, wrong, fix)


async def _model(settings: Settings) -> AsyncIterator[Finding]:
    endpoint = model_settings(settings)
    if endpoint is None:
        yield Finding(
            "model",
            True,
            "the built-in demo model",
            "Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one.",
        )
        return
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            for finding in await check_model(endpoint):
                yield finding
    except TimeoutError:
        yield Finding("model", False, "did not answer in time", "Check OPENAI_BASE_URL.")


async def _tokenizer(settings: Settings) -> Finding:
    tokenizer = await asyncio.to_thread(load_tokenizer, settings.text("OPENAI_MODEL") or "")
    if tokenizer.name == "estimate":
        return Finding(
            "tokenizer", False, "the shipped vocabulary cannot be read", "Install bobbin again."
        )
    return Finding("tokenizer", True, f"{tokenizer.name}, shipped with the package")
