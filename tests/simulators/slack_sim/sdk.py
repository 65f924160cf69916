"""The real slack-bolt and slack_sdk, wired to a simulator."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.simulators.slack_sim import SlackSimulator, Timing

Register = Callable[[AsyncApp], None]
# Long enough that a busy machine does not let anything expire.
PATIENT = Timing(ack=60.0, trigger=600.0)


class Bot:
    """A small bolt app: remembers events, answers what a test registers."""

    def __init__(self, sim: SlackSimulator, session: aiohttp.ClientSession) -> None:
        environment = sim.environment()
        self.client = AsyncWebClient(
            token=environment["SLACK_BOT_TOKEN"],
            base_url=environment["SLACK_API_URL"],
            session=session,
        )

        async def authorize(team_id: str) -> AuthorizeResult:
            token = sim.state.workspaces[team_id].token
            answer = await self.client.auth_test(token=token)
            return AuthorizeResult.from_auth_test_response(
                auth_test_response=answer, bot_token=token
            )

        self.app = AsyncApp(
            client=self.client, authorize=authorize, logger=logging.getLogger("test-bolt")
        )
        self.events: list[dict[str, Any]] = []
        self._app_token = environment["SLACK_APP_TOKEN"]

    def listen(self, *types: str) -> None:
        """Remember every event of these types."""

        async def remember(body: dict[str, Any]) -> None:
            self.events.append(body)

        for name in types:
            self.app.event(name)(remember)

    async def connect(self, ping_interval: float = 10) -> AsyncSocketModeHandler:
        """Open one socket."""
        handler = AsyncSocketModeHandler(
            self.app,
            self._app_token,
            ping_interval=ping_interval,  # type: ignore[arg-type]
        )
        await handler.connect_async()
        return handler


@asynccontextmanager
async def bot(
    sim: SlackSimulator, register: Register | None = None, *, sockets: int = 1
) -> AsyncIterator[Bot]:
    """Run a bolt app with some sockets; everything is closed at the end."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        made = Bot(sim, session)
        if register is not None:
            register(made.app)
        for _ in range(sockets):
            handler = await made.connect()
            stack.push_async_callback(handler.close_async)
        await sim.connected(sockets)
        yield made


async def failing(call: Any) -> str:
    """Return the error word of a call that must fail."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])
