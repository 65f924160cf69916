"""The messages of answers: posted, or begun as a stream; edited, or gone on with; deleted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adapters.slack import history
from adapters.slack.calls import Calls, Make
from adapters.slack.controls import RATINGS, Able, controls, shown
from adapters.slack.faults import Refused
from adapters.slack.growth import Render
from adapters.slack.recent import Recent
from adapters.slack.render import takes_long
from adapters.slack.sessions import Sessions
from adapters.slack.status import StatusLine
from adapters.slack.streams import CONFLICT, StreamOver, Streams
from adapters.slack.translate import position_of
from adapters.slack.values import Own, Timing
from bot.chat import MessageRef, Spot
from bot.controls import PLAIN, Presentation
from bot.errors import MessageGone, PlatformError

log = logging.getLogger(__name__)

UNTAKEN = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
"""How Slack refuses blocks. Not every plan may have every kind of them."""


class Messages:
    """Writes messages, each in the way that its channel takes.

    Args:
        calls: Makes the calls.
        own: Who we are.
        timing: Waits and time-outs.
        streams: Messages that grow natively.
        sessions: Told when a message is begun and when it stands.
        status: Told of messages, by which Slack clears the status line.
        render: Gives what is sent for a text.
    """

    def __init__(
        self,
        calls: Calls,
        own: Own,
        timing: Timing,
        streams: Streams,
        sessions: Sessions,
        status: StatusLine,
        render: Render,
    ) -> None:
        self._calls = calls
        self._own = own
        self._timing = timing
        self._streams = streams
        self._sessions = sessions
        self._status = status
        self._render = render
        self._roots: Recent[MessageRef, str] = Recent()
        self._heard: Recent[tuple[str, str], str] = Recent()
        self._tried: Recent[str, str] = Recent()
        self._able = Able.THUMBS

    def heard(self, channel: str, root: str, ts: str) -> None:
        """Somebody has said something in a thread: what is posted from now on stands below it."""
        known = self._heard.get((channel, root))
        if known is None or position_of(known) < position_of(ts):
            self._heard.put((channel, root), ts)

    async def post(
        self, spot: Spot, text: str, *, key: str, again: bool, look: Presentation
    ) -> MessageRef:
        """See `bot.adapter.Adapter`."""
        newest = self._heard.get((spot.channel, spot.reply_to or ""))
        if newest is not None and not again:
            self._tried.put(key, newest)
        found = await self._posted(spot, key) if again else None
        if found is not None:
            # It may have begun as a stream, whatever has become of the process that began it.
            if spot.reply_to is not None and self._streams.suits(spot.channel):
                self._sessions.streamed(spot.channel, spot.reply_to)
            self._begun(spot, found, look)
            await self.edit(found, text, look=look)
            return found
        for earlier, whole in self._streams.earlier(spot):
            await self._complete(earlier, whole)
        stood = self._status.standing(spot)
        ref = await self._streams.start(spot, text, key) if look.streaming else None
        if ref is None:
            ref = await self._post(spot, text, key, look)
        self._status.answered(spot, stood)
        self._begun(spot, ref, look)
        return ref

    async def _post(self, spot: Spot, text: str, key: str, look: Presentation) -> MessageRef:
        def make(content: Mapping[str, Any]) -> Make:
            return lambda client: client.chat_postMessage(
                channel=spot.channel,
                thread_ts=spot.reply_to,
                parse="none",
                unfurl_links=False,
                unfurl_media=False,
                metadata=history.metadata_of(key),
                **content,
            )

        answer = await self._made(make, text, look)
        ts: object = answer.get("ts")
        if not isinstance(ts, str):
            raise PlatformError("Slack's answer names no message")
        return MessageRef(spot.channel, ts, self._own.team)

    async def _posted(self, spot: Spot, key: str) -> MessageRef | None:
        """The message that an earlier process, or an earlier try, may have posted."""
        team = self._own.team
        if (newest := self._tried.get(key)) is not None:
            # Some apps may read a few messages only, and more has been said since the question.
            spot = replace(spot, asked=newest)
        ours = await history.ours(self._calls, self._own, self._timing, spot)
        if (found := history.keyed(ours, key)) is not None:
            return MessageRef(spot.channel, found, team)
        if not self._streams.suits(spot.channel):
            return None
        nameless = [MessageRef(spot.channel, ts, team) for ts in history.nameless(ours)]
        return await self._streams.reclaim(nameless, key)

    def _begun(self, spot: Spot, ref: MessageRef, look: Presentation) -> None:
        """A message stands there; if more of it is to come, its end will be told."""
        if spot.reply_to is None:
            return
        if look.streaming:
            self._roots.put(ref, spot.reply_to)
            self._sessions.begun(spot.channel, spot.reply_to)
        else:
            self._sessions.leave(spot.channel, spot.reply_to)

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation) -> None:
        """See `bot.adapter.Adapter`."""
        if not await self._streams.write(
            ref, text, streaming=look.streaming, under=controls(look, self._able)
        ):
            await self._replace(ref, text, look, more=look.streaming)
        if not look.streaming and (root := self._roots.pop(ref)) is not None:
            self._sessions.leave(ref.channel, root)

    async def _complete(self, ref: MessageRef, text: str) -> None:
        """A further message of the answer follows this one, which has its last text."""
        try:
            if await self._streams.write(ref, text, streaming=False, session="processing"):
                return
        except StreamOver as over:
            log.info("A stream is completed by an edit: %s", over)
        await self._replace(ref, text, PLAIN, more=True)

    async def _replace(self, ref: MessageRef, text: str, look: Presentation, *, more: bool) -> None:
        """Edit a message as a whole; `more` of the answer is to come, here or below."""
        try:
            await self._update(ref, text, look)
        except Refused as refusal:
            if refusal.code != CONFLICT:
                raise
            # The process that streamed it has ended, or has lost it to this one.
            await self._streams.interrupt(ref, "processing" if more else "active")
            await self._update(ref, text, look)

    async def _update(self, ref: MessageRef, text: str, look: Presentation) -> None:
        def make(content: Mapping[str, Any]) -> Make:
            # Unlike a post, an edit reads names out of the text unless it is told not to.
            return lambda client: client.chat_update(
                channel=ref.channel, ts=ref.message, parse="none", **content
            )

        await self._made(make, text, look, anew=True)

    async def _made(
        self,
        make: Callable[[Mapping[str, Any]], Make],
        text: str,
        look: Presentation,
        *,
        anew: bool = False,
    ) -> Mapping[str, Any]:
        """Make a call with what is to be shown; with less below it where Slack refuses that."""
        able = self._able
        while True:
            content = await self._content(text, look, anew, able)
            try:
                answer = await self._calls.answer(make(content))
            except Refused as refusal:
                if refusal.code not in UNTAKEN or able is Able.WORDS or "blocks" not in content:
                    raise
                log.warning("Slack does not take what stands below an answer: %s", refusal)
                thumbs = able is Able.THUMBS and RATINGS.keys() <= frozenset(look.actions)
                able = Able.BUTTONS if thumbs else Able.WORDS
            else:
                if able is Able.BUTTONS:
                    # The same without thumbs was taken, so it was these.
                    self._able = able
                return answer

    async def _content(
        self, text: str, look: Presentation, anew: bool, able: Able
    ) -> Mapping[str, Any]:
        if not takes_long(text):
            return shown(text, look, self._render, anew=anew, able=able)
        return await asyncio.to_thread(shown, text, look, self._render, anew=anew, able=able)

    async def delete(self, ref: MessageRef) -> None:
        """See `bot.adapter.Adapter`."""
        self._streams.forget(ref)
        try:
            await self._calls.answer(
                lambda client: client.chat_delete(channel=ref.channel, ts=ref.message)
            )
        except MessageGone:
            log.debug("A message was deleted already")
