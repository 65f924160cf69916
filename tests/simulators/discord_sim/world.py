"""The simulated Discord itself: it stores what exists and tells the gateway what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.simulators.discord_sim.ids import Ids
from tests.simulators.discord_sim.mentions import (
    component_texts,
    everyone_in,
    pings,
    roles_in,
    users_in,
)
from tests.simulators.discord_sim.model import (
    DEFAULT,
    EPHEMERAL,
    ORDINARY,
    POSTS,
    THREAD_STARTER,
    Attachment,
    Channel,
    ChannelType,
    Dispatch,
    Guild,
    Message,
    Role,
    Typing,
    Upload,
    User,
    Version,
    outside_code,
)
from tests.simulators.discord_sim.payloads import (
    channel_payload,
    member_payload,
    message_payload,
    thread_payload,
)
from tests.simulators.discord_sim.permissions import NEW_GUILD, bits, may

GUILDS = 1 << 0
GUILD_MESSAGES = 1 << 9
GUILD_REACTIONS = 1 << 10
GUILD_TYPING = 1 << 11
DIRECT_MESSAGES = 1 << 12
DIRECT_REACTIONS = 1 << 13
DIRECT_TYPING = 1 << 14
MESSAGE_CONTENT = 1 << 15

CONTENT_FLAGS = 1 << 18 | 1 << 19

BOT_PERMISSIONS = (
    "view_channel send_messages send_messages_in_threads create_public_threads attach_files "
    "read_message_history add_reactions"
).split()


class World(Ids):
    """Everything that exists, and the ways it changes.

    Args:
        token: the bot's token.
        start: where ids start; ids carry a time, and discord.py compares it with the clock.
        scale: simulated seconds per real second.
        seed: makes tokens and signatures differ between simulators.

    Attributes:
        violations: what a correct client should not have done.
        message_content: whether the application may read message content (portal switch).
        commands: application commands by guild id, ``None`` for the global ones.
        session_starts: how many sessions may be started a day.
        session_starts_left: how many of them are left.
        session_starts_reset: simulated seconds until they are counted anew.
        max_concurrency: how many sessions may be started at once.
        recommended_shards: what the bot is told to use.
    """

    def __init__(self, token: str, start: datetime, scale: float, seed: int) -> None:
        super().__init__(start, scale, seed)
        self.token = token
        self.violations: list[str] = []
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.files: dict[int, Attachment] = {}
        self.typings: list[Typing] = []
        self.message_content = True
        self.interactions_endpoint_url: str | None = None
        self.session_starts_left = 1000
        self.session_starts = 1000
        self.session_starts_reset = 86_400.0
        self.max_concurrency = 1
        self.recommended_shards = 1
        self.personal = True
        self.installed_by: set[int] = set()
        self.commands: dict[int | None, list[dict[str, Any]]] = {None: []}
        self.on_dispatch: Callable[[Dispatch], None] = lambda _dispatch: None
        self.on_change: Callable[[], None] = lambda: None
        self.application_id = self.new_id()
        self.bot = self.add_user("Bobbin", bot=True)

    # Look-ups

    def guild_channels(self, guild: Guild) -> list[Channel]:
        """Return the channels of a guild, threads not included."""
        return [
            channel
            for channel in self.channels.values()
            if channel.guild is guild and not channel.is_thread and not channel.deleted
        ]

    def active_threads(self, guild: Guild) -> list[Channel]:
        """Return the threads of a guild that are not archived and that the bot sees."""
        return [
            channel
            for channel in self.channels.values()
            if channel.guild is guild
            and channel.is_thread
            and not channel.deleted
            and not channel.archived
            and may(channel, self.bot.id, "view_channel")
        ]

    def live_messages(self, channel: Channel) -> list[Message]:
        """Return what stands in a channel, oldest first; ephemerals stand nowhere."""
        return [message for message in channel.messages.values() if not message.deleted]

    # Building

    def add_user(self, name: str, display_name: str | None = None, bot: bool = False) -> User:
        """Add an account and make it a member of every guild there is."""
        user = User(self.new_id(), name, display_name, bot)
        self.users[user.id] = user
        for guild in self.guilds.values():
            guild.members[user.id] = set()
        return user

    def add_guild(self, name: str, owner: User | None = None) -> Guild:
        """Add a guild with everybody there is as a member, and the bot with its managed role."""
        if owner is None:
            owner = self.add_user(f"{name}-owner")
        guild = Guild(self.new_id(), name, owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", bits(NEW_GUILD))
        guild.members = {user_id: set() for user_id in self.users}
        self.guilds[guild.id] = guild
        role = self.add_role(guild, self.bot.name, bits(BOT_PERMISSIONS), bot_id=self.bot.id)
        guild.members[self.bot.id].add(role.id)
        return guild

    def add_role(
        self,
        guild: Guild,
        name: str,
        permissions: int = 0,
        *,
        bot_id: int | None = None,
        mentionable: bool = False,
    ) -> Role:
        """Add a role."""
        role = Role(self.new_id(), name, permissions, bot_id, mentionable)
        guild.roles[role.id] = role
        return role

    def add_channel(self, guild: Guild, kind: ChannelType, name: str) -> Channel:
        """Add a channel to a guild."""
        channel = Channel(self.new_id(), kind, name, guild)
        self.channels[channel.id] = channel
        self.dispatch("CHANNEL_CREATE", channel_payload(channel, self.bot.id), channel, GUILDS)
        return channel

    def direct_channel(self, user: User) -> Channel:
        """Return the direct message channel of the bot and a user, made when first needed."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        channel = Channel(self.new_id(), ChannelType.DM, f"@{user.name}", recipient=user)
        self.channels[channel.id] = channel
        return channel

    # Telling the gateway

    def dispatch(
        self,
        name: str,
        payload: dict[str, Any],
        channel: Channel | None,
        intent: int,
        bare: dict[str, Any] | None = None,
        guild: Guild | None = None,
    ) -> None:
        """Send an event, unless it is about a channel that the bot cannot see."""
        if channel is not None:
            guild = channel.guild
            if guild is not None and not may(channel, self.bot.id, "view_channel"):
                self.on_change()
                return
        guild_id = guild.id if guild else None
        self.on_dispatch(Dispatch(name, payload, guild_id, intent, bare))
        self.on_change()

    def tell_interaction(self, channel: Channel, payload: dict[str, Any]) -> None:
        """Send INTERACTION_CREATE, which needs no intent and no permission."""
        guild_id = channel.guild.id if channel.guild else None
        self.on_dispatch(Dispatch("INTERACTION_CREATE", payload, guild_id, 0))

    def readable(self, message: Message) -> bool:
        """Whether the bot gets the content of a message without the message content intent."""
        return (
            message.channel.guild is None
            or message.author is self.bot
            or self.bot in message.mentions
        )

    def rest_payload(self, message: Message) -> dict[str, Any]:
        """Return a message as a REST answer shows it to the bot."""
        return message_payload(
            message,
            self.link,
            self.bot.id,
            lambda item: self.message_content or self.readable(item),
        )

    def tell_message(self, name: str, message: Message) -> None:
        """Send MESSAGE_CREATE or MESSAGE_UPDATE with all of a message."""
        channel = message.channel
        extra: dict[str, Any] = {"channel_type": int(channel.type)}
        guild = channel.guild
        if guild is not None:
            extra["guild_id"] = str(guild.id)
            if message.webhook_id is None and message.author.id in guild.members:
                extra["member"] = member_payload(guild, message.author, with_user=False)
        full = message_payload(message, self.link, self.bot.id, lambda _item: True)
        bare = message_payload(message, self.link, self.bot.id, self.readable)
        if guild is not None:
            for payload in (full, bare):
                payload["mentions"] = [
                    {**user, "member": member_payload(guild, known, with_user=False)}
                    for user, known in zip(payload["mentions"], message.mentions, strict=True)
                ]
        intent = GUILD_MESSAGES if guild else DIRECT_MESSAGES
        self.dispatch(name, {**full, **extra}, channel, intent, {**bare, **extra})

    def tell_thread(self, name: str, thread: Channel, **extra: Any) -> None:
        """Send THREAD_CREATE or THREAD_UPDATE."""
        payload = {**thread_payload(thread, self.bot.id), **extra}
        self.dispatch(name, payload, thread, GUILDS)

    # Messages

    def version(
        self,
        channel: Channel,
        author: User,
        content: str,
        *,
        flags: int = 0,
        components: Sequence[Any] = (),
        rules: Mapping[str, Any] | None = None,
        replied: User | None = None,
    ) -> Version:
        """Return a version of a message, with whom it notifies."""
        shown = "\n".join([content, *component_texts(components)])
        return Version(
            asyncio.get_running_loop().time(),
            content,
            shown,
            flags,
            tuple(components),
            pings(shown, channel, author, rules, replied),
        )

    def resolve_mentions(self, message: Message, replied: bool) -> None:
        """Fill the arrays of mentions from the text; code does not mention anybody."""
        text = outside_code(message.versions[-1].shown)
        ids = users_in(text)
        if replied and message.reply_to and message.reply_to.author.id not in ids:
            ids.append(message.reply_to.author.id)
        guild = message.channel.guild
        message.mentions = [
            self.users[user_id]
            for user_id in ids
            if user_id in self.users and (guild is None or user_id in guild.members)
        ]
        if guild is not None:
            message.mention_roles = [role for role in roles_in(text) if role in guild.roles]
            message.mention_everyone = bool(everyone_in(text)) and may(
                message.channel, message.author.id, "mention_everyone"
            )

    def attachments(
        self, files: Sequence[Upload], descriptions: Mapping[int, str] | None = None
    ) -> list[Attachment]:
        """Store files, so that their URLs work."""
        made = [
            Attachment(
                self.new_id(),
                file.filename,
                file.data,
                file.content_type,
                (descriptions or {}).get(at),
            )
            for at, file in enumerate(files)
        ]
        self.files.update((item.id, item) for item in made)
        return made

    def post(
        self,
        channel: Channel,
        author: User,
        version: Version,
        *,
        kind: int = DEFAULT,
        message_id: int | None = None,
        reply_to: Message | None = None,
        ping_replied: bool = False,
        attachments: Sequence[Attachment] = (),
        tell: bool = True,
        **fields: Any,
    ) -> Message:
        """Put a message into a channel, waking an archived thread, and send MESSAGE_CREATE."""
        number = message_id or self.new_id()
        message = Message(number, channel, author, kind, [version], reply_to=reply_to)
        message.attachments = list(attachments)
        for name, value in fields.items():
            setattr(message, name, value)
        self.resolve_mentions(message, ping_replied)
        self.messages[number] = message
        if version.flags & EPHEMERAL:
            self.on_change()
            return message
        if channel.archived:
            channel.archived = False
            self.tell_thread("THREAD_UPDATE", channel)
        channel.messages[number] = message
        if channel.is_thread and kind in ORDINARY:
            channel.members.add(author.id)
        if tell:
            self.tell_message("MESSAGE_CREATE", message)
        self.on_change()
        return message

    def revise(self, message: Message, version: Version, *, tell: bool = True) -> None:
        """Give a message a new version and send MESSAGE_UPDATE."""
        message.versions.append(version)
        message.edited_at = self.now()
        replied = message.reply_to is not None and message.reply_to.author in message.mentions
        self.resolve_mentions(message, replied)
        if tell and not message.ephemeral:
            self.tell_message("MESSAGE_UPDATE", message)
        self.on_change()

    def tell_part(self, message: Message) -> None:
        """Send MESSAGE_UPDATE with no more of a message than its ids and when it was edited."""
        channel = message.channel
        payload = {
            "id": str(message.id),
            "channel_id": str(channel.id),
            "edited_timestamp": message.edited_at,
        }
        if channel.guild is not None:
            payload["guild_id"] = str(channel.guild.id)
        intent = GUILD_MESSAGES if channel.guild else DIRECT_MESSAGES
        self.dispatch("MESSAGE_UPDATE", payload, channel, intent)

    def remove(self, message: Message, *, tell: bool = True) -> None:
        """Delete a message and send MESSAGE_DELETE."""
        message.deleted = True
        channel = message.channel
        if message.ephemeral or not tell:
            self.on_change()
            return
        payload = {"id": str(message.id), "channel_id": str(channel.id)}
        if channel.guild is not None:
            payload["guild_id"] = str(channel.guild.id)
        intent = GUILD_MESSAGES if channel.guild else DIRECT_MESSAGES
        self.dispatch("MESSAGE_DELETE", payload, channel, intent)

    def react(self, message: Message, user: User, emoji: str, add: bool) -> None:
        """Add or take away a reaction."""
        users = message.reactions.setdefault(emoji, set())
        if (user.id in users) == add:
            return
        users.symmetric_difference_update({user.id})
        if not users:
            del message.reactions[emoji]
        self.tell_reaction(message, user, emoji, add)

    def tell_reaction(self, message: Message, user: User, emoji: str, add: bool) -> None:
        """Send MESSAGE_REACTION_ADD or _REMOVE, as after a change or once more."""
        channel = message.channel
        payload: dict[str, Any] = {
            "user_id": str(user.id),
            "channel_id": str(channel.id),
            "message_id": str(message.id),
            "emoji": {"id": None, "name": emoji, "animated": False},
            "burst": False,
            "type": 0,
        }
        if channel.guild is not None:
            payload["guild_id"] = str(channel.guild.id)
            if add:
                payload["member"] = member_payload(channel.guild, user)
        name = "MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE"
        self.dispatch(
            name, payload, channel, GUILD_REACTIONS if channel.guild else DIRECT_REACTIONS
        )

    # Threads

    def make_thread(
        self,
        parent: Channel,
        source: Message | None,
        name: str,
        owner: User,
        *,
        private: bool = False,
        auto_archive: int = 4320,
        starter: Version | None = None,
        files: Sequence[Attachment] = (),
    ) -> Channel:
        """Make a thread or forum post; ``starter`` is the first message of a post."""
        kind = ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD
        if parent.type is ChannelType.ANNOUNCEMENT:
            kind = ChannelType.ANNOUNCEMENT_THREAD
        number = source.id if source else self.new_id()
        thread = Channel(number, kind, name, parent.guild, parent, owner_id=owner.id, source=source)
        thread.members.add(owner.id)
        thread.auto_archive = auto_archive
        self.channels[number] = thread
        self.tell_thread("THREAD_CREATE", thread, newly_created=True)
        if source is not None:
            source.thread = thread
            self.tell_message("MESSAGE_UPDATE", source)
            empty = self.version(thread, source.author, "")
            self.post(thread, source.author, empty, kind=THREAD_STARTER, reply_to=source)
        elif parent.type in POSTS:
            first = starter or self.version(thread, owner, name)
            self.post(thread, owner, first, message_id=number, attachments=files)
        return thread

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with its threads, or a thread, and what is in them."""
        payload = channel_payload(channel, self.bot.id)
        if channel.is_thread:
            payload = {key: payload[key] for key in ("id", "guild_id", "parent_id", "type")}
        self.dispatch(
            "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", payload, channel, GUILDS
        )
        within = [each for each in self.channels.values() if each.parent is channel]
        for each in (channel, *within):
            each.deleted = True
            for message in each.messages.values():
                message.deleted = True
        self.on_change()
