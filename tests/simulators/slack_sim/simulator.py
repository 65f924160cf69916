"""The simulator as tests use it: start, stop, act, observe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from tests.simulators.listening import Listening
from tests.simulators.slack_sim.agent import shows_stop
from tests.simulators.slack_sim.emitter import Emitter
from tests.simulators.slack_sim.faults import Faults
from tests.simulators.slack_sim.installing import approve
from tests.simulators.slack_sim.limits import Limits
from tests.simulators.slack_sim.manifest import BOT_SCOPES, DEFAULT_MANIFEST
from tests.simulators.slack_sim.model import (
    Ack,
    Channel,
    Ephemeral,
    File,
    Message,
    Request,
    Session,
    Status,
    View,
    Workspace,
)
from tests.simulators.slack_sim.people import People
from tests.simulators.slack_sim.render import permalink, transcript
from tests.simulators.slack_sim.server import Server
from tests.simulators.slack_sim.sockets import Connection, Envelope, Sockets
from tests.simulators.slack_sim.state import State, Timing

T = TypeVar("T")


class SlackSimulator(People, Listening):
    """A Slack on loopback with one app in one workspace; more can be added.

    Args:
        scale: divides every window, life span and delay; 1 means Slack's own figures.
        seed: seed of ids, timestamps, routing and event order.
        manifest: the app's manifest; subscriptions, scopes, commands and shortcuts come from it.
        scopes: granted bot scopes, when they differ from the manifest's.
        limits: False switches rate limits off.
        history_restricted: one history or replies call per minute, at most 15 messages each.
        mention_order: ``random``, ``mention_first`` or ``message_first``.
        native_streams: answer chat.startStream and its kin, which are unknown methods otherwise.
        agents: the workspace's plan has the agent surface; without it its methods are refused.
        repeat_root: repeat the root on every page of conversations.replies.
        timing: Slack's delays in seconds, before scaling.
        epoch: Unix second at which message timestamps start.
    """

    def __init__(
        self,
        *,
        scale: float = 1.0,
        seed: int = 0,
        manifest: Mapping[str, Any] | None = None,
        scopes: Iterable[str] | None = None,
        limits: bool = True,
        history_restricted: bool = False,
        mention_order: str = "random",
        native_streams: bool = False,
        agents: bool = True,
        repeat_root: bool = False,
        timing: Timing | None = None,
        epoch: int = 1_790_000_000,
    ) -> None:
        state = State(scale=scale, seed=seed, epoch=epoch, timing=timing or Timing())
        sockets = Sockets(state)
        emitter = Emitter(state, sockets)
        emitter.mention_order = mention_order
        super().__init__(state, sockets, emitter)
        self.faults = Faults()
        self.limits = Limits(
            state.clock, scale, enabled=limits, history_restricted=history_restricted
        )
        self._server = Server(state, sockets, emitter, self.limits, self.faults)
        self._server.repeat_root = repeat_root
        self._server.native_streams = native_streams
        self._server.agents = agents
        self._manifest = manifest or DEFAULT_MANIFEST
        app = state.add_app(self._manifest["display_information"]["name"], self._manifest)
        state.add_workspace(app, "Acme", scopes=self._granted(scopes))

    def _granted(self, scopes: Iterable[str] | None) -> frozenset[str]:
        declared = self._manifest.get("oauth_config", {}).get("scopes", {}).get("bot", BOT_SCOPES)
        return frozenset(declared if scopes is None else scopes)

    # Running

    async def start(self) -> None:
        """Listen on 127.0.0.1."""
        self.state.clock()
        await self._server.start()

    async def stop(self) -> None:
        """Close every socket and end every task."""
        self.state.cancel_timers()
        await self.sockets.stop()
        await self._server.stop()
        self.state.cancel_timers()

    @property
    def base_url(self) -> str:
        """Where the simulator listens, such as ``http://127.0.0.1:34567``."""
        return self.state.base_url

    @property
    def api_url(self) -> str:
        """The Web API's base, with a slash at the end."""
        return f"{self.base_url}/api/"

    def environment(self, workspace: Workspace | None = None) -> dict[str, str]:
        """The environment variables a bot needs; in HTTP mode also a port, which is its own."""
        space = workspace or self.workspace
        found = {"SLACK_BOT_TOKEN": space.token, "SLACK_API_URL": self.api_url}
        if space.app.http:
            return found | {"SLACK_SIGNING_SECRET": space.app.secret}
        return found | {"SLACK_APP_TOKEN": space.app.token}

    def client_environment(self) -> dict[str, str]:
        """What a bot needs that is to be installed in many workspaces, beside its own keys."""
        app = self.workspace.app
        found = self.environment()
        del found["SLACK_BOT_TOKEN"]
        return found | {"SLACK_CLIENT_ID": app.client_id, "SLACK_CLIENT_SECRET": app.client_secret}

    def add_workspace(
        self,
        name: str,
        *,
        scopes: Iterable[str] | None = None,
        own_app: bool = False,
        enterprise_id: str | None = None,
        installed: bool = True,
    ) -> Workspace:
        """Add a workspace.

        Args:
            name: its name.
            scopes: granted bot scopes; default: the manifest's.
            own_app: install a second app (with its own app token and sockets) made from the same
                manifest, instead of the first one.
            enterprise_id: the organisation it belongs to.
            installed: False when the app is not in it yet.
        """
        app = self.workspace.app
        if own_app:
            app = self.state.add_app(app.name, self._manifest)
        made = self.state.add_workspace(
            app, name, scopes=self._granted(scopes), enterprise_id=enterprise_id
        )
        made.installed = installed
        return made

    def approve(self, location: str, workspace: Workspace, **choices: Any) -> str:
        """Install the app as a person does in the browser; see ``installing.approve``."""
        return approve(self.state, location, workspace, **choices)

    def expire(self, workspace: Workspace) -> None:
        """Let a workspace's bot token run out."""
        workspace.expired |= {workspace.token, *workspace.older}

    # Socket Mode

    @property
    def connections(self) -> list[Connection]:
        """Open sockets, oldest first."""
        return [c for c in self.sockets.connections if not c.socket.closed]

    async def connected(self, count: int = 1, timeout: float = 50.0) -> list[Connection]:
        """Wait until exactly ``count`` sockets are open and take envelopes."""

        def ready() -> list[Connection]:
            found = [c for c in self.connections if not c.draining]
            return found if len(found) == count else []

        return await self.until(ready, timeout)

    @property
    def http(self) -> bool:
        """Whether the manifest asks for HTTP instead of Socket Mode."""
        return self.workspace.app.http

    async def listened(self, port: int, timeout: float = 50.0) -> str:
        """Put a process behind the Request URL, once it answers the challenge.

        Returns:
            Its address, for ``unplug``.
        """
        url = f"http://127.0.0.1:{port}/slack/events"
        await self.sockets.posts.verify(self.workspace.app, url, timeout)
        return url

    def unplug(self, url: str) -> None:
        """Take a process from behind the Request URL."""
        urls = self.workspace.app.request_urls
        urls[:] = [each for each in urls if each != url]

    def disconnect(
        self,
        reason: str = "refresh_requested",
        connection: Connection | None = None,
        *,
        close: bool = True,
    ) -> Connection:
        """Announce a disconnect (``refresh_requested``, ``warning``, ``link_disabled``).

        Args:
            reason: what to say.
            connection: which socket; default: the oldest.
            close: close it ten simulated seconds later if the client has not.
        """
        chosen = connection or self.connections[0]
        after = self.state.timing.close_after_disconnect if close else None
        self.sockets.disconnect(chosen, reason, close_after=after)
        return chosen

    def cut(self, connection: Connection | None = None) -> Connection:
        """Break a socket without a goodbye."""
        chosen = connection or self.connections[0]
        self.sockets.cut(chosen)
        return chosen

    def hold(self) -> None:
        """Keep new envelopes back until ``release``."""
        self.sockets.hold()

    def release(self) -> None:
        """Send the envelopes that were held back."""
        self.sockets.release()

    def lose_acks(self, message: Message, count: int) -> None:
        """Lose the first acknowledgements of each event about a message, right after it is said.

        What the app has taken is delivered again, after the usual delays.
        """
        self.sockets.acks_to_lose[message.ts] = count

    def retry_now(self) -> None:
        """Do the waiting redeliveries now."""
        self.sockets.retry_now()

    async def settled(self, timeout: float = 50.0) -> None:
        """Wait until every envelope so far is acknowledged or given up."""
        await self.until(lambda: not self.sockets.unsettled, timeout)

    @property
    def acks(self) -> list[Ack]:
        """Acknowledgements in the order they came."""
        return self.sockets.acks

    @property
    def envelopes(self) -> list[Envelope]:
        """Everything sent to the app, in order."""
        return self.sockets.envelopes

    # Looking

    @property
    def violations(self) -> list[str]:
        """What a correct client should never have done."""
        return self.state.violations

    @property
    def requests(self) -> list[Request]:
        """Every HTTP call, in order of arrival."""
        return self._server.requests

    def calls(self, method: str) -> list[Request]:
        """The calls of one Web API method."""
        return [request for request in self.requests if request.api == method]

    def calls_by_method(self) -> Counter[str]:
        """How often each Web API method was called."""
        return Counter(request.api for request in self.requests if request.api)

    @property
    def rate_limited(self) -> Counter[str]:
        """How many calls of each method were answered with 429 by the limits."""
        return self.limits.refused

    async def until(self, predicate: Callable[[], T], timeout: float = 50.0) -> T:
        """Return the first truthy value of ``predicate``; see ``Signal.until``."""
        return await self.state.signal.until(predicate, timeout, self.dump)

    def messages(self, channel: Channel) -> list[Message]:
        """Existing messages of a channel, replies included, oldest first."""
        return self.state.in_channel(channel.id)

    def thread(self, channel: Channel, root: Message | str) -> list[Message]:
        """A thread: root first, then its replies."""
        ts = root.root_ts if isinstance(root, Message) else root
        return self.state.in_thread(channel.id, ts)

    def replies(self, root: Message) -> list[Message]:
        """What the app wrote in the thread of a message, oldest first."""
        thread = self.state.in_thread(root.channel, root.root_ts)
        return [m for m in thread if m.by_app and m.is_reply]

    def message(self, ts: str, channel: Channel | None = None) -> Message | None:
        """Find a message, deleted ones included."""
        for (where, when), message in self.state.messages.items():
            if when == ts and (channel is None or where == channel.id):
                return message
        return None

    def deleted_messages(self, channel: Channel) -> list[Message]:
        """Messages that were deleted, oldest first."""
        found = [m for m in self.state.messages.values() if m.channel == channel.id and m.deleted]
        return sorted(found, key=lambda message: Decimal(message.ts))

    def ephemerals(self, channel: Channel, user: Any = None) -> list[Ephemeral]:
        """Private messages in a channel, for one person if given."""
        return [
            e
            for e in self.state.ephemerals
            if e.channel == channel.id and (user is None or e.user == user.id)
        ]

    @property
    def statuses(self) -> list[Status]:
        """Every status line that was set, in order."""
        return self.state.statuses

    def status(self, message: Message) -> str:
        """The status line that shows now in the thread of a message; empty when none."""
        for status in reversed(self.state.statuses):
            here = (status.channel, status.thread_ts) == (message.channel, message.root_ts)
            if here and not status.ended_by:
                return status.status
        return ""

    def session(self, message: Message) -> Session | None:
        """The agent session in the thread of a message."""
        return self.state.sessions.get((message.channel, message.root_ts))

    def shows_stop(self, message: Message) -> bool:
        """Whether people see Slack's own Stop button in the thread of a message."""
        session = self.session(message)
        events = self.state.workspaces[message.team].app.events
        return session is not None and shows_stop(self.state, session, events)

    def prompts(self, channel: Channel) -> list[str]:
        """What is suggested above a direct conversation."""
        return [prompt["title"] for prompt in self.state.prompts.get((channel.id, None), ())]

    @property
    def views(self) -> list[View]:
        """Modals, oldest first."""
        return list(self.state.views.values())

    def home(self, user: Any) -> View | None:
        """The Home tab of a person."""
        return self.state.homes.get((user.team, user.id))

    @property
    def files(self) -> list[File]:
        """Files, oldest first."""
        return list(self.state.files.values())

    def permalink(self, message: Message) -> str:
        """The link people copy from a message."""
        return permalink(self.state, message.channel, message)

    def transcript(self, channel: Channel, root: Message | str | None = None) -> str:
        """A channel, or one thread of it, as people see it."""
        ts = root.root_ts if isinstance(root, Message) else root
        return transcript(self.state, channel, ts)

    def dump(self) -> str:
        """Recent calls, unsettled envelopes and all channels, for error messages."""
        lines = ["last calls:"]
        for request in self.requests[-15:]:
            name = request.api or request.route
            lines.append(f"  {request.seq} {name} {request.status} {request.error or 'ok'}")
        lines += [
            f"envelope {e.type} {e.event_id} {e.state} attempts={e.attempts}"
            for e in self.sockets.unsettled
        ]
        lines += [f"violation: {sentence}" for sentence in self.violations]
        lines += [self.transcript(c) for c in self.state.channels.values()]
        return "\n".join(lines)
