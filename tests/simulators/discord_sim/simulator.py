"""A Discord that answers on loopback."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web

from tests.simulators.discord_sim.cdn import Cdn
from tests.simulators.discord_sim.commands import CommandRoutes
from tests.simulators.discord_sim.faults import Faults
from tests.simulators.discord_sim.gateway import IDENTIFY_SECONDS, Gateway
from tests.simulators.discord_sim.ids import LINK_SECONDS, fresh_start
from tests.simulators.discord_sim.interactions import (
    ACK_SECONDS,
    Interaction,
    InteractionRoutes,
)
from tests.simulators.discord_sim.limits import Limits
from tests.simulators.discord_sim.model import Channel, Guild, Message, Request, Typing, User
from tests.simulators.discord_sim.people import People
from tests.simulators.discord_sim.rest import PREFIX, REQUEST_BYTES, Rest
from tests.simulators.discord_sim.rest_channels import ChannelRoutes
from tests.simulators.discord_sim.rest_messages import MessageRoutes
from tests.simulators.discord_sim.signal import Signal
from tests.simulators.discord_sim.transcript import transcript
from tests.simulators.discord_sim.world import GUILDS, World
from tests.simulators.handlers import Handlers
from tests.simulators.listening import Listening

T = TypeVar("T")
TOKEN = "simulated.discord.token"


class DiscordSimulator(People, Listening):
    """REST API v10 and gateway on 127.0.0.1 that discord.py talks to unmodified.

    Args:
        scale: simulated seconds per real second; rate limits, expiries and Retry-After shrink by
            it, except for how long nonces are remembered.
        seed: makes tokens and session ids differ between simulators.
        limits: False switches rate limits off.
        token: the bot token that is accepted.
        message_content: whether the application has the message content intent.
        start: where the ids, which carry a time, begin. The default is the present, because
            clients compare ids with their clock; give a time for ids that every run repeats.
        ack_seconds: simulated seconds for the first answer to an interaction; give more with a
            large ``scale``.
        identify_seconds: real seconds between two sessions that are started; None for Discord's
            five in simulated time.

    Attributes:
        world: everything that exists.
        gateway: sessions, and ways to lose them.
        limits: rate limits and what they refused.
        faults: scripted failures of REST calls.
        cdn: the host that keeps files.
        interactions: everything people started.
    """

    def __init__(
        self,
        *,
        scale: float = 1.0,
        seed: int = 0,
        limits: bool = True,
        token: str = TOKEN,
        message_content: bool = True,
        start: datetime | None = None,
        ack_seconds: float = ACK_SECONDS,
        identify_seconds: float | None = None,
    ) -> None:
        self.signal = Signal()
        self.world = World(token, start or fresh_start(), scale, seed)
        self.world.message_content = message_content
        self.world.on_change = self.signal.changed
        self.faults = Faults()
        self.limits = Limits(self.world.clock, scale, enabled=limits)
        if identify_seconds is None:
            identify_seconds = IDENTIFY_SECONDS / scale
        self._handlers = Handlers()
        self.gateway = Gateway(self.world, identify_seconds, self._handlers)
        self.cdn = Cdn(self.world)
        self._rest = Rest(self.world, self.limits, self.faults)
        self._answers = InteractionRoutes(self.world, ack_seconds)
        self.interactions: list[Interaction] = self._answers.interactions
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        app = web.Application(
            client_max_size=2 * REQUEST_BYTES, middlewares=[self._handlers.middleware()]
        )
        app.router.add_get("/gateway", self.gateway.accept)
        app.router.add_get("/gateway/", self.gateway.accept)
        app.router.add_get("/attachments/{channel_id}/{attachment_id}/{filename}", self.cdn.serve)
        routes = (
            ChannelRoutes(self.world, self.limits).endpoints()
            + MessageRoutes(self.world, self.limits).endpoints()
            + CommandRoutes(self.world).endpoints()
            + self._answers.endpoints()
        )
        self._rest.mount(app, routes)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.world.base_url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Cut all connections and stop listening."""
        self.gateway.shut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._handlers.end()

    # Where it is

    @property
    def api_url(self) -> str:
        """Base of the REST API, with the version."""
        return self.world.base_url + PREFIX

    @property
    def gateway_url(self) -> str:
        """URL of the gateway."""
        return f"{self.world.base_url.replace('http', 'ws', 1)}/gateway/"

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which a bot finds the simulator."""
        return {
            "DISCORD_TOKEN": self.world.token,
            "DISCORD_API_URL": self.api_url,
            "DISCORD_GATEWAY_URL": self.gateway_url,
            "DISCORD_IDENTIFY_SECONDS": f"{self.gateway.identify_seconds:g}",
        }

    # What can be seen

    @property
    def bot(self) -> User:
        """The bot's account."""
        return self.world.bot

    @property
    def mention(self) -> str:
        """The text that mentions the bot."""
        return self.world.bot.mention

    @property
    def violations(self) -> list[str]:
        """What a correct client should not have done."""
        return self.world.violations

    @property
    def requests(self) -> list[Request]:
        """Every REST call that arrived, in order."""
        return self._rest.requests

    @property
    def identifies(self) -> list[Mapping[str, Any]]:
        """The payload of every IDENTIFY that arrived."""
        return [item.payload for item in self.gateway.identifies]

    @property
    def typings(self) -> list[Typing]:
        """Every typing indicator the bot switched on."""
        return self.world.typings

    @property
    def commands(self) -> list[dict[str, Any]]:
        """The global application commands."""
        return self.world.commands[None]

    @property
    def message_content(self) -> bool:
        """Whether the application has the message content intent; it can be set."""
        return self.world.message_content

    @message_content.setter
    def message_content(self, granted: bool) -> None:
        self.world.message_content = granted

    def messages(self, channel: Channel, *, by: User | None = None) -> list[Message]:
        """Return what stands in a channel, oldest first, or what one user wrote there."""
        found = self.world.live_messages(channel)
        return [item for item in found if by is None or item.author is by]

    def message(self, message_id: int | str) -> Message:
        """Return a message, deleted or ephemeral ones too.

        Raises:
            KeyError: there never was one.
        """
        return self.world.messages[int(message_id)]

    def channel(self, channel_id: int | str) -> Channel:
        """Return a channel or thread, deleted ones too.

        Raises:
            KeyError: there never was one.
        """
        return self.world.channels[int(channel_id)]

    def expire_links(self) -> None:
        """Let a day pass for the addresses of files."""
        self.world.pass_time(LINK_SECONDS + 1)

    def thread_of(self, message: Message) -> Channel | None:
        """Return the thread that was started from a message."""
        thread = message.thread
        return None if thread is None or thread.deleted else thread

    def ephemerals(self, channel: Channel, user: User) -> list[Message]:
        """Return what only one person sees in a channel."""
        return [
            item
            for item in self.world.messages.values()
            if item.channel is channel and item.seen_by is user and not item.deleted
        ]

    def calls_by_route(self) -> Counter[str]:
        """Count the calls by route."""
        return Counter(request.route for request in self.requests)

    @property
    def refused(self) -> Counter[str]:
        """Count of 429 answers by route."""
        return self.limits.refused

    @property
    def invalid_requests(self) -> int:
        """How many answers count towards a ban (401, 403, 429 unless shared)."""
        return self.limits.invalid

    def transcript(self, channel: Channel) -> str:
        """Return a channel or thread as people see it."""
        return transcript(self.world, channel)

    def describe(self) -> str:
        """Return recent requests and messages, for the text of a time-out."""
        lines = ["sessions: " + ", ".join(item.id[:6] for item in self.gateway.live) or "none"]
        lines += [
            f"{item.seq} {item.route} {dict(item.path)} -> {item.status}"
            for item in self.requests[-15:]
        ]
        for channel in self.world.channels.values():
            if channel.messages:
                lines.append(transcript(self.world, channel))
        return "\n".join(lines + [f"violation: {item}" for item in self.violations])

    # Waiting, and the gateway

    async def until(self, predicate: Callable[[], T], timeout: float = 50.0) -> T:
        """Return the first truthy value of ``predicate``, asked after every change.

        Raises:
            TimeoutError: it stayed falsy for ``timeout`` real seconds; says what happened.
        """
        return await self.signal.until(predicate, timeout, self.describe)

    async def until_connected(self, sessions: int = 1, timeout: float = 50.0) -> None:
        """Wait until some sessions have identified or resumed."""
        await self.until(lambda: len(self.gateway.live) >= sessions, timeout)

    async def raw_event(self, name: str, payload: Any) -> None:
        """Send any payload as an event, however malformed."""
        self.gateway.raw(name, payload)

    def guild_joined(self, guild: Guild) -> None:
        """Tell the gateway about a guild the bot is in."""
        payload = self.gateway.guild_create(guild.id)
        # Only guilds that were announced as unavailable say that they are available now.
        del payload["unavailable"]
        self.world.dispatch("GUILD_CREATE", payload, None, GUILDS, guild=guild)
