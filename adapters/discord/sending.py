"""Calls that write into a channel or thread, as far as it lets us."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

import discord

from adapters.discord.calls import Answer, Calls, Timing
from adapters.discord.faults import Archived, Denied, NoReply
from adapters.discord.gateways import Gateways
from adapters.discord.refusals import Refusals
from bot.chat import Spot

log = logging.getLogger(__name__)

NOBODY = discord.AllowedMentions.none()


class Sending:
    """Writes.

    Args:
        gateways: The clients.
        calls: Makes the calls.
        refusals: What channels have refused lately.
        timing: How long they are not asked again.
    """

    def __init__(
        self, gateways: Gateways, calls: Calls, refusals: Refusals, timing: Timing
    ) -> None:
        self._gateways = gateways
        self._calls = calls
        self._refusals = refusals
        self._timing = timing

    async def send(
        self, spot: Spot, nonce: str, text: str | None, **extra: Callable[[], Any]
    ) -> Answer:
        """Send a message; `extra` gives what the SDK's `send` takes, made anew for each try.

        Where nobody lets us read what was said before, Discord lets us not reply to it either; the
        message stands by itself then.
        """
        answered = spot.reply_to
        if answered is not None and self._refusals.may("reply", spot.channel):
            reference = discord.MessageReference(
                message_id=int(answered), channel_id=int(spot.channel), fail_if_not_exists=False
            )
            try:
                return await self._post(
                    spot.channel, nonce, text, extra, reference=reference, mention_author=False
                )
            except NoReply as refusal:
                self._refusals.deny("reply", spot.channel, refusal, self._timing.refused)
        return await self._post(spot.channel, nonce, text, extra)

    async def _post(
        self,
        channel: str,
        nonce: str,
        text: str | None,
        extra: dict[str, Callable[[], Any]],
        **reference: Any,
    ) -> Answer:
        client = await self._gateways.client()
        there = client.get_partial_messageable(int(channel))
        return await self.change(
            # Where files are forbidden, text may be allowed.
            "attach" if "files" in extra else "post",
            channel,
            lambda: there.send(
                content=text,
                nonce=nonce,
                allowed_mentions=NOBODY,
                suppress_embeds=True,
                **reference,
                **{name: make() for name, make in extra.items()},
            ),
        )

    async def change(
        self, call: str, channel: str, make: Callable[[], Coroutine[Any, Any, object]]
    ) -> Answer:
        """Make a call that an archived thread refuses; such a thread is opened once.

        What was forbidden a moment ago is not asked for again.
        """
        self._refusals.check(call, channel)
        try:
            return await self._woken(channel, make)
        except Denied as denied:
            self._refusals.deny(call, channel, denied, self._timing.denied)
            raise

    async def _woken(self, channel: str, make: Callable[[], Coroutine[Any, Any, object]]) -> Answer:
        try:
            return await self._calls.answer(make)
        except Archived:
            log.info("Opening the archived thread %s again", channel)
        client = await self._gateways.client()
        await self._calls.answer(
            lambda: client.http.edit_channel(int(channel), archived=False), patient=True
        )
        return await self._calls.answer(make)
