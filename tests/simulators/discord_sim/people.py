"""Acting as people: what tests do to the simulated Discord."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.simulators.discord_sim.callers import Callers
from tests.simulators.discord_sim.elsewhere import (
    foreign_channel,
    foreign_guild,
    private_channel,
)
from tests.simulators.discord_sim.model import (
    DEFAULT,
    POSTS,
    REPLY,
    VOICE_MESSAGE,
    Attachment,
    Channel,
    ChannelType,
    Guild,
    Message,
    Role,
    Upload,
    User,
)
from tests.simulators.discord_sim.payloads import (
    channel_payload,
    member_payload,
    role_payload,
)
from tests.simulators.discord_sim.permissions import (
    bits,
    may,
)
from tests.simulators.discord_sim.world import GUILDS

File = Upload | tuple[str, bytes] | tuple[str, bytes, str]


def upload(file: File) -> Upload:
    """Return a file given as (name, bytes) or (name, bytes, content type)."""
    if isinstance(file, Upload):
        return file
    return Upload(file[0], file[1], file[2] if len(file) == 3 else None)


class People(Callers):
    """What people and other bots do; everything that makes an event is a coroutine."""

    def guild_joined(self, guild: Guild) -> None:
        """Tell the gateway about a guild the bot is in."""
        raise NotImplementedError

    # Building the world

    async def add_guild(self, name: str = "Guild", *, owner: User | None = None) -> Guild:
        """Add a guild with the bot and all users; without an owner it gets one of its own."""
        guild = self.world.add_guild(name, owner)
        self.guild_joined(guild)
        return guild

    async def leave_guild(self, guild: Guild) -> None:
        """Throw the bot out of a guild."""
        payload = {"id": str(guild.id)}
        self.world.dispatch("GUILD_DELETE", payload, None, GUILDS, guild=guild)
        guild.gone = True

    async def outage(self, guild: Guild) -> None:
        """Make a guild unavailable, as when Discord has trouble; the bot stays in it."""
        payload = {"id": str(guild.id), "unavailable": True}
        self.world.dispatch("GUILD_DELETE", payload, None, GUILDS, guild=guild)

    async def add_text_channel(self, guild: Guild, name: str = "general") -> Channel:
        """Add a text channel."""
        return self.world.add_channel(guild, ChannelType.TEXT, name)

    async def add_announcement_channel(self, guild: Guild, name: str = "news") -> Channel:
        """Add an announcement channel."""
        return self.world.add_channel(guild, ChannelType.ANNOUNCEMENT, name)

    async def add_voice_channel(self, guild: Guild, name: str = "voice") -> Channel:
        """Add a voice channel."""
        return self.world.add_channel(guild, ChannelType.VOICE, name)

    async def add_stage_channel(self, guild: Guild, name: str = "stage") -> Channel:
        """Add a stage channel."""
        return self.world.add_channel(guild, ChannelType.STAGE, name)

    async def add_forum_channel(
        self, guild: Guild, name: str = "forum", *, media: bool = False
    ) -> Channel:
        """Add a forum, or a media channel, which is one for pictures."""
        return self.world.add_channel(
            guild, ChannelType.MEDIA if media else ChannelType.FORUM, name
        )

    async def add_foreign_channel(self, name: str = "elsewhere") -> Channel:
        """Add a channel of a guild that the bot is no member of."""
        guild = foreign_guild(self.world, name.title())
        return foreign_channel(self.world, guild, name)

    def open_private(self, *people: User) -> Channel:
        """Return direct messages between two people, or a group of more, without the bot."""
        return private_channel(self.world, people)

    def install(self, user: User) -> None:
        """Let somebody add the bot for himself, to use it everywhere."""
        self.world.installed_by.add(user.id)

    def add_user(self, name: str, display_name: str | None = None, bot: bool = False) -> User:
        """Add a user, who becomes a member of every guild there is."""
        return self.world.add_user(name, display_name, bot)

    def open_dm(self, user: User) -> Channel:
        """Return the direct message channel of a user and the bot."""
        return self.world.direct_channel(user)

    async def add_role(
        self, guild: Guild, name: str, *permissions: str, mentionable: bool = False
    ) -> Role:
        """Add a role with some permissions."""
        role = self.world.add_role(guild, name, bits(permissions), mentionable=mentionable)
        payload = {"guild_id": str(guild.id), "role": role_payload(role, len(guild.roles) - 1)}
        self.world.dispatch("GUILD_ROLE_CREATE", payload, None, GUILDS, guild=guild)
        return role

    def give_role(self, guild: Guild, user: User, role: Role) -> None:
        """Give somebody a role; without the intent for members the bot hears of its own alone."""
        guild.members[user.id].add(role.id)
        if user is self.world.bot:
            payload = {"guild_id": str(guild.id)} | member_payload(guild, user)
            self.world.dispatch("GUILD_MEMBER_UPDATE", payload, None, GUILDS, guild=guild)

    def bot_role(self, guild: Guild) -> Role:
        """Return the bot's managed role."""
        return next(role for role in guild.roles.values() if role.bot_id == self.world.bot.id)

    async def hide(self, channel: Channel) -> None:
        """Make a channel private: the bot sees it, and whoever else is let in."""
        assert channel.guild is not None
        view = bits(("view_channel",))
        channel.overwrites[channel.guild.id] = (0, view)
        await self._overwrite(channel, None, view, 0)

    async def deny(self, channel: Channel, *names: str, user: User | None = None) -> None:
        """Take permissions in a channel away from a user, or from the bot."""
        await self._overwrite(channel, user, 0, bits(names))

    async def allow(self, channel: Channel, *names: str, user: User | None = None) -> None:
        """Give permissions in a channel to a user, or to the bot."""
        await self._overwrite(channel, user, bits(names), 0)

    async def _overwrite(
        self, channel: Channel, user: User | None, allowed: int, denied: int
    ) -> None:
        place = channel.parent if channel.is_thread and channel.parent else channel
        target = (user or self.world.bot).id
        old_allowed, old_denied = place.overwrites.get(target, (0, 0))
        place.overwrites[target] = (
            old_allowed & ~denied | allowed,
            old_denied & ~allowed | denied,
        )
        if place.guild is not None:
            payload = channel_payload(place, self.world.bot.id)
            self.world.dispatch("CHANNEL_UPDATE", payload, place, GUILDS)

    # Talking

    async def say(
        self,
        channel: Channel,
        user: User,
        text: str,
        *,
        reply_to: Message | None = None,
        ping: bool = True,
        attachments: Sequence[File] = (),
        event: bool = True,
        flags: int = 0,
        kind: int | None = None,
        prepared: Sequence[Attachment] = (),
        **fields: Any,
    ) -> Message:
        """Post as somebody.

        Args:
            reply_to: a message of the same channel.
            ping: whether a reply mentions the author it replies to.
            event: False leaves the event out, as when it was lost.
            flags: message flags, such as that of a voice message.
            kind: message type, when not an ordinary one.
            prepared: attachments that are stored already.
            fields: other attributes of the message, such as ``stickers`` or ``embeds``.

        Raises:
            PermissionError: this user cannot write there.
        """
        needed = "send_messages_in_threads" if channel.is_thread else "send_messages"
        if not fields.get("webhook_id") and not may(channel, user.id, needed):
            raise PermissionError(f"{user.name} cannot write in {channel.name}")
        if channel.type in POSTS or channel.deleted:
            raise ValueError(f"no messages can be posted in {channel.name}")
        if channel.locked and not may(channel, user.id, "manage_threads"):
            raise PermissionError(f"{channel.name} is locked")
        rules = {"parse": ["users", "roles", "everyone"], "replied_user": ping}
        version = self.world.version(
            channel,
            user,
            text,
            flags=flags,
            rules=rules,
            replied=reply_to.author if reply_to else None,
        )
        return self.world.post(
            channel,
            user,
            version,
            kind=kind if kind is not None else (REPLY if reply_to else DEFAULT),
            reply_to=reply_to,
            ping_replied=ping,
            attachments=[
                *prepared,
                *self.world.attachments([upload(file) for file in attachments]),
            ],
            tell=event,
            **fields,
        )

    async def speak(
        self, channel: Channel, user: User, data: bytes, *, seconds: float = 2.0
    ) -> Message:
        """Send a voice message: one Ogg file, and no text."""
        made = self.world.attachments([Upload("voice-message.ogg", data, "audio/ogg")])
        made[0].seconds = seconds
        return await self.say(channel, user, "", flags=VOICE_MESSAGE, prepared=made)

    async def webhook_message(self, channel: Channel, name: str, text: str) -> Message:
        """Post through a webhook."""
        author = User(self.world.new_id(), name, bot=True)
        self.world.users[author.id] = author
        return await self.say(channel, author, text, webhook_id=author.id)

    async def system_message(
        self, channel: Channel, kind: int, user: User | None = None, text: str = ""
    ) -> Message:
        """Post a message of a system type, such as 7 (joined) or 6 (pinned)."""
        return await self.say(channel, user or self.someone(channel), text, kind=kind)

    def someone(self, channel: Channel) -> User:
        """Return a person who can write in a channel."""
        return next(
            user
            for user in self.world.users.values()
            if not user.bot and may(channel, user.id, "send_messages")
        )

    async def forward(self, channel: Channel, user: User, message: Message) -> Message:
        """Forward a message."""
        return await self.say(channel, user, "", snapshot=message)

    async def edit(
        self, message: Message, text: str, *, event: bool = True, whole: bool = True
    ) -> None:
        """Edit a message as its author.

        Args:
            event: False leaves the event out, as when it was lost.
            whole: False tells of the edit without author and text, as Discord may.
        """
        old = message.versions[-1]
        rules: dict[str, Any] = {"parse": ["users", "roles", "everyone"]}
        version = self.world.version(
            message.channel, message.author, text, flags=old.flags, rules=rules
        )
        self.world.revise(message, version, tell=event and whole)
        if event and not whole:
            self.world.tell_part(message)

    async def take_off(self, message: Message, filename: str) -> None:
        """Take an attachment off a message as its author."""
        message.attachments = [each for each in message.attachments if each.filename != filename]
        await self.edit(message, message.versions[-1].content)

    async def delete(self, message: Message, *, event: bool = True) -> None:
        """Delete a message; without `event` nobody is told, as when it was lost."""
        self.world.remove(message, tell=event)

    async def delete_many(self, messages: Sequence[Message]) -> None:
        """Delete messages of one channel at once."""
        channel = messages[0].channel
        for message in messages:
            message.deleted = True
        payload = {
            "ids": [str(message.id) for message in messages],
            "channel_id": str(channel.id),
            "guild_id": str(channel.guild.id) if channel.guild else None,
        }
        self.world.dispatch("MESSAGE_DELETE_BULK", payload, channel, 1 << 9)

    async def unfurl(self, message: Message) -> None:
        """Add a link preview, which is an update that nobody made."""
        message.embeds = [{"type": "link", "url": "https://example.org", "title": "Example"}]
        self.world.tell_message("MESSAGE_UPDATE", message)

    async def redeliver(self, message: Message) -> None:
        """Send the event of a message once more."""
        self.world.tell_message("MESSAGE_CREATE", message)

    async def react(self, message: Message, user: User, emoji: str, *, add: bool = True) -> None:
        """Add or take away a reaction."""
        self.world.react(message, user, emoji, add)

    # Threads

    async def start_thread(
        self,
        channel: Channel,
        from_message: Message | None,
        name: str,
        owner: User,
        *,
        text: str | None = None,
        private: bool = False,
        attachments: Sequence[File] = (),
        unready: int = 0,
    ) -> Channel:
        """Start a thread, or in a forum a post whose first message is ``text``.

        For ``unready`` more posts of the bot that first message is said to be missing still.
        """
        starter = None if text is None else self.world.version(channel, owner, text)
        files = self.world.attachments([upload(file) for file in attachments])
        thread = self.world.make_thread(
            channel, from_message, name, owner, private=private, starter=starter, files=files
        )
        thread.unready = unready
        return thread

    async def archive(self, thread: Channel, locked: bool = False) -> None:
        """Archive a thread, and lock it too if wanted."""
        thread.archived = True
        thread.locked = locked
        self.world.tell_thread("THREAD_UPDATE", thread)

    async def delete_thread(self, thread: Channel) -> None:
        """Delete a thread with its messages."""
        self.world.remove_channel(thread)

    async def delete_channel(self, channel: Channel) -> None:
        """Delete a channel."""
        self.world.remove_channel(channel)
