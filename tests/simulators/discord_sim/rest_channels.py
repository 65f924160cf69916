"""Who the bot is, guilds, channels and threads over REST."""

from __future__ import annotations

from typing import Any

from tests.simulators.discord_sim.compose import draft
from tests.simulators.discord_sim.errors import ApiError, invalid_field
from tests.simulators.discord_sim.fields import CHANNEL, THREAD, THREAD_FROM_MESSAGE, check_body
from tests.simulators.discord_sim.limits import Limits
from tests.simulators.discord_sim.model import POSTS, Channel, ChannelType, Guild, User
from tests.simulators.discord_sim.payloads import (
    channel_payload,
    guild_payload,
    member_payload,
    role_payload,
    thread_payload,
    user_payload,
)
from tests.simulators.discord_sim.permissions import may
from tests.simulators.discord_sim.rest import Call, Endpoint
from tests.simulators.discord_sim.rest_messages import require, visible_channel
from tests.simulators.discord_sim.world import CONTENT_FLAGS, GUILDS, World

_CHANNEL = "/channels/{channel_id}"
_ME = _CHANNEL + "/thread-members/@me"
_THREADABLE = (ChannelType.TEXT, ChannelType.ANNOUNCEMENT)


class ChannelRoutes:
    """Handlers for everything that is neither message nor command."""

    def __init__(self, world: World, limits: Limits) -> None:
        self._world = world
        self._limits = limits

    def endpoints(self) -> list[Endpoint]:
        """Return the routes."""
        return [
            Endpoint("GET", "/gateway", self.gateway, bot=False),
            Endpoint("GET", "/gateway/bot", self.gateway_bot),
            Endpoint("GET", "/users/@me", self.me),
            Endpoint("GET", "/users/@me/guilds", self.my_guilds),
            Endpoint("POST", "/users/@me/channels", self.open_direct),
            Endpoint("GET", "/users/{user_id}", self.user),
            Endpoint("GET", "/oauth2/applications/@me", self.application),
            Endpoint("GET", "/applications/@me", self.application),
            Endpoint("GET", "/guilds/{guild_id}", self.guild),
            Endpoint("GET", "/guilds/{guild_id}/channels", self.guild_channels),
            Endpoint("GET", "/guilds/{guild_id}/roles", self.guild_roles),
            Endpoint("GET", "/guilds/{guild_id}/members/{user_id}", self.member),
            Endpoint("GET", "/guilds/{guild_id}/threads/active", self.active_threads),
            Endpoint("GET", _CHANNEL, self.get),
            Endpoint("PATCH", _CHANNEL, self.change),
            Endpoint("DELETE", _CHANNEL, self.delete),
            Endpoint("POST", _CHANNEL + "/messages/{message_id}/threads", self.thread_from),
            Endpoint("POST", _CHANNEL + "/threads", self.thread),
            Endpoint("GET", _CHANNEL + "/thread-members/{user_id}", self.thread_member),
            Endpoint("PUT", _ME, self.join),
            Endpoint("DELETE", _ME, self.leave),
        ]

    async def gateway(self, _call: Call) -> dict[str, Any]:
        """Return where the gateway is."""
        return {"url": f"{self._world.base_url.replace('http', 'ws', 1)}/gateway/"}

    async def gateway_bot(self, call: Call) -> dict[str, Any]:
        """Return where the gateway is and how many sessions may still be started."""
        return {
            **await self.gateway(call),
            "shards": self._world.recommended_shards,
            "session_start_limit": {
                "total": self._world.session_starts,
                "remaining": self._world.session_starts_left,
                "reset_after": round(self._world.session_starts_reset * 1000),
                "max_concurrency": self._world.max_concurrency,
            },
        }

    async def me(self, _call: Call) -> dict[str, Any]:
        """Return the bot's own account."""
        return {**user_payload(self._world.bot), "verified": True, "mfa_enabled": False}

    async def my_guilds(self, _call: Call) -> list[dict[str, Any]]:
        """Return the guilds the bot is in."""
        return [
            {"id": str(guild.id), "name": guild.name, "icon": None, "owner": False}
            for guild in self._world.guilds.values()
            if not guild.gone
        ]

    async def application(self, _call: Call) -> dict[str, Any]:
        """Return the application with its flags."""
        world = self._world
        owner = next((user for user in world.users.values() if not user.bot), world.bot)
        return {
            "id": str(world.application_id),
            "name": world.bot.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": world.secret("verify key"),
            "owner": user_payload(owner),
            "team": None,
            "summary": "",
            "flags": CONTENT_FLAGS & (1 << 19) if world.message_content else 0,
            "hook": True,
            "bot": user_payload(world.bot),
            "approximate_guild_count": len(world.guilds),
            "interactions_endpoint_url": world.interactions_endpoint_url,
            "redirect_uris": [],
            "install_params": None,
            "integration_types_config": {"0": {}, "1": {}} if world.personal else {"0": {}},
        }

    def _user(self, call: Call) -> User:
        user = self._world.users.get(call.id("user_id"))
        if user is None:
            raise ApiError(10013)
        return user

    async def user(self, call: Call) -> dict[str, Any]:
        """Return somebody's account."""
        return user_payload(self._user(call))

    async def open_direct(self, call: Call) -> dict[str, Any]:
        """Open the direct message channel with a user."""
        body = call.body if isinstance(call.body, dict) else {}
        wanted = str(body.get("recipient_id", ""))
        user = self._world.users.get(int(wanted)) if wanted.isdigit() else None
        if user is None or user is self._world.bot:
            raise ApiError(50033)
        return channel_payload(self._world.direct_channel(user), self._world.bot.id)

    def _guild(self, call: Call) -> Guild:
        guild = self._world.guilds.get(call.id("guild_id"))
        if guild is None:
            raise ApiError(10004)
        if guild.gone:
            raise ApiError(50001)
        return guild

    async def guild(self, call: Call) -> dict[str, Any]:
        """Return a guild."""
        return guild_payload(self._guild(call))

    async def guild_channels(self, call: Call) -> list[dict[str, Any]]:
        """Return a guild's channels without threads."""
        channels = self._world.guild_channels(self._guild(call))
        return [channel_payload(item, self._world.bot.id, at) for at, item in enumerate(channels)]

    async def guild_roles(self, call: Call) -> list[dict[str, Any]]:
        """Return a guild's roles."""
        return [role_payload(role, at) for at, role in enumerate(self._guild(call).roles.values())]

    async def member(self, call: Call) -> dict[str, Any]:
        """Return a member."""
        guild, user = self._guild(call), self._user(call)
        if user.id not in guild.members:
            raise ApiError(10007)
        return member_payload(guild, user)

    async def active_threads(self, call: Call) -> dict[str, Any]:
        """Return the threads that are not archived."""
        threads = self._world.active_threads(self._guild(call))
        mine = [thread_payload(item, self._world.bot.id) for item in threads]
        return {"threads": mine, "members": [item["member"] for item in mine if "member" in item]}

    def _channel(self, call: Call) -> Channel:
        return visible_channel(self._world, call.id("channel_id"))

    async def get(self, call: Call) -> dict[str, Any]:
        """Return a channel or thread."""
        return channel_payload(self._channel(call), self._world.bot.id)

    async def change(self, call: Call) -> dict[str, Any]:
        """Change a channel, or rename, archive, wake or lock a thread."""
        world, channel = self._world, self._channel(call)
        body = check_body(call.body, CHANNEL, (), call.request.route, world.violations)
        if channel.is_thread:
            self._check_thread_change(channel, body)
        else:
            require(world, channel, "manage_channels")
        if "name" in body and body["name"] != channel.name:
            self._limits.take_rename(channel.id)
            channel.name = body["name"]
        channel.slowmode = body.get("rate_limit_per_user", channel.slowmode) or 0
        if channel.is_thread:
            channel.auto_archive = body.get("auto_archive_duration", channel.auto_archive)
            channel.archived = body.get("archived", channel.archived)
            channel.locked = body.get("locked", channel.locked)
            world.tell_thread("THREAD_UPDATE", channel)
        else:
            payload = channel_payload(channel, world.bot.id)
            world.dispatch("CHANNEL_UPDATE", payload, channel, GUILDS)
        return channel_payload(channel, world.bot.id)

    def _check_thread_change(self, channel: Channel, body: dict[str, Any]) -> None:
        world = self._world
        if may(channel, world.bot.id, "manage_threads"):
            return
        if channel.archived and body.get("archived") is not False:
            raise ApiError(50083)
        if channel.locked:
            raise ApiError(160005)
        if set(body) == {"archived"} and body["archived"] is False:
            require(world, channel, "send_messages_in_threads")
            return
        if channel.owner_id != world.bot.id or "locked" in body:
            raise ApiError(50013)

    async def delete(self, call: Call) -> dict[str, Any]:
        """Delete a channel or thread."""
        channel = self._channel(call)
        needed = "manage_threads" if channel.is_thread else "manage_channels"
        if channel.guild is not None:
            require(self._world, channel, needed)
            self._world.remove_channel(channel)
        return channel_payload(channel, self._world.bot.id)

    async def thread_from(self, call: Call) -> dict[str, Any]:
        """Start a thread from a message."""
        world, channel = self._world, self._channel(call)
        body = check_body(
            call.body, THREAD_FROM_MESSAGE, ("name",), call.request.route, world.violations
        )
        if channel.type not in _THREADABLE:
            raise ApiError(50024)
        require(world, channel, "create_public_threads", "read_message_history")
        message = channel.messages.get(call.id("message_id"))
        if message is None or message.deleted:
            raise ApiError(10008)
        if message.thread is not None:
            raise ApiError(160004)
        thread = world.make_thread(
            channel,
            message,
            body["name"],
            world.bot,
            auto_archive=body.get("auto_archive_duration") or 4320,
        )
        return thread_payload(thread, world.bot.id)

    async def thread(self, call: Call) -> dict[str, Any]:
        """Start a thread without a message, or a forum post with its first one."""
        world, channel = self._world, self._channel(call)
        body = check_body(call.body, THREAD, ("name",), call.request.route, world.violations)
        archive = body.get("auto_archive_duration") or 4320
        if channel.type in POSTS:
            require(world, channel, "send_messages")
            first = body.get("message")
            if first is None:
                raise invalid_field("message", "BASE_TYPE_REQUIRED", "This field is required")
            made = draft(world, channel, first, call.files)
            thread = world.make_thread(
                channel,
                None,
                body["name"],
                world.bot,
                auto_archive=archive,
                starter=made.version,
                files=made.attachments,
            )
            starter = thread.messages[thread.id]
            shown = world.rest_payload(starter)
            return {**thread_payload(thread, world.bot.id), "message": shown}
        if channel.type not in _THREADABLE:
            raise ApiError(50024)
        private = body.get("type", ChannelType.PRIVATE_THREAD) == ChannelType.PRIVATE_THREAD
        require(world, channel, "create_private_threads" if private else "create_public_threads")
        thread = world.make_thread(
            channel, None, body["name"], world.bot, private=private, auto_archive=archive
        )
        return thread_payload(thread, world.bot.id)

    def _thread(self, call: Call) -> Channel:
        channel = self._channel(call)
        if not channel.is_thread:
            raise ApiError(50024)
        if channel.archived:
            raise ApiError(50083)
        return channel

    async def thread_member(self, call: Call) -> dict[str, Any]:
        """Return somebody's membership of a thread."""
        channel, user = self._channel(call), self._user(call)
        if not channel.is_thread:
            raise ApiError(50024)
        if user.id not in channel.members:
            raise ApiError(10007)
        return {"id": str(channel.id), "user_id": str(user.id), "flags": 0}

    async def join(self, call: Call) -> None:
        """Join a thread."""
        channel = self._thread(call)
        channel.members.add(self._world.bot.id)
        self._tell_members(channel, joined=True)

    async def leave(self, call: Call) -> None:
        """Leave a thread."""
        channel = self._thread(call)
        channel.members.discard(self._world.bot.id)
        self._tell_members(channel, joined=False)

    def _tell_members(self, channel: Channel, *, joined: bool) -> None:
        bot = self._world.bot
        payload: dict[str, Any] = {
            "id": str(channel.id),
            "guild_id": str(channel.guild.id) if channel.guild else None,
            "member_count": len(channel.members),
        }
        if joined:
            payload["added_members"] = [thread_payload(channel, bot.id)["member"]]
        else:
            payload["removed_member_ids"] = [str(bot.id)]
        self._world.dispatch("THREAD_MEMBERS_UPDATE", payload, channel, GUILDS)
