"""What `bobbin doctor` says about the model: asked for real, with one tiny request."""

from __future__ import annotations

import asyncio
import difflib
import ipaddress
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from bot.errors import (
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelUnreachable,
    QuotaExhausted,
)
from bot.model.endpoint import Endpoint, open_endpoint
from bot.model.port import Finished, FinishReason, Message, Prompt, TextDelta, ToolSpec
from bot.model.prices import BUNDLED, retires_on
from bot.model.settings import ModelSettings
from bot.spec import Finding

SOON_DAYS = 60
"""A model that is switched off within so many days is a fault to be mended."""

TEST_PROMPT = Prompt(
    (Message("user", "Connection test. Reply with the single word: ready"),),
    cache_key="doctor",
    max_output_tokens=256,
)

TEST_TOOL = ToolSpec(
    "ready",
    "Says that tools can be called.",
    {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
)

TOOL_PROMPT = Prompt(
    (Message("user", "Connection test. Call the tool `ready` once, and say nothing."),),
    cache_key="doctor",
    max_output_tokens=512,
    tools=(TEST_TOOL,),
)

_APIS = {"chat": "chat completions", "responses": "the Responses API"}


def _today() -> date:
    return datetime.now(UTC).date()


async def check_model(
    settings: ModelSettings | None, *, today: Callable[[], date] = _today
) -> Sequence[Finding]:
    """Look at key, address, model and its retirement; never raises a `BobbinError`.

    Args:
        settings: The endpoint; None when the demo model answers.
        today: The date.
    """
    if settings is None:
        return (
            Finding(
                "model",
                False,
                "the built-in demo model answers; it only quotes the conversation",
                "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.",
            ),
        )
    findings = [*_address(settings), *_retirement(settings.name, today())]
    try:
        model = open_endpoint(settings)
    except ModelError as error:
        return [*findings, Finding("model", False, str(error), error.hint)]
    try:
        findings += await _stream(model, settings)
    finally:
        await model.close()
    return findings


def _address(settings: ModelSettings) -> list[Finding]:
    """What can be told from the settings alone."""
    findings: list[Finding] = []
    try:
        parts = urlsplit(settings.url)
        port = parts.port
    except ValueError:
        return [Finding("address", False, "OPENAI_BASE_URL is not a web address", "Mend it.")]
    if parts.scheme == "http" and settings.api_key and not _is_near(settings.host):
        findings.append(
            Finding(
                "address",
                False,
                f"the key goes to {settings.host} unencrypted",
                "Use https in OPENAI_BASE_URL.",
            )
        )
    if port == 11434:
        findings.append(
            Finding(
                "window",
                True,
                "looks like Ollama, which cuts long prompts off silently: its context length "
                "(OLLAMA_CONTEXT_LENGTH or num_ctx) must be well over BOBBIN_CONTEXT_TOKENS",
            )
        )
    return findings


def _is_near(host: str) -> bool:
    """This machine, a private network, or a bare name as in a container network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))


def _retirement(name: str, today: date) -> list[Finding]:
    day = retires_on(name)
    if day is None:
        return []
    left = (day - today).days
    fix = "Choose another model with OPENAI_MODEL." if left <= SOON_DAYS else ""
    if left <= 0:
        detail = f"{name} was to be switched off on {day}"
    else:
        detail = f"{name} is switched off on {day}, in {left} days"
    return [Finding("model's end", left > SOON_DAYS, detail, fix)]


async def _stream(model: Endpoint, settings: ModelSettings) -> list[Finding]:
    """One tiny answer, and what its success or failure says about key, model and address."""
    now = asyncio.get_running_loop().time
    start, first = now(), 0.0
    finished: Finished | None = None
    try:
        async with aclosing(model.stream(TEST_PROMPT)) as events:
            async for event in events:
                if isinstance(event, TextDelta) and not first:
                    first = now() - start
                elif isinstance(event, Finished):
                    finished = event
    except ModelError as error:
        return [await _failure(model, settings, error)]
    if finished is None or finished.reason is FinishReason.CUT:
        return [
            Finding(
                "answer",
                False,
                "the test answer broke off",
                "Look for a proxy that cuts long responses; try again.",
            )
        ]
    served = f" (served by {finished.model})" if finished.model != settings.name else ""
    detail = f"{settings.name} answers at {settings.host} over {_APIS[model.api]}{served}"
    detail += f", first word after {first:.1f} s" if first else ", with no text in 256 tokens"
    findings = [Finding("model", True, detail), await _tools(model)]
    if settings.url.startswith("https:"):
        findings.append(Finding("TLS", True, f"the certificate of {settings.host} is trusted"))
    if finished.usage is None:
        findings.append(
            Finding("usage", True, "the server counts no tokens; our own estimates are shown")
        )
    if not BUNDLED.knows(finished.model):
        findings.append(Finding("price", True, f"no price known for {finished.model}"))
    return findings


async def _tools(model: Endpoint) -> Finding:
    """Whether the model calls tools. Without them it still answers."""
    reason = None
    try:
        async with aclosing(model.stream(TOOL_PROMPT)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    reason = event.reason
    except ModelError as error:
        return Finding("tools", True, f"could not be tried: {error}")
    if reason is FinishReason.TOOLS:
        return Finding("tools", True, f"{model.name} calls tools")
    if model.takes_tools:
        return Finding("tools", True, f"{model.name} takes tools, but called none when asked to")
    fix = "For what needs tools choose another OPENAI_MODEL"
    fix += ", or try OPENAI_API=responses." if model.api == "chat" else "."
    return Finding("tools", True, f"{model.name} takes none; people are answered without", fix)


async def _failure(model: Endpoint, settings: ModelSettings, error: ModelError) -> Finding:
    """The failed test as a line, with a better fix than the general one where there is one."""
    fix = error.hint
    if isinstance(error, ModelMisconfigured) and "OPENAI_MODEL" in error.hint:
        near = await _near_names(model, settings.name)
        fix += f" The server offers {', '.join(near)}." if near else ""
    elif isinstance(error, QuotaExhausted):
        return Finding("credit", False, str(error), fix)
    elif isinstance(error, ModelBusy) and not isinstance(error, ModelUnreachable):
        fix = f"Try again; if it stays like this, check that {settings.address} can be reached."
    return Finding("model", False, str(error), fix)


async def _near_names(model: Endpoint, name: str) -> list[str]:
    """Up to five offered models, those with names alike first."""
    try:
        offered = await model.offered()
    except ModelError:
        return []
    near = difflib.get_close_matches(name, offered, n=5, cutoff=0.5)
    return near or sorted(offered)[:5]
