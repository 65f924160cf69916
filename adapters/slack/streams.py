"""Slack's native streams: a message that grows, for the one person it is written for.

A stream takes additions only, so this translates: an edit that goes on from what was sent becomes
an addition, and for any other the stream is ended and the message edited as a whole; so it is when
a link comes up. The calls of one message come one after the other from the reply that writes it;
when they come is paced there.

Slack's limits make the rest. It takes twenty starts and twenty stops a minute in a workspace: an
answer that finds no start is posted and edited, and one that finds no stop is completed by an
addition, and stopped a little later. It ends a stream by itself after five minutes: before that it
is stopped, and the message goes on by edits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack import StreamMode
from adapters.slack.calls import Calls, Make
from adapters.slack.endings import ended
from adapters.slack.faults import NOT_HERE, Denied, Refused
from adapters.slack.growth import Render, addition, has_link, remainder
from adapters.slack.history import metadata_of
from adapters.slack.markup import safe
from adapters.slack.recent import Recent
from adapters.slack.sessions import Sessions, State
from adapters.slack.slots import START, STOP, Slots
from adapters.slack.values import Timing
from bot.chat import MessageRef, Spot
from bot.errors import BadToken, MessageGone, PlatformBusy, PlatformError

log = logging.getLogger(__name__)

LONGEST_SECONDS = 240.0
"""Age at which a stream is ended; Slack does it after about 306 seconds."""

STOPPED = "stopped_by_user"
CONFLICT = "streaming_state_conflict"

MOST_PAUSE = 5.0
"""Seconds between tries to end a stream that wait for nothing in particular."""

Blocks = Sequence[Mapping[str, Any]]


@dataclass(slots=True, eq=False)
class Stream:
    """A message that is being streamed by this process.

    Attributes:
        ref: The message.
        root: Its thread.
        key: Of the post, by which it is found again.
        began: When, by the clock.
        sent: What Slack has of it.
        text: What it was to show last.
        sure: `sent` is what Slack has. After a call whose answer was lost it may have more.
        over: Somebody has ended it.
    """

    ref: MessageRef
    root: str
    key: str
    began: float
    sent: str
    text: str
    sure: bool = True
    over: bool = False


class StreamOver(PlatformBusy):
    """The message is no stream any more: its time was up, or somebody else has ended it."""


class Streams:
    """The streams of this process.

    Args:
        calls: Makes the calls.
        mode: Where to stream.
        slots: Of the calls that are rare.
        sessions: Told when the end of a stream has taken one out of `processing`.
        timing: Waits and time-outs.
        clock: Seconds, never going back.
        render: Gives what is sent for a text.

    Attributes:
        stopped: Told channel and thread when somebody has pressed Slack's own Stop button.
        fell_back: Told in a word that something was done in a second-best way.
    """

    def __init__(
        self,
        calls: Calls,
        mode: StreamMode,
        slots: Slots,
        sessions: Sessions,
        timing: Timing,
        clock: Callable[[], float],
        render: Render = safe,
    ) -> None:
        self._calls = calls
        self._mode = mode
        self._slots = slots
        self._sessions = sessions
        self._timing = timing
        self._clock = clock
        self._render = render
        self._open: dict[MessageRef, Stream] = {}
        self._recipients: Recent[tuple[str, str], str] = Recent()
        self._without: Recent[str, bool] = Recent()
        self._refused = False
        self._ending: dict[MessageRef, asyncio.Task[None]] = {}
        self.stopped: Callable[[str, str], None] = _nobody_listens
        self.fell_back: Callable[[str], None] = _nobody_counts

    def asked(self, channel: str, root: str, user: str) -> None:
        """Remember for whom the next answer in a thread is written."""
        self._recipients.put((channel, root), user)

    def recipient(self, channel: str, root: str) -> str | None:
        """Who asked last in a thread, as far as this process knows."""
        return self._recipients.get((channel, root))

    def suits(self, channel: str) -> bool:
        """Whether answers in a channel are streamed.

        Only one person sees a stream grow, which is all of a direct message and few of a channel.
        """
        if self._refused or self._without.get(channel):
            return False
        return self._mode == "native" or (self._mode == "auto" and channel.startswith("D"))

    def streamed(self, channel: str, message: str) -> bool:
        """See `Capabilities.streamed`."""
        return MessageRef(channel, message) in self._open if message else self.suits(channel)

    async def start(self, spot: Spot, text: str, key: str) -> MessageRef | None:
        """Begin a message as a stream; None when it has to be posted.

        Raises:
            PlatformError: It is not known whether it stands there, or the place is gone.
        """
        root = spot.reply_to
        if root is None or not self.suits(spot.channel):
            return None
        beginning = addition("", text, self._render)
        if not beginning.strip() or has_link(text):
            return None
        recipient = self._recipients.get((spot.channel, root))
        if not self._slots.team.startswith("T"):
            # The app is installed in a whole organisation, and a person belongs to a workspace.
            recipient = None
        if recipient is None and not spot.channel.startswith("D"):
            return None
        if await self._slots.take(START):
            self.fell_back("post instead of a stream")
            return None
        try:
            answer = await self._started(
                lambda client: client.chat_startStream(
                    channel=spot.channel,
                    thread_ts=root,
                    markdown_text=beginning,
                    recipient_user_id=recipient,
                    recipient_team_id=self._slots.team if recipient else None,
                ),
                spot.channel,
            )
        except (PlatformBusy, asyncio.CancelledError):
            # Only the answer may be lost, and the session be processing.
            self._sessions.streamed(spot.channel, root)
            raise
        if answer is None:
            return None
        ts: object = answer.get("ts")
        if not isinstance(ts, str):
            raise PlatformError("Slack's answer names no message")
        ref = MessageRef(spot.channel, ts, self._slots.team)
        self._open[ref] = Stream(ref, root, key, self._clock(), beginning, text)
        self._sessions.streamed(spot.channel, root)
        return ref

    async def _started(self, make: Make, channel: str) -> Mapping[str, Any] | None:
        try:
            return await self._calls.answer(make)
        except PlatformBusy as busy:
            if busy.retry_after is None:
                raise
            self.fell_back("post instead of a stream")
        except (Denied, Refused) as refusal:
            self._latch(channel, refusal)
        return None

    async def write(
        self,
        ref: MessageRef,
        text: str,
        *,
        streaming: bool,
        under: Blocks = (),
        session: State = "active",
    ) -> bool:
        """Make a message show `text`, if it is a stream and can; False when it has to be edited.

        Args:
            ref: The message.
            text: All of it.
            streaming: More is to come; otherwise the stream ends with this text.
            under: What stands below it then.
            session: What its session is then.

        Raises:
            StreamOver: It is no stream any more, and can be edited.
            PlatformError: It failed, and can be tried again.
        """
        stream = self._open.get(ref)
        if stream is None:
            await self._not_later(ref, "processing" if streaming else session)
            return False
        if stream.over:
            del self._open[ref]
            return False
        rest = remainder(stream.sent, text, self._render) if stream.sure else None
        if rest is None or has_link(text):
            await self._end(stream, "", "processing" if streaming else session)
            return False
        stream.text = text
        if not streaming:
            await self._finish(stream, rest, session, under)
        elif self._clock() - stream.began >= LONGEST_SECONDS:
            await self._end(stream, rest, "processing")
        else:
            await self._add(stream, addition(stream.sent, text, self._render))
        return True

    async def interrupt(self, ref: MessageRef, session: State) -> None:
        """End a stream that another process began, so that its message can be edited.

        Args:
            ref: The message.
            session: What its session is then.

        Raises:
            PlatformError: It may go on.
        """
        await self._slots.take(STOP)
        try:
            await self._calls.answer(
                lambda client: client.chat_stopStream(
                    channel=ref.channel,
                    ts=ref.message,
                    session_status=self._state(ref, session),
                ),
                patient=True,
            )
        except Refused as refusal:
            log.debug("A stream had ended already: %s", refusal)

    async def reclaim(self, refs: Sequence[MessageRef], key: str) -> MessageRef | None:
        """The first of some messages that turns out to be a stream, which is ended.

        Slack takes no metadata with a stream before its end, so one whose start was not noted is
        known by nothing else.
        """
        for ref in refs:
            await self._slots.take(STOP)
            try:
                await self._calls.answer(
                    lambda client, ref=ref: client.chat_stopStream(
                        channel=ref.channel,
                        ts=ref.message,
                        metadata=metadata_of(key),
                        session_status=self._state(ref, "processing"),
                    )
                )
            except (Denied, Refused, MessageGone) as refusal:
                log.debug("No stream: %s", refusal)
            else:
                return ref
        return None

    def earlier(self, spot: Spot) -> Sequence[tuple[MessageRef, str]]:
        """The streams in a thread, with their texts, when a further message is to follow them."""
        return [
            (stream.ref, stream.text)
            for stream in self._open.values()
            if (stream.ref.channel, stream.root) == (spot.channel, spot.reply_to)
        ]

    def over(self, ref: MessageRef) -> None:
        """Somebody has ended a stream. Its message gets its next text by an edit."""
        stream = self._open.get(ref)
        if stream is not None:
            stream.over = True

    def forget(self, ref: MessageRef) -> None:
        """A message is deleted."""
        self._open.pop(ref, None)

    async def close(self) -> None:
        """Let streams that wait for their end have it, for some seconds."""
        if not self._ending:
            return
        _, late = await asyncio.wait(self._ending.values(), timeout=self._timing.drain)
        await ended(*late)

    async def _not_later(self, ref: MessageRef, session: State) -> None:
        """A message whose stream waits for its end is to be edited: end it now."""
        ending = self._ending.get(ref)
        if ending is not None:
            await ended(ending)
            await self.interrupt(ref, session)

    async def _add(self, stream: Stream, more: str) -> None:
        if not more:
            return
        ref = stream.ref
        await self._call(
            stream,
            lambda client: client.chat_appendStream(
                channel=ref.channel, ts=ref.message, markdown_text=more
            ),
        )
        stream.sent += more

    async def _finish(self, stream: Stream, rest: str, session: State, under: Blocks) -> None:
        """Complete the text at once, and end the stream as soon as there is a slot for that."""
        wait = await self._slots.take(STOP)
        if not wait:
            try:
                return await self._stop(stream, rest, session, under)
            except PlatformBusy as busy:
                if busy.retry_after is None:
                    raise
                wait = busy.retry_after
        self.fell_back("stream ended later")
        await self._add(stream, rest)
        self._open.pop(stream.ref, None)
        task = asyncio.create_task(self._stop_later(stream, session, under, wait))
        self._ending[stream.ref] = task
        task.add_done_callback(lambda _: self._ending.pop(stream.ref, None))

    async def _stop_later(self, stream: Stream, session: State, under: Blocks, wait: float) -> None:
        until = stream.began + LONGEST_SECONDS
        while self._clock() + wait < until:
            await asyncio.sleep(wait)
            wait = await self._slots.take(STOP)
            if wait:
                continue
            try:
                return await self._stop(stream, "", session, under)
            except StreamOver:
                break
            except PlatformBusy as busy:
                wait = busy.retry_after or MOST_PAUSE
            except PlatformError as error:
                log.info("A stream was not ended: %s", error)
                break
        # Slack ends it by itself before long, which says nothing of the session.
        if session == "active":
            self._sessions.leave(stream.ref.channel, stream.root)

    async def _end(self, stream: Stream, rest: str, session: State) -> None:
        """End a stream whatever the slots say: its message has to be edited."""
        await self._slots.take(STOP)
        await self._stop(stream, rest, session, ())

    async def _stop(self, stream: Stream, rest: str, session: State, under: Blocks) -> None:
        ref = stream.ref
        await self._call(
            stream,
            lambda client: client.chat_stopStream(
                channel=ref.channel,
                ts=ref.message,
                markdown_text=rest or None,
                blocks=[dict(block) for block in under] or None,
                metadata=metadata_of(stream.key),
                session_status=self._state(ref, session),
            ),
        )
        self._open.pop(ref, None)
        if session == "active":
            self._sessions.left(ref.channel, stream.root)

    def _state(self, ref: MessageRef, session: State) -> State | None:
        """What a session is told by the end of a stream; nothing where Slack has none."""
        return None if self._sessions.refused(ref.channel) else session

    async def _call(self, stream: Stream, make: Make) -> None:
        """Make a call on a stream, and notice when the stream is none any more."""
        sure, stream.sure = stream.sure, False
        try:
            await self._calls.answer(make)
        except PlatformBusy as busy:
            # Only a refusal with a time to wait is sure not to have been carried out.
            stream.sure = sure and busy.retry_after is not None
            raise
        except (MessageGone, BadToken):
            self._open.pop(stream.ref, None)
            raise
        except (Denied, Refused) as refusal:
            self._open.pop(stream.ref, None)
            if refusal.code == STOPPED:
                self.stopped(stream.ref.channel, stream.root)
            elif refusal.code in NOT_HERE:
                self._latch(stream.ref.channel, refusal)
            # Whoever goes on with the message makes sure first that it is still theirs.
            raise StreamOver(f"the stream is over: {refusal}") from refusal
        stream.sure = sure

    def _latch(self, channel: str, refusal: Denied | Refused) -> None:
        if refusal.code in NOT_HERE:
            self._refused = True
            log.info("Slack takes no streams here, answers are edited: %s", refusal)
        else:
            self._without.put(channel, True)
            log.info("Slack takes no stream in channel %s: %s", channel, refusal)
        self.fell_back("no streams")


def _nobody_listens(_channel: str, _root: str) -> None:
    """Before the adapter runs nobody can have pressed anything."""


def _nobody_counts(_what: str) -> None:
    """Before the adapter runs nothing is counted."""
