"""Messages, reactions and typing over REST."""

from __future__ import annotations

from typing import Any

from tests.simulators.discord_sim.compose import draft
from tests.simulators.discord_sim.errors import ApiError, invalid_field
from tests.simulators.discord_sim.fields import EDIT, MESSAGE, check_body
from tests.simulators.discord_sim.limits import Limits
from tests.simulators.discord_sim.model import (
    DEFAULT,
    ORDINARY,
    POSTS,
    REPLY,
    THREAD_STARTER,
    Channel,
    Message,
    Typing,
)
from tests.simulators.discord_sim.payloads import user_payload
from tests.simulators.discord_sim.permissions import may
from tests.simulators.discord_sim.rest import Call, Endpoint
from tests.simulators.discord_sim.world import World

NONCE_SECONDS = 300.0
"""Real seconds whatever the scale: processes that die start again no faster."""

OLD_SECONDS = 3600.0
"""Edits of messages older than that are counted by themselves."""

_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = _MESSAGES + "/{message_id}"
_REACTION = _MESSAGE + "/reactions/{emoji}"


def visible_channel(world: World, channel_id: int) -> Channel:
    """Return a channel the bot can look into.

    Raises:
        ApiError: there is none, or the bot has no access.
    """
    channel = world.channels.get(channel_id)
    if channel is None or channel.deleted or (channel.guild is not None and channel.guild.gone):
        raise ApiError(10003)
    if not may(channel, world.bot.id, "view_channel"):
        raise ApiError(50001)
    return channel


def require(world: World, channel: Channel, *names: str) -> None:
    """Check the bot's permissions.

    Raises:
        ApiError: one is missing.
    """
    if not may(channel, world.bot.id, *names):
        raise ApiError(50007 if channel.guild is None and "send_messages" in names else 50013)


def require_sending(world: World, channel: Channel) -> None:
    """Check that the bot may post in a channel.

    Raises:
        ApiError: the channel holds no messages, the bot may not, or the thread is locked.
    """
    if channel.type in POSTS:
        raise ApiError(50008)
    if channel.unready:
        channel.unready -= 1
        raise ApiError(40058)
    require(world, channel, "send_messages_in_threads" if channel.is_thread else "send_messages")
    if channel.locked and not may(channel, world.bot.id, "manage_threads"):
        raise ApiError(160005)


class MessageRoutes:
    """Handlers for messages."""

    def __init__(self, world: World, limits: Limits) -> None:
        self._world = world
        self._limits = limits
        self._nonces: dict[tuple[int, str], tuple[float, Message]] = {}

    def endpoints(self) -> list[Endpoint]:
        """Return the routes."""
        return [
            Endpoint("GET", _MESSAGES, self.list),
            Endpoint("POST", _MESSAGES, self.create),
            Endpoint("GET", _MESSAGE, self.get),
            Endpoint("PATCH", _MESSAGE, self.edit),
            Endpoint("DELETE", _MESSAGE, self.delete),
            Endpoint("POST", "/channels/{channel_id}/typing", self.typing),
            Endpoint("GET", _REACTION, self.who_reacted),
            Endpoint("PUT", _REACTION + "/@me", self.add_reaction),
            Endpoint("DELETE", _REACTION + "/@me", self.remove_reaction),
        ]

    def _message(self, call: Call) -> Message:
        channel = visible_channel(self._world, call.id("channel_id"))
        message = channel.messages.get(call.id("message_id"))
        if message is None or message.deleted:
            raise ApiError(10008)
        return message

    async def list(self, call: Call) -> list[dict[str, Any]]:
        """Return up to ``limit`` messages, newest first."""
        query = call.request.query
        limit = _query_number(query.get("limit", "50"), "limit")
        if not 1 <= limit <= 100:
            raise invalid_field(
                "limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100."
            )
        marks = [name for name in ("before", "after", "around") if name in query]
        if len(marks) > 1:
            raise invalid_field(marks[1], "MUTUALLY_EXCLUSIVE", f"Cannot be used with {marks[0]}.")
        channel = visible_channel(self._world, call.id("channel_id"))
        if not may(channel, self._world.bot.id, "read_message_history"):
            return []
        found = sorted(self._world.live_messages(channel), key=lambda message: message.id)
        if not marks:
            found = found[-limit:]
        else:
            mark = _query_number(query[marks[0]], marks[0])
            older = [message for message in found if message.id < mark]
            newer = [message for message in found if message.id > mark]
            if marks == ["before"]:
                found = older[-limit:]
            elif marks == ["after"]:
                found = newer[:limit]
            else:
                exact = [message for message in found if message.id == mark]
                half = limit // 2
                found = (older[-half:] if half else []) + exact + newer[:half]
                found = found[:limit]
        return [self._world.rest_payload(message) for message in reversed(found)]

    async def get(self, call: Call) -> dict[str, Any]:
        """Return one message."""
        message = self._message(call)
        require(self._world, message.channel, "read_message_history")
        return self._world.rest_payload(message)

    async def create(self, call: Call) -> dict[str, Any]:
        """Post a message as the bot."""
        world = self._world
        channel = visible_channel(world, call.id("channel_id"))
        body = check_body(call.body, MESSAGE, (), call.request.route, world.violations)
        require_sending(world, channel)
        if call.files:
            require(world, channel, "attach_files")
        earlier = self._same_nonce(channel, body)
        if earlier is not None:
            if earlier.deleted:
                raise ApiError(10008)
            return world.rest_payload(earlier)
        target = self._reference(channel, body)
        made = draft(world, channel, body, call.files, replied=target.author if target else None)
        rules = body.get("allowed_mentions")
        message = world.post(
            channel,
            world.bot,
            made.version,
            kind=REPLY if target else DEFAULT,
            reply_to=target,
            ping_replied=rules is None or bool(rules.get("replied_user")),
            attachments=made.attachments,
            embeds=made.embeds,
            nonce=body.get("nonce"),
        )
        if body.get("nonce") is not None:
            key = (channel.id, str(body["nonce"]))
            self._nonces[key] = (world.clock() + NONCE_SECONDS * world.scale, message)
        return world.rest_payload(message)

    def _same_nonce(self, channel: Channel, body: dict[str, Any]) -> Message | None:
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        until, message = self._nonces.get((channel.id, str(body["nonce"])), (0.0, None))
        return message if until > self._world.clock() else None

    def _reference(self, channel: Channel, body: dict[str, Any]) -> Message | None:
        reference = body.get("message_reference")
        if reference is None:
            return None
        if int(reference.get("channel_id", channel.id)) != channel.id:
            raise invalid_field(
                "message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", "Other channel."
            )
        target = channel.messages.get(int(reference["message_id"]))
        if target is None or target.deleted:
            if reference.get("fail_if_not_exists", True):
                raise invalid_field(
                    "message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"
                )
            return None
        if target.type not in ORDINARY:
            raise invalid_field(
                "message_reference",
                "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE",
                "Cannot reply to a system message",
            )
        if not may(channel, self._world.bot.id, "read_message_history"):
            raise ApiError(160002)
        return target

    async def edit(self, call: Call) -> dict[str, Any]:
        """Edit one of the bot's messages."""
        world = self._world
        message = self._message(call)
        body = check_body(call.body, EDIT, (), call.request.route, world.violations)
        if message.author is not world.bot:
            raise ApiError(50005)
        if message.type not in ORDINARY:
            raise ApiError(50021)
        if message.channel.archived:
            raise ApiError(50083)
        if _age(world, message) > OLD_SECONDS:
            self._limits.take_old_edit(message.channel.id)
        made = draft(world, message.channel, body, call.files, before=message)
        message.attachments, message.embeds = made.attachments, made.embeds
        world.revise(message, made.version)
        return world.rest_payload(message)

    async def delete(self, call: Call) -> None:
        """Delete a message."""
        message = self._message(call)
        if message.author is not self._world.bot:
            require(self._world, message.channel, "manage_messages")
        if message.channel.archived:
            raise ApiError(50083)
        if message.type == THREAD_STARTER:
            raise ApiError(50021)
        self._world.remove(message)

    async def typing(self, call: Call) -> None:
        """Show that the bot is typing."""
        world = self._world
        channel = visible_channel(world, call.id("channel_id"))
        require_sending(world, channel)
        world.typings.append(Typing(world.bot, channel, call.request.at))

    async def who_reacted(self, call: Call) -> list[dict[str, Any]]:
        """Who has put a reaction on a message, by id."""
        users = self._message(call).reactions.get(call.request.path["emoji"], set())
        query = call.request.query
        after = _query_number(query.get("after", "0"), "after")
        limit = _query_number(query.get("limit", "25"), "limit")
        later = [each for each in sorted(users) if each > after]
        return [user_payload(self._world.users[each]) for each in later[:limit]]

    async def add_reaction(self, call: Call) -> None:
        """React as the bot."""
        message = self._message(call)
        names = ["read_message_history"]
        emoji = call.request.path["emoji"]
        if emoji not in message.reactions:
            names.append("add_reactions")
        require(self._world, message.channel, *names)
        if emoji.isascii():
            raise ApiError(10014)
        if message.channel.archived:
            raise ApiError(50083)
        self._world.react(message, self._world.bot, emoji, True)

    async def remove_reaction(self, call: Call) -> None:
        """Take the bot's reaction back."""
        message = self._message(call)
        self._world.react(message, self._world.bot, call.request.path["emoji"], False)


def _age(world: World, message: Message) -> float:
    """Return simulated seconds by the ids, which carry the time."""
    return ((world.new_id() >> 22) - (message.id >> 22)) / 1000


def _query_number(value: str, name: str) -> int:
    if not value.isdigit():
        raise invalid_field(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
    return int(value)
