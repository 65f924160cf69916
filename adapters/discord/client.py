"""The SDK's client, lean, and hardened against payloads that it cannot read."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, cast

import discord
from discord.gateway import DiscordWebSocket
from discord.state import ConnectionState

from adapters.discord.calls import Witness, trace
from adapters.discord.controls import Control, Pressed
from adapters.discord.lean import lean
from adapters.discord.logins import Logins
from adapters.discord.naming import viewers
from adapters.discord.partial import completed
from adapters.discord.shards import ALONE, Shard
from adapters.discord.values import DIRECT_SPACE
from bot.errors import BobbinError, PlatformBusy
from bot.services import Meter
from bot.tasks import end

log = logging.getLogger(__name__)

UPDATE = "MESSAGE_UPDATE"


class Listener(Protocol):
    """Who gets the events."""

    async def message(self, client: Listening, message: discord.Message) -> None:
        """Somebody wrote something."""
        ...

    async def edited(self, client: Listening, message: discord.Message) -> None:
        """A message was changed, perhaps not by its author."""
        ...

    async def edited_partly(
        self, client: Listening, space: str, channel: str, message: int
    ) -> None:
        """The same, without its author or its text."""
        ...

    async def deleted(
        self, client: Listening, space: str, channel: str, messages: Sequence[str]
    ) -> None:
        """Messages were deleted."""
        ...

    async def thread_deleted(self, space: str, parent: str, thread: str) -> None:
        """A thread was deleted."""
        ...

    async def channel_deleted(self, space: str, channel: str) -> None:
        """A channel of a server was deleted."""
        ...

    async def interaction(
        self, client: Listening, interaction: discord.Interaction[Listening]
    ) -> None:
        """Somebody called a command or chose from a list."""
        ...

    async def control(
        self, client: Listening, interaction: discord.Interaction[Listening], press: Pressed
    ) -> None:
        """Somebody used a control under an answer."""
        ...

    async def reacted(
        self, client: Listening, event: discord.RawReactionActionEvent, *, added: bool
    ) -> None:
        """Somebody put a sign on a message, or took it away."""
        ...

    async def marked(self, client: Listening, message: discord.Message) -> None:
        """There are signs on a message that was read, which may have been missed."""
        ...

    def malformed(self, event: str) -> None:
        """An event could not be read."""
        ...

    def connected(self, client: Listening) -> None:
        """A new session has begun; its events may follow at once."""
        ...

    def ready(self, client: Listening) -> None:
        """The servers of the new session are known."""
        ...

    def online(self, client: Listening, up: bool) -> None:
        """Events come in, or do not."""
        ...

    def joined(self, client: Listening) -> None:
        """The bot was added to a server."""
        ...

    def left(self, client: Listening, server: int) -> None:
        """The bot was removed from a server."""
        ...

    def permissions_changed(self) -> None:
        """Somebody changed a channel, a role or ours: what was forbidden may be allowed now."""
        ...

    def viewers_changed(self, space: str, channel: str) -> None:
        """Others than before may see a channel."""
        ...


def intents(content: bool) -> discord.Intents:
    """What is asked from the gateway; `content` is the privileged one."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.guild_reactions = True
    wanted.dm_reactions = True
    wanted.message_content = content
    return wanted


class Client(discord.Client):
    """A client without caches of messages and members, for calls.

    Args:
        content: Ask for the content of messages that do not mention the bot.
        shard: Which servers the gateway is to tell of.
        witness: Told of calls that Discord refuses.
    """

    def __init__(self, witness: Witness, shard: Shard = ALONE, *, content: bool = False) -> None:
        some = shard.count > 1
        super().__init__(
            intents=intents(content),
            shard_id=shard.id if some else None,
            shard_count=shard.count if some else None,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.5,
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=trace(witness),
        )
        self._waiting: set[asyncio.Task[Any]] = set()
        self._keep_waits()

    def _keep_waits(self) -> None:
        """Hold the SDK's waits for servers: it forgets one that follows soon on another."""
        state: Any = self._connection
        wait = state._delay_ready

        async def held() -> None:
            _hold(self._waiting, asyncio.current_task())
            await wait()

        state._delay_ready = held

    @property
    def me(self) -> int:
        """Our own user id; only after the log-in."""
        if self.user is None:
            raise RuntimeError("not logged in")
        return self.user.id

    @property
    def state(self) -> ConnectionState[discord.Client]:
        """What the SDK needs to make a message of its fields."""
        return self._connection

    @property
    def hears_all(self) -> bool:
        """Whether what people write without a mention can be read; only after the log-in."""
        return may_read(self)

    async def close(self) -> None:
        """Release everything, also the SDK's waits for servers that it would leave behind."""
        await super().close()
        await end(*(self._waiting - {asyncio.current_task()}))


def _hold(tasks: set[asyncio.Task[Any]], task: asyncio.Task[Any] | None) -> None:
    """Keep a task until it has ended."""
    if task is not None:
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def may_read(client: discord.Client) -> bool:
    """Whether the application is granted the content of messages; only after the log-in."""
    application = client.application
    if application is None:
        return True
    flags = application.flags
    return flags.gateway_message_content or flags.gateway_message_content_limited


def _for_good() -> bool:
    """Whether the SDK handles an end that it will raise by itself."""
    return isinstance(sys.exception(), discord.ConnectionClosed)


class SessionLost(PlatformBusy):
    """The session cannot be resumed; a log-in has to come next."""


_ARRIVED: contextvars.ContextVar[float | None] = contextvars.ContextVar(
    "discord_arrived", default=None
)


def waited(now: float) -> float | None:
    """Seconds since the event arrived that this task handles; None for what was read."""
    arrived = _ARRIVED.get()
    return None if arrived is None else now - arrived


class Listening(Client):
    """A client that listens, hardened against payloads that it cannot read.

    Args:
        listener: Who gets the events.
        logins: Keeps the log-ins at the gateway few.
        meter: Counts.
        shard: Which servers to listen to.
        clock: Seconds, never going back.
        content: Ask for the content of messages that do not mention the bot.
    """

    def __init__(
        self,
        listener: Listener,
        logins: Logins,
        meter: Meter,
        shard: Shard,
        clock: Callable[[], float],
        *,
        content: bool,
    ) -> None:
        super().__init__(meter, shard, content=content)
        self.shard = shard
        self._listener = listener
        self._logins = logins
        self._meter = meter
        self._clock = clock
        self._running: set[asyncio.Task[Any]] = set()
        self.add_dynamic_items(Control)
        self._guard_controls()
        parsers = self._connection.parsers
        parsers["INTERACTION_CREATE"] = completed(parsers["INTERACTION_CREATE"])
        parsers["GUILD_CREATE"] = lean(parsers["GUILD_CREATE"])
        parsers[UPDATE] = self._whole(parsers[UPDATE])
        for event, parse in parsers.items():
            parsers[event] = self._guarded(event, parse)

    def _guard_controls(self) -> None:
        """The same for buttons, which the SDK looks up in a task that nobody waits for."""
        store: Any = getattr(self._connection, "_view_store")  # noqa: B009
        call = store.schedule_dynamic_item_call

        async def guarded(*about: Any) -> None:
            _hold(self._running, asyncio.current_task())
            try:
                await call(*about)
            except Exception as error:
                self._left_out("INTERACTION_CREATE", error)

        store.schedule_dynamic_item_call = guarded

    def _guarded(self, event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
        """A parser that leaves out what it cannot read, which would else end the connection."""

        def guarded(data: Any) -> None:
            try:
                parse(data)
            except Exception as error:
                self._left_out(event, error)

        return guarded

    def _whole(self, parse: Callable[[Any], None]) -> Callable[[Any], None]:
        """A parser of updates to messages, of which the SDK reads none that is not whole."""

        def whole(data: Any) -> None:
            if "author" in data and "content" in data:
                parse(data)
            elif data.get("edited_timestamp"):
                guild = data.get("guild_id")
                space = str(int(guild)) if guild else DIRECT_SPACE
                channel, message = str(int(data["channel_id"])), int(data["id"])
                self.dispatch("part_of_edit", space, channel, message)

        return whole

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Start an event's handler, unless the client is closed and has no loop to run it in.

        Raises:
            SessionLost: The SDK is about to log in anew, which may have to wait for its turn.
        """
        if event == "disconnect":
            self._listener.online(self, False)
            if not self._may_resume() and not _for_good():
                raise SessionLost("the session is lost")
        if not self.is_closed():
            _ARRIVED.set(self._clock())
            super().dispatch(event, *args, **kwargs)
            _ARRIVED.set(None)

    def _schedule_event(
        self,
        coro: Callable[..., Coroutine[Any, Any, Any]],
        event_name: str,
        *args: Any,
        **named: Any,
    ) -> asyncio.Task[Any]:
        """Start a handler and hold it: the SDK would leave those behind that `close` finds."""
        task = cast(
            "asyncio.Task[Any]",
            super()._schedule_event(coro, event_name, *args, **named),  # pyright: ignore[reportUnknownMemberType]
        )
        _hold(self._running, task)
        return task

    @property
    def hears_all(self) -> bool:
        """See `Client`: what this session was given."""
        return self.intents.message_content

    def _may_resume(self) -> bool:
        socket = cast("DiscordWebSocket | None", self.ws)
        return socket is not None and socket.session_id is not None

    def _stands(self) -> bool:
        socket = cast("DiscordWebSocket | None", self.ws)
        return socket is not None and socket.open

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Take our turn; the SDK calls this before each log-in, and would wait on its own."""
        await self._logins.identifying(self.shard)

    def _left_out(self, event: str, error: Exception) -> None:
        log.error("A %s event of Discord was left out: %s", event, type(error).__name__)
        log.debug("Why the event was left out", exc_info=error)
        self._listener.malformed(event)

    async def on_connect(self) -> None:
        """Tell of a new session. The SDK starts this before any handler of its events."""
        self._listener.connected(self)
        await self._logins.arrived(self.shard)

    async def on_ready(self) -> None:
        """Say that the bot is there; Discord repeats this after some reconnections."""
        count = len(self.guilds)
        servers = "server" if count == 1 else "servers"
        part = f" of {self.shard.part}" if self.shard.part else ""
        log.info("Connected to Discord as %s, in %d %s%s", self.user, count, servers, part)
        # The SDK waits for servers before it says this, and the connection may be gone by then.
        self._listener.online(self, self._stands())
        self._listener.ready(self)

    async def on_resumed(self) -> None:
        """Say that nothing was missed."""
        self._listener.online(self, True)
        log.info("Connection to Discord resumed")
        self._meter.reconnected("resumed")

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Tell that the bot was added to a server."""
        self._listener.joined(self)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Tell that the bot was removed from a server; an outage is another event."""
        self._listener.left(self, guild.id)

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Permissions of a channel may have changed, and who sees it."""
        self._listener.permissions_changed()
        if viewers(before) != viewers(after):
            self._listener.viewers_changed(str(after.guild.id), str(after.id))

    async def on_guild_role_update(self, *_: object) -> None:
        """Permissions of a role may have changed."""
        self._listener.permissions_changed()

    async def on_member_update(self, _: discord.Member, after: discord.Member) -> None:
        """Our own roles may have changed; of others nothing is heard."""
        if after.id == self.me:
            self._listener.permissions_changed()

    async def on_message(self, message: discord.Message) -> None:
        """Hand a message on."""
        await self._handle("message", self._listener.message(self, message))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Hand a changed message on."""
        await self.on_edit(payload.message)

    async def on_edit(self, message: discord.Message) -> None:
        """Hand an edited message on; previews and threads change a message as well."""
        if message.edited_at is not None:
            await self._handle("message edit", self._listener.edited(self, message))

    async def on_part_of_edit(self, space: str, channel: str, message: int) -> None:
        """Hand an edit on of which only a part is known."""
        work = self._listener.edited_partly(self, space, channel, message)
        await self._handle("message edit", work)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Hand a deletion on."""
        await self._deleted(payload.guild_id, payload.channel_id, {payload.message_id})

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Hand the deletion of several messages on."""
        await self._deleted(payload.guild_id, payload.channel_id, payload.message_ids)

    async def _deleted(self, guild: int | None, channel: int, messages: set[int]) -> None:
        space, ids = str(guild or DIRECT_SPACE), sorted(map(str, messages))
        work = self._listener.deleted(self, space, str(channel), ids)
        await self._handle("message deletion", work)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Hand the deletion of a thread on."""
        ids = (payload.guild_id, payload.parent_id, payload.thread_id)
        work = self._listener.thread_deleted(*map(str, ids))
        await self._handle("thread deletion", work)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Hand the deletion of a channel on."""
        work = self._listener.channel_deleted(str(channel.guild.id), str(channel.id))
        await self._handle("channel deletion", work)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Hand a sign on a message on."""
        await self._handle("reaction", self._listener.reacted(self, event, added=True))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Hand on that a sign was taken away."""
        await self._handle("reaction", self._listener.reacted(self, event, added=False))

    async def on_marked_message(self, message: discord.Message) -> None:
        """Hand signs on that may have been missed."""
        await self._handle("reaction", self._listener.marked(self, message))

    async def on_interaction(self, interaction: discord.Interaction[Listening]) -> None:
        """Hand an interaction on."""
        await self._handle("interaction", self._listener.interaction(self, interaction))

    async def on_control(self, interaction: discord.Interaction[Listening], press: Pressed) -> None:
        """Hand a control on. The SDK tells of it as an interaction, too, which is passed over."""
        await self._handle("control", self._listener.control(self, interaction, press))

    async def _handle(self, event: str, work: Awaitable[None]) -> None:
        try:
            await work
        except BobbinError as error:
            log.warning("A %s of Discord was not handled: %s (%s)", event, error, error.hint)
        except Exception as error:
            self._left_out(event, error)

    async def hang_up(self, seconds: float) -> None:
        """Take no more events. REST calls still work, so that answers can be finished.

        Args:
            seconds: How long Discord may take to say goodbye.
        """
        # The SDK leaves `ws` at None until the first connection stands.
        socket = cast("DiscordWebSocket | None", self.ws)
        if socket is not None and socket.open:
            try:
                async with asyncio.timeout(seconds):
                    await socket.close(1000)
            except TimeoutError:
                log.debug("Discord did not answer the goodbye")

    async def drain(self, seconds: float) -> None:
        """Let the events that are being handled finish, for some seconds."""
        if running := self._running - {asyncio.current_task()}:
            await asyncio.wait(running, timeout=seconds)

    async def close(self) -> None:
        """Release everything; what is still being handled ends unfinished."""
        await self._end_handlers()
        await super().close()
        # Until here the SDK may have started others.
        await self._end_handlers()

    async def _end_handlers(self) -> None:
        await end(*(self._running - {asyncio.current_task()}))
