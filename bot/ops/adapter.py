"""An adapter whose calls are counted, timed and traced."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager

from bot.adapter import Adapter
from bot.attached import Attachment
from bot.capabilities import Capabilities
from bot.chat import CommandReply, File, History, Incoming, MessageRef, Reach, Spot, ThreadKey
from bot.controls import PLAIN, Presentation
from bot.errors import PlatformError
from bot.inbox import Inbox
from bot.ops import figures
from bot.ops.metrics import Metrics
from bot.tracing import Tracer


class MeteredAdapter:
    """Implements `bot.adapter.Adapter` over another one.

    Args:
        adapter: Does the work.
        metrics: Gets count and length of each call.
        tracer: Gets a span for each.
        now: Monotonic seconds.
    """

    def __init__(
        self, adapter: Adapter, metrics: Metrics, tracer: Tracer, now: Callable[[], float]
    ) -> None:
        self._adapter = adapter
        self._metrics = metrics
        self._tracer = tracer
        self._now = now

    @property
    def name(self) -> str:
        """See `bot.adapter.Adapter`."""
        return self._adapter.name

    @property
    def capabilities(self) -> Capabilities:
        """See `bot.adapter.Adapter`."""
        return self._adapter.capabilities

    async def run(self, inbox: Inbox) -> None:
        """See `bot.adapter.Adapter`."""
        await self._adapter.run(inbox)

    async def open(self, event: Incoming, title: str) -> Spot:
        """See `bot.adapter.Adapter`."""
        with self._timed("open"):
            return await self._adapter.open(event, title)

    async def post(
        self,
        spot: Spot,
        text: str,
        *,
        key: str,
        again: bool = False,
        look: Presentation = PLAIN,
    ) -> MessageRef:
        """See `bot.adapter.Adapter`."""
        with self._timed("post"):
            return await self._adapter.post(spot, text, key=key, again=again, look=look)

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        """See `bot.adapter.Adapter`."""
        with self._timed("edit"):
            await self._adapter.edit(ref, text, look=look)

    async def attach(
        self, spot: Spot, file: File, key: str, text: str = "", *, again: bool = False
    ) -> MessageRef:
        """See `bot.adapter.Adapter`."""
        with self._timed("attach"):
            return await self._adapter.attach(spot, file, key, text, again=again)

    async def delete(self, ref: MessageRef) -> None:
        """See `bot.adapter.Adapter`."""
        with self._timed("delete"):
            await self._adapter.delete(ref)

    async def show_status(self, spot: Spot, status: str | None) -> None:
        """See `bot.adapter.Adapter`."""
        with self._timed("status"):
            await self._adapter.show_status(spot, status)

    async def mark_waiting(self, ref: MessageRef, waiting: bool) -> None:
        """See `bot.adapter.Adapter`."""
        with self._timed("mark"):
            await self._adapter.mark_waiting(ref, waiting)

    async def settled(self, thread: ThreadKey) -> None:
        """See `bot.adapter.Adapter`."""
        await self._adapter.settled(thread)

    async def history(self, event: Incoming, limit: int) -> History:
        """See `bot.adapter.Adapter`."""
        with self._timed("history"):
            return await self._adapter.history(event, limit)

    async def download(self, attachment: Attachment, most_bytes: int) -> bytes:
        """See `bot.adapter.Adapter`."""
        with self._timed("download"):
            return await self._adapter.download(attachment, most_bytes)

    async def since(self, first: MessageRef, thread: ThreadKey, limit: int) -> History:
        """See `bot.adapter.Adapter`."""
        with self._timed("history"):
            return await self._adapter.since(first, thread, limit)

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        """See `bot.adapter.Adapter`."""
        with self._timed("respond"):
            await self._adapter.respond(event, reply)

    async def link(self, thread: ThreadKey, message: str, *, loose: bool = False) -> str:
        """See `bot.adapter.Adapter`."""
        return await self._adapter.link(thread, message, loose=loose)

    async def tell(self, space: str, user: str, text: str, *, key: str) -> bool:
        """See `bot.adapter.Adapter`."""
        with self._timed("tell"):
            return await self._adapter.tell(space, user, text, key=key)

    async def reach(
        self, space: str, user: str, places: Collection[tuple[str, str]]
    ) -> Reach | None:
        """See `bot.adapter.Adapter`."""
        with self._timed("reach"):
            return await self._adapter.reach(space, user, places)

    def measure(self, text: str) -> int:
        """See `bot.adapter.Adapter`."""
        return self._adapter.measure(text)

    async def close(self) -> None:
        """See `bot.adapter.Adapter`."""
        await self._adapter.close()

    @contextmanager
    def _timed(self, call: str) -> Generator[None]:
        began, outcome = self._now(), "cancelled"
        name = self._adapter.name
        with self._tracer.span("platform", {"platform": name, "call": call}) as note:
            try:
                yield
                outcome = "ok"
            except PlatformError as error:
                outcome = type(error).__name__
                raise
            except Exception:
                outcome = "bug"
                raise
            finally:
                note("outcome", outcome)
                self._metrics.observe(figures.CALL, self._now() - began, name, call, outcome)
