"""Discord as a platform: connecting, and showing answers."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord import history
from adapters.discord.calls import Calls, Timing
from adapters.discord.changes import Changes
from adapters.discord.commands import sync
from adapters.discord.controls import buttons, carries
from adapters.discord.downloads import Downloads
from adapters.discord.faults import Denied, Refused, why_lost
from adapters.discord.gateways import Gateways
from adapters.discord.intake import Intake
from adapters.discord.interactions import NO_FILES, TOO_LARGE, fitting
from adapters.discord.layout import (
    Presenter,
    edit_of,
    is_laid_out,
    laid_out,
    may_be_laid_out,
    said_by,
)
from adapters.discord.logins import Logins, allowance
from adapters.discord.marks import Marks
from adapters.discord.markup import MAX_CHARS, measure, pieces
from adapters.discord.members import Members
from adapters.discord.missed import Missed
from adapters.discord.muted import Muted
from adapters.discord.notice import MENTION_ME, Unheard
from adapters.discord.opening import Opening
from adapters.discord.originals import uploads
from adapters.discord.panels import view_of
from adapters.discord.places import Places
from adapters.discord.reaching import reach_of
from adapters.discord.reactions import Reactions
from adapters.discord.render import measure_shown, rendering
from adapters.discord.sending import NOBODY, Sending
from adapters.discord.servers import Servers
from adapters.discord.shards import ALONE, Plan, Shard, read_plan
from adapters.discord.values import DIRECT_SPACE, PLATFORM
from bot.attached import Attachment
from bot.capabilities import Capabilities, Limit
from bot.chat import CommandReply, File, History, Incoming, MessageRef, Reach, Spot, ThreadKey
from bot.controls import PLAIN, Action, Presentation
from bot.errors import MessageGone, NotAllowed
from bot.inbox import Inbox

log = logging.getLogger(__name__)

FILE_BYTES = 10 * 1024 * 1024

CAPABILITIES = Capabilities(
    max_chars=MAX_CHARS,
    limits=(
        Limit(frozenset({"edit"}), "channel", 5, 5.0),
        Limit(frozenset({"post"}), "channel", 5, 5.0),
        # Discord's own figure is 50; the rest is for commands and reading.
        Limit(frozenset({"open", "post", "edit", "delete", "status"}), "adapter", 45, 1.0),
    ),
    min_edit_seconds=1.05,
    status_seconds=8.0,
    status_lapses=True,
    controls=frozenset(Action),
    file_bytes=FILE_BYTES,
    people_per_space=False,
    directs=lambda space: (DIRECT_SPACE, ""),
)

STATUS_SECONDS = 4.0
LONGEST_NONCE = 25
LEASE_SECONDS = 15.0
IDENTIFY_SECONDS = 5.0
ON_THE_WAY_SECONDS = 1.0
"""Two log-ins may be nearer to each other when they arrive than when they left."""

USE_COMMAND = "Please use {command} here: its answer is shown to you only."
LOOK_IN_MESSAGES = "I've answered you in a direct message."
NO_DIRECT_MESSAGE = (
    "I can't send you a direct message. Use {command} here: its answer is shown to you only."
)


def create(values: Mapping[str, str]) -> DiscordAdapter:
    """The `AdapterFactory` of Discord."""
    redirect(values)
    logging.getLogger("discord.client").addFilter(without_traceback)
    apart = float(values.get("DISCORD_IDENTIFY_SECONDS", IDENTIFY_SECONDS))
    timing = Timing(identify=apart + ON_THE_WAY_SECONDS if apart else 0.0)
    return DiscordAdapter(
        values["DISCORD_TOKEN"],
        timing,
        logins=Logins(time.monotonic, timing, allowed=allowance if apart else None),
        plan=read_plan(values.get("DISCORD_SHARDS", "")),
        lease=float(values.get("BOBBIN_LEASE_SECONDS", LEASE_SECONDS)),
        components=values.get("DISCORD_PRESENTATION") == "components",
    )


def redirect(values: Mapping[str, str]) -> None:
    """Point the SDK at other addresses, which it keeps for the whole process."""
    if api := values.get("DISCORD_API_URL"):
        Route.BASE = api.rstrip("/")
    if gateway := values.get("DISCORD_GATEWAY_URL"):
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    # Said at each start otherwise, although nothing here speaks.
    discord.VoiceClient.warn_nacl = False
    discord.VoiceClient.warn_dave = False


def without_traceback(record: logging.LogRecord) -> bool:
    """A log filter: that the SDK connects again is one line, not sixty at ERROR."""
    if record.exc_info and str(record.msg).startswith("Attempting a reconnect"):
        record.msg = f"{record.msg} ({why_lost(record.exc_info[1])})"
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


class DiscordAdapter:
    """The `Adapter` of Discord.

    Args:
        token: Bot token.
        timing: Waits and time-outs.
        clock: Seconds, never going back.
        calendar: Seconds since the epoch.
        logins: Keeps the log-ins at the gateway few; None for the usual number.
        plan: Which servers this process hears.
        lease: How long a silent process keeps a shard, in seconds.
        components: Long messages are components, see `layout`.
    """

    name = PLATFORM

    def __init__(
        self,
        token: str,
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        calendar: Callable[[], float] = time.time,
        logins: Logins | None = None,
        plan: Plan = ALONE,
        lease: float = LEASE_SECONDS,
        components: bool = False,
    ) -> None:
        self._presenter = Presenter(components, clock)
        self.capabilities = replace(CAPABILITIES, max_chars=self._presenter.max_chars)
        self._timing = timing or Timing()
        self._clock = clock
        self._calendar = calendar
        logins = logins or Logins(clock, self._timing)
        self._calls = Calls(self._timing)
        self._gateways = Gateways(token, self._timing, self._calls, logins, plan, lease, clock)
        # Interactions do not count towards the global limit, nor are they held up by it.
        self._interaction_calls = Calls(self._timing)
        self._downloads = Downloads(self._calls, self._gateways.client)
        self._places = Places(self._calls, clock)
        self._members = Members(self._calls, clock)
        self._sending = Sending(self._gateways, self._calls, self._places.refusals, self._timing)
        self._opening = Opening(self._gateways, self._places, self._calls, self._timing)
        self._unheard = Unheard()
        self._marks = Marks(self._calls, clock)
        self._muted = Muted(self._tell_alone, clock)
        self._render = rendering()

    async def run(self, inbox: Inbox) -> None:
        """Connect and deliver events until cancelled. REST calls work until `close`."""
        await self._gateways.run(
            inbox,
            lambda shard, heard: self._intake(inbox, shard, heard),
            lambda client: sync(client, self._calls, inbox),
        )

    def _intake(self, inbox: Inbox, shard: Shard, heard: Callable[[bool], None]) -> Intake:
        """What takes the events of one shard."""
        changes = Changes(
            inbox, self._places, self._members, self._calls, self._timing, self._muted
        )
        return Intake(
            inbox,
            self._places,
            self._interaction_calls,
            self._timing,
            self._clock,
            self._tell,
            Missed(inbox, self._calls, self._timing, self._calendar, changes, shard),
            Servers(inbox, self._calls, self._timing, shard),
            self._members,
            changes,
            Reactions(
                *(inbox, self._places, self._calls, self._members),
                *(self._tell, self._clock, self._timing),
            ),
            self._muted,
            heard,
        )

    async def open(self, event: Incoming, title: str) -> Spot:
        """The event's thread, made when it is missing; in place where there can be none."""
        spot = await self._opening.spot(event, title)
        if spot.channel != event.ref.channel:
            self._unheard.opened(spot.channel, await self._gateways.knowing(event.thread.space))
        return spot

    async def post(
        self,
        spot: Spot,
        text: str,
        *,
        key: str,
        again: bool = False,
        look: Presentation = PLAIN,
    ) -> MessageRef:
        """Post a message. `key` is the nonce, by which Discord knows a repeated post.

        Discord remembers nonces for some minutes: within them a repeated post gives back the
        message that stands, which is then brought to `text`.
        """
        shown = self._shown(text)
        out = self._presenter.is_laid_out(shown)
        extra: dict[str, Callable[[], Any]] = {}
        if out:
            extra["view"] = lambda: laid_out(shown, look)
        elif look.actions or look.buttons:
            extra["view"] = lambda: buttons(look)
        answer = await self._sending.send(spot, key, None if out else shown, **extra)
        fields = answer.fields()
        ref = MessageRef(spot.channel, str(fields["id"]))
        if is_laid_out(fields):
            self._presenter.became(ref.message)
        same = said_by(fields).strip() == shown.strip() and carries(fields, look)
        if again and not same:
            await self.edit(ref, text, look=look)
        return ref

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        """Replace a message's text and buttons; returns when Discord's answer is there."""
        shown = self._shown(text)
        out = self._presenter.is_laid_out(shown, ref.message)
        try:
            await self._rewrite(ref, shown, look, out)
        except Refused as refusal:
            if out or not may_be_laid_out(refusal.code):
                raise
            await self._rewrite(ref, shown, look, True)

    async def _rewrite(self, ref: MessageRef, text: str, look: Presentation, out: bool) -> None:
        client = await self._gateways.client()
        channel, number = int(ref.channel), int(ref.message)
        # An edit by ids alone carries no flags, so previews that were held back stay away.
        message = client.get_partial_messageable(channel).get_partial_message(number)
        if not out:
            await self._sending.change(
                "edit",
                ref.channel,
                lambda: message.edit(content=text, allowed_mentions=NOBODY, view=buttons(look)),
            )
            return
        await self._sending.change(
            "edit",
            ref.channel,
            lambda: client.http.edit_message(channel, number, params=edit_of(text, look)),
        )
        self._presenter.became(ref.message)

    async def attach(
        self, spot: Spot, file: File, key: str, text: str = "", *, again: bool = False
    ) -> MessageRef:
        """Post a file. Its nonce keeps a repeated post from making a second one.

        The text beside a file is never components.
        """
        if len(file.content) > FILE_BYTES:
            raise ValueError(f"a file of {len(file.content)} bytes, {FILE_BYTES} are taken")
        shown = self._shown(text)
        if measure(shown) > MAX_CHARS:
            raise ValueError(f"text of {measure(shown)} units with a file, {MAX_CHARS} are taken")
        answer = await self._sending.send(spot, key, shown or None, files=lambda: uploads((file,)))
        return MessageRef(spot.channel, str(answer.fields()["id"]))

    async def delete(self, ref: MessageRef) -> None:
        """Delete a message of our own."""
        client = await self._gateways.client()
        message = client.get_partial_messageable(int(ref.channel)).get_partial_message(
            int(ref.message)
        )
        try:
            await self._sending.change("delete", ref.channel, message.delete)
        except MessageGone:
            log.debug("A message was deleted already")

    async def show_status(self, spot: Spot, status: str | None) -> None:
        """Show that the bot is typing. Discord takes the sign away by itself, never on demand."""
        if status is None:
            return
        client = await self._gateways.client()
        # Typing and posting need the same permission.
        self._places.refusals.check("post", spot.channel)
        try:
            await self._calls.answer(
                lambda: client.http.send_typing(int(spot.channel)),
                seconds=STATUS_SECONDS,
                repeat=False,
            )
        except Denied as denied:
            self._places.refusals.deny("post", spot.channel, denied, self._timing.denied)
            raise

    async def mark_waiting(self, ref: MessageRef, waiting: bool) -> None:
        """Put a reaction on a message that waits, or take it away."""
        await self._marks.show(await self._gateways.client(), ref, waiting)

    async def settled(self, thread: ThreadKey) -> None:
        """Say once in a new thread that people have to mention the bot, where that is so."""
        if self._unheard.is_due(thread.thread):
            await self._sending.send(
                Spot(thread.thread), f"m{thread.thread}", MENTION_ME, silent=lambda: True
            )

    async def history(self, event: Incoming, limit: int) -> History:
        """What was said in the event's thread before it."""
        client = await self._gateways.client()
        knowing = await self._gateways.knowing(event.thread.space)
        return await history.read(client, knowing, self._calls, event, limit)

    async def download(self, attachment: Attachment, most_bytes: int) -> bytes:
        """Fetch an attachment from Discord's file hosts."""
        return await self._downloads.fetch(attachment, most_bytes)

    async def since(self, first: MessageRef, thread: ThreadKey, limit: int) -> History:
        """The message `first` and what was said after it where it stands."""
        client = await self._gateways.client()
        knowing = await self._gateways.knowing(thread.space)
        return await history.since(client, knowing, self._calls, first, thread, limit)

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        """Answer a typed command: what must be private goes into a direct message."""
        here = Spot(event.ref.channel, reply_to=event.ref.message)
        chosen = reply.is_panel or bool(reply.choices)
        if chosen and reply.private and not (event.direct or reply.harmless):
            # In a direct message it would be chosen or pressed in another place.
            told = USE_COMMAND.format(command=f"/{_typed_name(event)}")
            await self._sending.send(here, f"w{event.ref.message}", told)
            return
        if event.direct or reply.harmless or not reply.private:
            await self._say(here, event, reply)
            return
        name = _typed_name(event)
        command = f"/{name}" if name else "the slash command"
        try:
            client = await self._gateways.client()
            made = await self._calls.answer(
                lambda: client.http.start_private_message(int(event.author.id)), patient=True
            )
            await self._say(Spot(str(made.fields()["id"])), event, reply)
            text = LOOK_IN_MESSAGES
        except (NotAllowed, Refused) as refusal:
            log.info("No direct message to the caller of a command: %s", refusal)
            text = NO_DIRECT_MESSAGE.format(command=command)
        await self._sending.send(here, f"w{event.ref.message}", text)

    async def _say(self, spot: Spot, event: Incoming, reply: CommandReply) -> None:
        if reply.is_panel:
            nonce = f"r{event.ref.message}"
            await self._sending.send(spot, nonce, None, view=lambda: view_of(reply, self._render))
            return
        files, left_out = fitting(reply.files, FILE_BYTES)
        text = f"{reply.text}\n\n{TOO_LARGE}" if left_out else reply.text
        try:
            await self._say_parts(spot, event, text, files)
        except NotAllowed:
            if not files:
                raise
            await self._say_parts(spot, event, f"{reply.text}\n\n{NO_FILES}")

    async def _say_parts(
        self, spot: Spot, event: Incoming, text: str, files: Sequence[File] = ()
    ) -> None:
        parts = list(pieces(self._render(text))) or [""]
        extra: dict[str, Callable[[], Any]] = {}
        if files:
            extra["files"] = lambda: uploads(files)
        last = len(parts) - 1
        for number, part in enumerate(parts):
            nonce = f"r{event.ref.message}{number}"
            await self._sending.send(spot, nonce, part or None, **(extra if number == last else {}))

    async def link(self, thread: ThreadKey, message: str, *, loose: bool = False) -> str:
        """The message's address; a thread's own first message is in the channel above it."""
        above = loose or message == thread.thread
        channel = thread.channel if above else thread.thread
        return f"https://discord.com/channels/{thread.space}/{channel}/{message}"

    async def _tell(self, ref: MessageRef, text: str) -> None:
        # Several things may be said about one message, and each of them once.
        nonce = hashlib.sha256(f"{ref.message}:{text}".encode()).hexdigest()[:LONGEST_NONCE]
        await self._sending.send(Spot(ref.channel, reply_to=ref.message), nonce, text)

    async def tell(self, space: str, user: str, text: str, *, key: str) -> bool:
        """Whoever shares a server with the bot may take messages from it, or not."""
        if not user.isdecimal():
            return False
        client = await self._gateways.client()
        try:
            opened = await self._calls.answer(
                lambda: client.http.start_private_message(int(user)), patient=True
            )
            spot = Spot(str(opened.fields()["id"]))
            await self._sending.send(spot, key, self._shown(text))
        except (NotAllowed, MessageGone, Refused) as refusal:
            log.info("somebody takes no direct message: %s", refusal)
            return False
        return True

    async def _tell_alone(self, user: str, text: str, key: str) -> bool:
        return await self.tell(DIRECT_SPACE, user, text, key=key)

    async def reach(
        self, space: str, user: str, places: Collection[tuple[str, str]]
    ) -> Reach | None:
        """What somebody may read in a server; nothing is told of direct messages."""
        client, knowing = await self._gateways.client(), await self._gateways.knowing(space)
        return await reach_of(self._calls, self._places, client, knowing, space, user, places)

    def measure(self, text: str) -> int:
        """UTF-16 code units of what is sent."""
        return measure_shown(self._render, text)

    def _shown(self, text: str) -> str:
        """What is sent for a text.

        Raises:
            ValueError: It is too long.
        """
        most = self._presenter.max_chars
        if (size := self.measure(text)) > most:
            raise ValueError(f"text of {size} units for a message of {most}")
        return self._render(text)

    async def close(self) -> None:
        """Release connections."""
        await self._gateways.close()
        await asyncio.gather(
            self._calls.close(), self._interaction_calls.close(), self._downloads.close()
        )


def _typed_name(event: Incoming) -> str:
    """The name of the command that a message consists of; empty when it is none."""
    words = event.text.split()
    name = words[0].lstrip("!/").casefold() if words else ""
    return name if name.isalpha() else ""
