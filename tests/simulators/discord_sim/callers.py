"""Acting as people who use commands and press buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.simulators.discord_sim.commands import (
    CHAT_INPUT,
    MESSAGE_MENU,
    Filled,
    descend,
    find,
)
from tests.simulators.discord_sim.elsewhere import (
    check_offered,
    context_of,
    is_member,
    owners_of,
    partial_channel,
)
from tests.simulators.discord_sim.forms import filled
from tests.simulators.discord_sim.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    Interaction,
    new_interaction,
)
from tests.simulators.discord_sim.model import Channel, Message, User
from tests.simulators.discord_sim.payloads import (
    attachment_payload,
    channel_payload,
    guild_payload,
    member_payload,
    message_payload,
    role_payload,
    user_payload,
)
from tests.simulators.discord_sim.permissions import channel_permissions, guild_permissions, may
from tests.simulators.discord_sim.signal import Signal
from tests.simulators.discord_sim.world import World


class Callers:
    """What people do with the bot's commands and buttons."""

    world: World
    signal: Signal
    interactions: list[Interaction]
    locale = "en-US"

    def describe(self) -> str:
        """Return recent requests and messages, for the text of a time-out."""
        raise NotImplementedError

    async def slash(
        self, channel: Channel, user: User, name: str, /, **options: Any
    ) -> Interaction:
        """Use a slash command; subcommands are words after a space in the name.

        Raises:
            LookupError: the bot has not registered it, or not for such a channel.
            PermissionError: the user may not use it.
            ValueError: the options are not as registered.
        """
        data, _ = self._command_data(channel, user, name, options)
        return self._interact(COMMAND, name, channel, user, data)

    async def autocomplete(
        self, channel: Channel, user: User, name: str, option: str, value: str, /, **options: Any
    ) -> Interaction:
        """Type into an option of a slash command; wait with ``completed()``."""
        data, known = self._command_data(channel, user, name, options, partial=True)
        match = [item for item in known if item["name"] == option]
        if not match or not match[0].get("autocomplete"):
            raise ValueError(f"option {option!r} of /{name} has no autocomplete")
        innermost = data
        while innermost.get("options") and innermost["options"][0]["type"] <= 2:
            innermost = innermost["options"][0]
        typed = {"name": option, "type": match[0]["type"], "value": value, "focused": True}
        innermost["options"] = [*innermost.get("options", []), typed]
        return self._interact(AUTOCOMPLETE, name, channel, user, data)

    def _command_data(
        self,
        channel: Channel,
        user: User,
        name: str,
        values: dict[str, Any],
        partial: bool = False,
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        root, *words = name.split()
        command = find(self.world, channel.guild.id if channel.guild else None, root)
        self._check_use(command, channel, user)
        known, types = descend(command, words)
        filled = Filled(self.world)
        if partial:
            given = [item for item in known if item["name"] in values]
        else:
            given = known
        options = filled.fill(given, values)
        for word, kind in zip(reversed(words), reversed(types), strict=True):
            options = [{"name": word, "type": kind, "options": options}]
        data: dict[str, Any] = {"id": command["id"], "name": root, "type": CHAT_INPUT}
        if options:
            data["options"] = options
        if resolved := self._resolved(filled, channel, user):
            data["resolved"] = resolved
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data, known

    def _check_use(self, command: dict[str, Any], channel: Channel, user: User) -> None:
        check_offered(self.world, command, channel, user)
        needed = command.get("default_member_permissions")
        if channel.guild is None:
            return
        if not may(channel, user.id, "use_application_commands"):
            raise PermissionError(f"{user.name} may not use commands here")
        if needed is not None:
            has = guild_permissions(channel.guild, user.id)
            if not int(needed) or has & int(needed) != int(needed):
                raise PermissionError(f"{user.name} may not use /{command['name']}")

    def _resolved(self, filled: Filled, channel: Channel, user: User) -> dict[str, Any]:
        resolved: dict[str, Any] = {}
        for group, items in filled.objects.items():
            makers: dict[str, Callable[[Any], dict[str, Any]]] = {
                "users": user_payload,
                "roles": lambda role: role_payload(role, 1),
                "channels": lambda item: self._partial_channel(item, user),
                "attachments": lambda item: attachment_payload(channel, item, self.world.link),
            }
            resolved[group] = {key: makers[group](item) for key, item in items.items()}
            if group == "users" and channel.guild is not None:
                resolved["members"] = {
                    key: {
                        **member_payload(channel.guild, item, with_user=False),
                        "permissions": str(channel_permissions(channel, item.id)),
                    }
                    for key, item in items.items()
                }
        return resolved

    def _partial_channel(self, channel: Channel, user: User) -> dict[str, Any]:
        permissions = str(channel_permissions(channel, user.id))
        payload = {**channel_payload(channel, self.world.bot.id), "permissions": permissions}
        return partial_channel(payload, known=is_member(self.world, channel))

    async def message_menu(self, message: Message, user: User, name: str) -> Interaction:
        """Use a message context-menu command."""
        channel = message.channel
        command = find(self.world, channel.guild.id if channel.guild else None, name, MESSAGE_MENU)
        self._check_use(command, channel, user)
        shown = message_payload(message, self.world.link, self.world.bot.id, lambda _item: True)
        data = {
            "id": command["id"],
            "name": name,
            "type": MESSAGE_MENU,
            "target_id": str(message.id),
            "resolved": {"messages": {str(message.id): shown}},
        }
        return self._interact(COMMAND, name, channel, user, data)

    async def submit(self, interaction: Interaction, /, **values: str) -> Interaction:
        """Fill in and send off the form that an interaction has opened.

        Raises:
            LookupError: none was opened.
            ValueError: it does not take these values.
        """
        if interaction.modal is None:
            raise LookupError(f"{interaction!r} has opened no form")
        data = filled(interaction.modal, values)
        name = data["custom_id"]
        # A form that a button has opened comes with the message of the button.
        return self._interact(
            MODAL, name, interaction.channel, interaction.user, data, interaction.message
        )

    async def click(self, message: Message, user: User, custom_id: str) -> Interaction:
        """Press a button.

        Raises:
            LookupError: the message shows no such button, or it cannot be pressed.
        """
        self._find_component(message, user, custom_id, 2)
        data = {"custom_id": custom_id, "component_type": 2}
        return self._interact(COMPONENT, custom_id, message.channel, user, data, message)

    async def choose(
        self, message: Message, user: User, custom_id: str, *values: str
    ) -> Interaction:
        """Choose from a list.

        Raises:
            LookupError: the message shows no such list.
            ValueError: the list does not offer these values, or not so many.
        """
        menu = self._find_component(message, user, custom_id, 3)
        offered = {option["value"] for option in menu.get("options", [])}
        few, many = menu.get("min_values", 1), menu.get("max_values", 1)
        if not set(values) <= offered or not few <= len(values) <= many:
            raise ValueError(f"{values} cannot be chosen from {sorted(offered)}")
        data = {"custom_id": custom_id, "component_type": 3, "values": list(values)}
        return self._interact(COMPONENT, custom_id, message.channel, user, data, message)

    def _find_component(
        self, message: Message, user: User, custom_id: str, kind: int
    ) -> dict[str, Any]:
        if message.seen_by not in (None, user):
            raise LookupError("somebody else's ephemeral message")
        found = None if message.deleted else _component(message.components, custom_id)
        if found is None or found["type"] != kind or found.get("disabled"):
            raise LookupError(f"nothing to use under {custom_id!r}")
        return found

    def _interact(
        self,
        kind: int,
        name: str,
        channel: Channel,
        user: User,
        data: dict[str, Any],
        message: Message | None = None,
    ) -> Interaction:
        world = self.world
        interaction = new_interaction(
            world, self.signal, self.describe, kind, name, channel, user, data, message
        )
        self.interactions.append(interaction)
        world.tell_interaction(channel, self._interaction_payload(interaction))
        world.on_change()
        return interaction

    def _interaction_payload(self, interaction: Interaction) -> dict[str, Any]:
        world, channel, user = self.world, interaction.channel, interaction.user
        guild = channel.guild
        payload: dict[str, Any] = {
            "id": str(interaction.id),
            "application_id": str(world.application_id),
            "type": interaction.type,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": self._partial_channel(channel, user),
            "token": interaction.token,
            "version": 1,
            "app_permissions": str(channel_permissions(channel, world.bot.id)),
            "locale": self.locale,
            "entitlements": [],
            "authorizing_integration_owners": owners_of(world, channel, user),
            "context": context_of(channel),
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if guild is None:
            payload["user"] = user_payload(user)
        else:
            payload["guild_id"] = str(guild.id)
            payload["guild"] = {"id": str(guild.id), "locale": "en-US", "features": []}
            payload["guild_locale"] = guild_payload(guild)["preferred_locale"]
            payload["member"] = {
                **member_payload(guild, user),
                "permissions": str(channel_permissions(channel, user.id)),
            }
        if interaction.message is not None:
            payload["message"] = message_payload(
                interaction.message, world.link, world.bot.id, lambda _item: True
            )
        return payload


def _component(components: Sequence[Any], custom_id: str) -> dict[str, Any] | None:
    for component in components:
        if component.get("custom_id") == custom_id:
            return component
        children = [*component.get("components", []), *filter(None, [component.get("accessory")])]
        if (found := _component(children, custom_id)) is not None:
            return found
    return None
