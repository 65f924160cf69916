"""The real SDK, wired to a simulator."""

from __future__ import annotations

import openai

from tests.simulators.openai_sim.server import OpenAISimulator


def client_of(
    sim: OpenAISimulator, key: str | None = None, timeout: float = 10
) -> openai.AsyncOpenAI:
    """Its client; loopback has no certificates, and reading the machine's takes a while."""
    http = openai.DefaultAsyncHttpxClient(verify=False, timeout=timeout)
    return openai.AsyncOpenAI(
        api_key=key or sim.api_key,
        base_url=sim.base_url,
        max_retries=0,
        timeout=timeout,
        http_client=http,
    )
