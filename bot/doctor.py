"""`bobbin doctor`: every part looked at, one line each, with the fix beside what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import cast

from bot.access import told_rules
from bot.app import Timing, model_settings, open_threads
from bot.budgets import Account, told_budgets
from bot.context.tokens import load_tokenizer
from bot.errors import SettingsError, StoreError
from bot.model.check import check_model
from bot.plugins import resolve, values_for
from bot.settings import Settings, read_settings
from bot.spec import AdapterCheck, AdapterSpec, Finding

QUICK = Timing(store_at_start=5.0)
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
    for rule in told_rules(settings.access):
        yield Finding("access", True, rule)
    yield _budgets(settings)
    for spec in settings.adapters:
        async for finding in _adapter(spec, settings):
            yield finding
    yield await _store(settings)
    async for finding in _model(settings):
        yield finding
    yield await _tokenizer(settings)


async def _adapter(spec: AdapterSpec, settings: Settings) -> AsyncIterator[Finding]:
    if not spec.check:
        yield Finding(spec.name, True, "runs")
        return
    check = cast("AdapterCheck", resolve(spec.check))
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            for finding in await check(values_for(spec, settings.values)):
                yield finding
    except TimeoutError:
        yield Finding(spec.name, False, "did not answer in time", "Check the network.")


def _budgets(settings: Settings) -> Finding:
    """The limits, and whether the narrowest of them lets a full prompt through at all."""
    budgets, told = settings.budgets, told_budgets(settings.budgets)
    limits = (budgets.most(account).tokens for account in Account)
    least = min((tokens for tokens in limits if tokens is not None), default=None)
    if least is not None and least < settings.context_tokens:
        fix = "Raise it, or lower BOBBIN_CONTEXT_TOKENS: long conversations are refused otherwise."
        return Finding("budgets", False, f"{told}: {least:,} are less than one full prompt", fix)
    return Finding("budgets", True, told)


async def _store(settings: Settings) -> Finding:
    url = settings.text("REDIS_URL")
    where = "REDIS_URL" if url else f"the bundled server in {_short(settings.data_dir)}"
    try:
        async with open_threads(settings, QUICK):
            return Finding("store", True, f"{where} answers, its layout is right")
    except StoreError as error:
        return Finding("store", False, f"{where}: {error}", error.hint)


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


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
