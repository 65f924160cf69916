"""The connection to an OpenAI-compatible server, made the same way for all that it is asked."""

from __future__ import annotations

import ssl
from functools import cache

import httpx2
import openai

from bot.model.faults import SDK_FAULTS, translate
from bot.model.settings import ModelSettings


def client_of(settings: ModelSettings, read_seconds: float, now: float) -> openai.AsyncOpenAI:
    """A client that never repeats a request by itself: that is the gate's.

    Args:
        settings: The endpoint.
        read_seconds: The longest silence of the server.
        now: Seconds since the epoch, for dates in Retry-After.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    timeout = httpx2.Timeout(
        connect=settings.connect_seconds, read=read_seconds, write=30.0, pool=10.0
    )
    try:
        return openai.AsyncOpenAI(
            api_key=settings.api_key or "none",
            base_url=settings.url,
            max_retries=0,
            timeout=timeout,
            http_client=openai.DefaultAsyncHttpxClient(verify=_trusted(), timeout=timeout),
        )
    except SDK_FAULTS as error:
        raise translate(error, settings, now) from error


@cache
def _trusted() -> ssl.SSLContext:
    """Who is trusted, for all clients: reading the machine's certificates blocks for 25 ms."""
    return httpx2.create_ssl_context()
