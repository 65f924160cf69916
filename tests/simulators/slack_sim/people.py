"""What people, other bots and administrators do; every action returns at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.simulators.slack_sim.agent import context_of, shows_stop
from tests.simulators.slack_sim.emitter import Emitter
from tests.simulators.slack_sim.interactions import Interaction, Interactions, SlashCall
from tests.simulators.slack_sim.methods_views import view_object
from tests.simulators.slack_sim.model import (
    JSON,
    Channel,
    Ephemeral,
    File,
    Group,
    Message,
    User,
    View,
    Workspace,
)
from tests.simulators.slack_sim.render import user_json
from tests.simulators.slack_sim.sockets import EVENTS, Envelope, Sockets
from tests.simulators.slack_sim.state import State

__all__ = ["Interaction", "People", "SlashCall"]

# Who writes message events of these subtypes: Slack, not a person.
_SYSTEM_TEXTS = {
    "channel_join": "{user} has joined the channel",
    "channel_leave": "{user} has left the channel",
    "channel_topic": "{user} set the channel topic",
    "channel_name": "{user} renamed the channel",
    "channel_convert_to_private": "{user} made this channel private",
    "channel_convert_to_public": "{user} made this channel public",
}


class People:
    """Acts as the people of the first workspace, or of the one a channel or user belongs to."""

    def __init__(self, state: State, sockets: Sockets, emitter: Emitter) -> None:
        self.state = state
        self.sockets = sockets
        self.emitter = emitter
        self._interactions = Interactions(state, sockets, emitter)

    @property
    def workspace(self) -> Workspace:
        """The first workspace."""
        return next(iter(self.state.workspaces.values()))

    @property
    def mention(self) -> str:
        """How people of the first workspace mention the app."""
        return self.workspace.mention

    # Who and where

    def add_user(
        self, name: str, *, workspace: Workspace | None = None, bot: bool = False, **traits: Any
    ) -> User:
        """Add a person, or another bot with ``bot=True``.

        Args:
            name: the display name; the handle is derived from it.
            workspace: default: the first.
            bot: make it another app's bot user.
            traits: ``guest``, ``admin``, ``external_team``, ``display_name``, ``deleted``, ``tz``.
        """
        team = (workspace or self.workspace).id
        app_id = self.state.next_id("A") if bot else None
        return self.state.add_user(team, name, bot=bot, app_id=app_id, **traits)

    def add_channel(
        self,
        name: str,
        private: bool = False,
        bot_member: bool = True,
        *,
        members: Iterable[User] = (),
        workspace: Workspace | None = None,
        shared: bool = False,
    ) -> Channel:
        """Add a channel; people who write in it become members by themselves."""
        space = workspace or self.workspace
        ids = [user.id for user in members]
        if bot_member:
            ids.insert(0, space.bot.id)
        kind = "group" if private else "channel"
        return self.state.add_channel(space.id, name, kind, ids, shared=shared)

    def add_group(
        self, *users: User, workspace: Workspace | None = None, handle: str = "group"
    ) -> Group:
        """Make a user group of some people."""
        group = Group(
            self.state.next_id("S"),
            (workspace or self.workspace).id,
            [user.id for user in users],
            handle,
        )
        self.state.groups[group.id] = group
        return group

    def open_dm(self, user: User) -> Channel:
        """Return the direct conversation of a person with the app."""
        bot = self.state.workspaces[user.team].bot
        for channel in self.state.channels.values():
            if channel.kind == "im" and set(channel.members) == {bot.id, user.id}:
                return channel
        return self.state.add_channel(user.team, f"dm-{user.name}", "im", [bot.id, user.id])

    def open_group_dm(self, *users: User) -> Channel:
        """Open a conversation of several people and the app."""
        bot = self.state.workspaces[users[0].team].bot
        name = "mpdm-" + "--".join(user.name for user in users)
        ids = [bot.id, *(user.id for user in users)]
        return self.state.add_channel(users[0].team, name, "mpim", ids)

    def add_file(
        self,
        user: User,
        name: str,
        data: bytes,
        *,
        mimetype: str = "text/plain",
        stub: bool = False,
        announced: int | None = None,
        **fields: Any,
    ) -> File:
        """Store a file to attach to a message; ``stub`` hides its details as Slack Connect does.

        Args:
            announced: a size that is a lie; such a file comes without its length.
            fields: others of its object, such as ``mode="snippet"`` or ``subtype="slack_audio"``.
        """
        file = self.state.add_file(user.team, user.id, name, data, mimetype)
        file.stub, file.announced, file.fields = stub, announced, dict(fields)
        return file

    # Writing

    def say(
        self,
        channel: Channel,
        user: User,
        text: str,
        *,
        thread: Message | str | None = None,
        files: Iterable[File] = (),
        deliver: bool = True,
        subtype: str | None = None,
        broadcast: bool = False,
        extra: JSON | None = None,
    ) -> Message:
        """Write a message as a person or another bot.

        Args:
            channel: where.
            user: who.
            text: as stored by Slack; bare ``&``, ``<`` and ``>`` are escaped on the wire.
            thread: a message of the thread, or the root's ts.
            files: what to attach.
            deliver: False keeps the events back, as if Slack lost them; ``redeliver`` sends them.
            subtype: such as ``me_message``; ``file_share`` and ``thread_broadcast`` set themselves.
            broadcast: also show the reply in the channel.
            extra: more keys for the message object, such as ``app_context``.
        """
        root = thread.root_ts if isinstance(thread, Message) else thread
        held = list(files)
        if user.id not in channel.members and subtype is None:
            channel.members.append(user.id)
        if subtype is None:
            subtype = "thread_broadcast" if broadcast else "file_share" if held else None
        message = Message(
            self.state.next_ts(),
            channel.id,
            channel.team,
            user.id,
            [self.state.new_version(text)],
            thread_ts=root,
            subtype=subtype,
            bot_id=user.bot_id,
            app_id=user.app_id,
            files=[file.id for file in held],
            broadcast=broadcast,
            client_msg_id=None if user.is_bot else self.state.next_id("client-"),
            extra=dict(extra or {}),
        )
        for file in held:
            file.shares.append((channel.id, message.ts))
        self.state.add_message(message)
        if deliver:
            self.emitter.posted(channel, message)
        return message

    def redeliver(self, message: Message, retry_num: int = 1) -> list[Envelope]:
        """Deliver a new message's events once more, as retry ``retry_num``.

        Events that were sent before come again with their event ids; those of a message written
        with ``deliver=False`` come for the first time, but marked as a retry.
        """
        first = [e for e in self.sockets.envelopes if _announces(e, message)]
        sent = {e.event_id: e for e in first}
        if sent:
            return [self.repeat(envelope, retry_num) for envelope in sent.values()]
        channel = self.state.channels[message.channel]
        return self.emitter.posted(channel, message, retry=retry_num)

    def repeat(self, envelope: Envelope, retry_num: int = 1) -> Envelope:
        """Send an envelope again with the same event id, as a retry."""
        again = self.sockets.send(
            envelope.app, envelope.type, envelope.payload, first_retry=retry_num
        )
        again.reason = "timeout"
        return again

    def edit(self, message: Message, text: str) -> Envelope | None:
        """Change a message's text."""
        before = message.versions[-1]
        edited = f"{self.state.unix_time}.000000"
        version = self.state.copy_version(
            before, text=text, editor=message.user, edited_ts=edited, blocks=()
        )
        self.state.add_version(message, version)
        return self.emitter.changed(self.state.channels[message.channel], message, before)

    def delete_file(self, file: File) -> list[Envelope | None]:
        """Delete a file: each message that shows it is told to have changed."""
        file.deleted = True
        self.state.signal.changed()
        shown = [self.state.messages[share] for share in file.shares]
        return [
            self.emitter.changed(self.state.channels[each.channel], each, each.versions[-1])
            for each in shown
        ]

    def unfurl(self, message: Message, url: str) -> Envelope | None:
        """Let Slack attach a link preview: message_changed without a change of text."""
        before = message.versions[-1]
        preview: JSON = {"id": 1, "from_url": url, "original_url": url, "fallback": url}
        version = self.state.copy_version(before, attachments=(*before.attachments, preview))
        self.state.add_version(message, version)
        return self.emitter.changed(self.state.channels[message.channel], message, before)

    def delete(self, message: Message) -> Envelope | None:
        """Delete a message."""
        message.deleted = True
        self.state.signal.changed()
        return self.emitter.deleted(self.state.channels[message.channel], message)

    def react(self, message: Message, user: User, name: str) -> Envelope | None:
        """Add a reaction."""
        return self._reaction(message, user, name, added=True)

    def unreact(self, message: Message, user: User, name: str) -> Envelope | None:
        """Take a reaction back."""
        return self._reaction(message, user, name, added=False)

    def _reaction(self, message: Message, user: User, name: str, *, added: bool) -> Envelope | None:
        users = message.reactions.setdefault(name, [])
        if added and user.id not in users:
            users.append(user.id)
        elif not added and user.id in users:
            users.remove(user.id)
        if not users:
            del message.reactions[name]
        self.state.signal.changed()
        channel = self.state.channels[message.channel]
        return self.emitter.reacted(channel, message, user, name, added=added)

    # Coming and going

    def join(self, channel: Channel, user: User) -> Message:
        """Add somebody to a channel: ``channel_join`` message and ``member_joined_channel``."""
        if user.id not in channel.members:
            channel.members.append(user.id)
        message = self.system_message(channel, user, "channel_join")
        event = {
            "type": "member_joined_channel",
            "user": user.id,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "channel" else "G",
            "team": channel.team,
            "event_ts": message.ts,
        }
        workspace = self.state.workspace_of(channel)
        self.emitter.emit(workspace, "member_joined_channel", event, channel=channel)
        return message

    def leave(self, channel: Channel, user: User) -> Envelope | None:
        """Take somebody out of a channel: ``channel_leave`` message and ``member_left_channel``."""
        channel.members.remove(user.id)
        message = self.system_message(channel, user, "channel_leave")
        event = {
            "type": "member_left_channel",
            "user": user.id,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "channel" else "G",
            "team": channel.team,
            "event_ts": message.ts,
        }
        workspace = self.state.workspace_of(channel)
        return self.emitter.emit(workspace, "member_left_channel", event, channel=channel)

    def system_message(self, channel: Channel, user: User, subtype: str) -> Message:
        """Let Slack write a message such as ``channel_topic``."""
        text = _SYSTEM_TEXTS.get(subtype, "{user}").format(user=user.mention)
        return self.say(channel, user, text, subtype=subtype)

    def convert(self, channel: Channel, user: User, *, private: bool) -> Message:
        """Make a channel private, or public, under the id that it has."""
        channel.kind = "group" if private else "channel"
        told = "channel_convert_to_private" if private else "channel_convert_to_public"
        return self.system_message(channel, user, told)

    def remove_bot(self, channel: Channel) -> None:
        """Take the app out of a channel."""
        channel.members.remove(self.state.workspace_of(channel).bot.id)
        self.state.signal.changed()

    def archive(self, channel: Channel) -> None:
        """Archive a channel."""
        channel.archived = True
        self.state.signal.changed()

    def delete_channel(self, channel: Channel) -> Envelope | None:
        """Delete a channel with everything in it."""
        workspace = self.state.workspace_of(channel)
        kind = "channel_deleted" if channel.kind == "channel" else "group_deleted"
        event = {"type": kind, "channel": channel.id, "event_ts": self.state.next_ts()}
        envelope = self.emitter.emit(workspace, kind, event, channel=channel)
        for message in self.state.messages.values():
            message.deleted = message.deleted or message.channel == channel.id
        channel.archived = True
        self.state.signal.changed()
        return envelope

    def deactivate(self, user: User) -> Envelope | None:
        """Close somebody's account."""
        user.deleted = True
        return self.change_profile(user)

    def change_profile(self, user: User) -> Envelope | None:
        """Tell that something about somebody has changed."""
        ts = self.state.next_ts()
        event = {
            "type": "user_change",
            "user": user_json(user),
            "cache_ts": self.state.unix_time,
            "event_ts": ts,
        }
        return self.emitter.emit(self.state.workspaces[user.team], "user_change", event)

    def uninstall(
        self,
        workspace: Workspace | None = None,
        *,
        told: bool = True,
        says: str = "account_inactive",
    ) -> None:
        """Remove the app: both events go out, and its token is dead.

        Without `told` nobody hears of it, as if Slack had given the events up by now; `says` is
        the word with which the token is refused from then on.
        """
        space = workspace or self.workspace
        if told:
            revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [space.bot.id]}}
            self.emitter.emit(space, "tokens_revoked", revoked)
            self.emitter.emit(space, "app_uninstalled", {"type": "app_uninstalled"})
        space.revoked, space.refusal = True, says
        self.state.signal.changed()

    # The agent's surface

    def open_home(
        self, user: User, tab: str = "home", beside: Channel | None = None
    ) -> Envelope | None:
        """Open the app's Home or Messages tab, perhaps beside a channel."""
        space = self.state.workspaces[user.team]
        event: JSON = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": self.open_dm(user).id,
            "tab": tab,
            "event_ts": self.state.next_ts(),
        }
        if beside is not None:
            event["context"] = context_of(beside)["app_context"]
        home = self.state.homes.get((user.team, user.id))
        if home is not None and tab == "home":
            event["view"] = view_object(home, space.app.id, space.bot_id)
        return self.emitter.emit(space, "app_home_opened", event)

    def look_at(self, user: User, channel: Channel) -> Envelope | None:
        """Let somebody with the agent open look at another channel."""
        space = self.state.workspaces[user.team]
        entity = {"type": "slack#/types/channel_id", "value": channel.id, "team_id": space.id}
        event = {
            "type": "app_context_changed",
            "user": user.id,
            "channel": self.open_dm(user).id,
            "context": {"entities": [entity]},
            "event_ts": self.state.next_ts(),
        }
        return self.emitter.emit(space, "app_context_changed", event)

    def stop_session(self, message: Message, user: User) -> Envelope | None:
        """Press Slack's own Stop button in the thread of a message; open streams end there.

        Raises:
            LookupError: There is no such button now.
        """
        workspace = self.state.workspaces[message.team]
        session = self.state.sessions.get((message.channel, message.root_ts))
        if session is None or not shows_stop(self.state, session, workspace.app.events):
            raise LookupError("nobody sees a Stop button")
        channel = self.state.channels[message.channel]
        stopped: list[str] = []
        for other in self.state.in_thread(channel.id, message.root_ts):
            if other.stream is not None and other.stream.state == "open":
                other.stream.state = "stopped_by_user"
                stopped.append(other.ts)
        self.state.signal.changed()
        event = {
            "type": "agent_session_stopped",
            "channel": channel.id,
            "thread_ts": message.root_ts,
            "user": user.id,
            "streaming_message_ts": stopped,
            "event_ts": self.state.next_ts(),
        }
        return self.emitter.emit(workspace, "agent_session_stopped", event, channel=channel)

    # Commands, shortcuts, clicks

    def slash(self, channel: Channel, user: User, command: str, text: str = "") -> SlashCall:
        """Type a slash command in a channel (Slack allows none in threads)."""
        return self._interactions.slash(channel, user, command, text)

    def shortcut(self, callback_id: str, message: Message | None, user: User) -> Interaction:
        """Use a message shortcut, or a global one when ``message`` is ``None``."""
        if message is None:
            return self._interactions.global_shortcut(callback_id, user)
        channel = self.state.channels[message.channel]
        return self._interactions.message_shortcut(callback_id, channel, message, user)

    def click(
        self,
        target: Message | Ephemeral | View,
        action_id: str,
        user: User,
        *,
        value: str | None = None,
    ) -> Interaction:
        """Use an element of a message or view; ``value`` chooses an option."""
        return self._interactions.click(target, action_id, user, value=value)

    def submit(self, view: View, user: User, values: JSON | None = None) -> Interaction:
        """Submit a modal with ``view.state.values``."""
        return self._interactions.submit(view, user, values or {})

    def close_view(self, view: View, user: User) -> Interaction | None:
        """Close a modal."""
        return self._interactions.close(view, user)

    # Anything else

    def raw_event(
        self,
        event: JSON,
        *,
        workspace: Workspace | None = None,
        event_id: str | None = None,
        retry_num: int = 0,
    ) -> Envelope | None:
        """Send an event as it is, subscribed to or not, in the usual wrapper."""
        return self.emitter.send(
            workspace or self.workspace, event, event_id=event_id, retry=retry_num
        )

    def raw_envelope(
        self, payload: JSON, *, type_: str = EVENTS, workspace: Workspace | None = None
    ) -> Envelope:
        """Send an envelope with exactly this payload."""
        app = (workspace or self.workspace).app
        return self.sockets.send(app, type_, payload, accepts_response=type_ != EVENTS)


def _announces(envelope: Envelope, message: Message) -> bool:
    event = envelope.payload.get("event", {})
    same = (event.get("channel"), event.get("ts")) == (message.channel, message.ts)
    return same and event.get("type") in ("message", "app_mention")
