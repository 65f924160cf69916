"""Showing what commands say: privately where it belongs to one person, with files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.slack.calls import Calls
from adapters.slack.commands import blocks, picker
from adapters.slack.faults import Denied, Refused
from adapters.slack.files import upload
from adapters.slack.growth import has_link
from adapters.slack.markup import pieces
from adapters.slack.mrkdwn import mrkdwn
from adapters.slack.panels import below
from adapters.slack.render import fallback, rendered
from adapters.slack.values import fields
from bot.chat import CommandReply, Incoming, ThreadKey
from bot.errors import MessageGone, PlatformError

log = logging.getLogger(__name__)

SHARED = "Shown to everybody in the thread."
SHARED_HERE = "Shown to everybody here."
DELIVERED = "You'll find it in our direct messages."
UNDELIVERED = "Slack did not take the file. Whoever runs this bot finds the reason in the log."
DONE = "Done."
MOST_PARTS = 4
"""A response_url takes five answers; the picker may have taken one."""
UPLOAD_SECONDS = 45.0
"""For all files of an answer; each takes a call of its own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which command is answered, and to whom.

    Attributes:
        name: The command.
        user: Who called it.
        thread: The thread it is about, if that is settled.
        options: As given.
        channel: Where it was called.
    """

    name: str
    user: str
    thread: ThreadKey | None = None
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    channel: str = ""


class Answers:
    """Shows replies.

    Args:
        calls: Makes the calls.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def to_url(
        self, url: str, asked: Asked, reply: CommandReply, *, replaces: bool = False
    ) -> None:
        """Answer a slash command or a choice.

        Args:
            url: Its response_url.
            asked: What is answered.
            reply: The answer.
            replaces: Put the answer in the place of the list that was chosen from.

        Raises:
            PlatformError: It could not be shown.
        """
        if not reply.private and asked.thread is not None:
            await self._openly(asked.thread, asked, reply)
            reply = CommandReply(SHARED)
        elif not reply.private and reply.files:
            reply = await self._in_channel(asked, reply)
        else:
            reply = await self.beside(asked, reply)
        for number, body in enumerate(_bodies(asked, reply)):
            await self._calls.respond(
                url,
                {
                    "response_type": "ephemeral",
                    "replace_original": replaces and number == 0,
                    **body,
                },
            )

    async def to_message(self, event: Incoming, asked: Asked, reply: CommandReply) -> None:
        """Answer a command that was typed as a message.

        Raises:
            PlatformError: It could not be shown.
        """
        key = event.thread
        if event.direct or not reply.private:
            await self._openly(key, asked, reply)
            return
        reply = await self.beside(asked, reply)
        # In a thread without replies nobody sees a private message.
        begun = event.ref.message != key.thread
        where = {"thread_ts": key.thread} if begun else {}
        for body in _bodies(asked, reply):
            await self._calls.answer(
                lambda client, body=body: client.chat_postEphemeral(
                    channel=key.channel, user=asked.user, **where, **body
                )
            )

    async def to_person(self, user: str, text: str) -> bool:
        """Tell somebody something in a direct message; whether Slack lets us.

        Raises:
            PlatformError: It does not answer.
        """
        try:
            await self._in_thread(await self._direct(user), None, CommandReply(text))
        except (Denied, MessageGone, Refused) as refusal:
            log.info("Somebody is not told in a direct message: %s", refusal)
            return False
        return True

    async def _direct(self, user: str) -> str:
        """The direct messages with somebody, opened where there were none."""
        opened = await self._calls.answer(
            lambda client: client.conversations_open(users=user), patient=True
        )
        return str(fields(opened.get("channel")).get("id"))

    async def _openly(self, thread: ThreadKey, asked: Asked, reply: CommandReply) -> None:
        """Show an answer to everybody in the thread."""
        if reply.files:
            await self._upload(thread.channel, thread.thread, reply)
            return
        await self._in_thread(thread.channel, thread.thread, reply, _below(asked, reply))

    async def _in_channel(self, asked: Asked, reply: CommandReply) -> CommandReply:
        """Show files to everybody in a channel; beside it where the bot can't write there."""
        try:
            await self._upload(asked.channel, None, reply)
        except (Denied, MessageGone, Refused) as refusal:
            log.info("A file is not shown in channel %s: %s", asked.channel, refusal)
            return await self.beside(asked, reply)
        return CommandReply(SHARED_HERE)

    async def _in_thread(
        self,
        channel: str,
        root: str | None,
        reply: CommandReply,
        extra: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        parts = list(pieces(reply.text)) or [DONE]
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            body = _body(part, extra) if last and extra else {"markdown_text": rendered(part)}
            await self._calls.answer(
                lambda client, body=body: client.chat_postMessage(
                    channel=channel,
                    thread_ts=root,
                    parse="none",
                    unfurl_links=False,
                    unfurl_media=False,
                    **body,
                )
            )

    async def beside(self, asked: Asked, reply: CommandReply) -> CommandReply:
        """Hand private files over in a direct message, and say so in the answer.

        Raises:
            PlatformBusy: Slack does not take them now.
        """
        if not reply.files:
            return reply
        told = DELIVERED
        try:
            await self._upload(await self._direct(asked.user), None, reply)
        except (Denied, MessageGone, Refused) as refusal:
            log.warning("A file was not delivered: %s (%s)", refusal, refusal.hint)
            told = UNDELIVERED
        return CommandReply(f"{reply.text}\n\n{told}".strip(), choices=reply.choices)

    async def _upload(self, channel: str, root: str | None, reply: CommandReply) -> None:
        """Hand files over under the text, which is in Slack's own markup there."""
        files = [upload(file) for file in reply.files if file.content]
        if not files:
            raise PlatformError("there is nothing in the files")
        text = reply.text
        if has_link(text):
            # What stands above a file cannot be said to have no previews.
            await self._in_thread(channel, root, reply)
            text = ""
        comment = mrkdwn(text) or None
        await self._calls.answer(
            lambda client: client.files_upload_v2(
                file_uploads=files, channel=channel, thread_ts=root, initial_comment=comment
            ),
            seconds=UPLOAD_SECONDS,
        )


def _bodies(asked: Asked, reply: CommandReply) -> Sequence[Mapping[str, Any]]:
    parts = list(pieces(reply.text)) or [DONE]
    if len(parts) > MOST_PARTS:
        log.warning("An answer to a command was cut: it is too long for Slack")
        parts = parts[:MOST_PARTS]
    extra = _below(asked, reply)
    last = len(parts) - 1
    return [_body(part, extra if number == last else ()) for number, part in enumerate(parts)]


def _below(asked: Asked, reply: CommandReply) -> Sequence[Mapping[str, Any]]:
    """What there is to choose and to press, under the text."""
    chosen = picker(asked.name, asked.options, reply.choices)
    return [*([chosen] if chosen else []), *below(reply)]


def _body(text: str, extra: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"text": fallback(text), "blocks": [*blocks(text), *extra]}
