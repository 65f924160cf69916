"""Interactions: what people start with commands and buttons, and how the bot may answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulators.discord_sim.commands import CHOICE
from tests.simulators.discord_sim.compose import Draft, draft
from tests.simulators.discord_sim.elsewhere import FOLLOW_UPS, forced_flags, is_personal
from tests.simulators.discord_sim.errors import ApiError, invalid_field
from tests.simulators.discord_sim.fields import (
    EDIT,
    FOLLOWUP,
    RESPONSE,
    anything,
    array,
    check_body,
    one_of,
)
from tests.simulators.discord_sim.forms import check_form
from tests.simulators.discord_sim.model import (
    DEFAULT,
    EPHEMERAL,
    LOADING,
    REPLY,
    SLASH_RESPONSE,
    Channel,
    Message,
    User,
)
from tests.simulators.discord_sim.payloads import user_payload
from tests.simulators.discord_sim.rest import Call, Endpoint
from tests.simulators.discord_sim.signal import Signal
from tests.simulators.discord_sim.world import World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE, _CHOICES, _MODAL = 4, 5, 6, 7, 8, 9
ACK_SECONDS = 3.0
TOKEN_SECONDS = 900.0

# Which answers each kind of interaction may get.
_ANSWERS = {
    COMMAND: {_MESSAGE, _DEFERRED, _MODAL},
    COMPONENT: {_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE, _MODAL},
    AUTOCOMPLETE: {_CHOICES},
    MODAL: {_MESSAGE, _DEFERRED, _DEFERRED_UPDATE, _UPDATE},
}


@dataclass(slots=True, eq=False, repr=False)
class Interaction:
    """Something a person started.

    Attributes:
        created: simulated seconds.
        callback_type: type of the first answer, ``None`` while there is none.
        acked_at: simulated seconds of that answer.
        original: the message of the first answer; still loading when it was only deferred.
        responses: every message sent as an answer, in order, whether ephemeral or not.
        choices: what an autocomplete answered.
        modal: the form that was opened.
        followed_up: how many further answers there were.
    """

    id: int
    token: str
    type: int
    name: str
    channel: Channel
    user: User
    data: dict[str, Any]
    created: float
    signal: Signal
    describe: Callable[[], str]
    message: Message | None = None
    callback_type: int | None = None
    acked_at: float | None = None
    original: Message | None = None
    responses: list[Message] = field(default_factory=list)
    choices: list[dict[str, Any]] | None = None
    modal: dict[str, Any] | None = None
    followed_up: int = 0

    def __repr__(self) -> str:
        return f"<Interaction {self.id} {self.name} by {self.user.name}>"

    @property
    def deferred(self) -> bool:
        """Whether the first answer only promised one."""
        return self.callback_type in (_DEFERRED, _DEFERRED_UPDATE)

    @property
    def ephemeral(self) -> bool:
        """Whether the first answer is for the caller alone."""
        return self.original is not None and self.original.ephemeral

    async def acked(self, timeout: float = 50.0) -> None:
        """Wait for the first answer, of whatever kind."""
        await self.signal.until(lambda: self.callback_type is not None, timeout, self.describe)

    async def answered(self, timeout: float = 50.0) -> Message:
        """Wait for an answer that says something, and return it."""

        def shown() -> Message | None:
            ready = [item for item in self.responses if not item.loading and not item.deleted]
            return ready[0] if ready else None

        found = await self.signal.until(shown, timeout, self.describe)
        assert found is not None
        return found

    async def asked(self, timeout: float = 50.0) -> dict[str, Any]:
        """Wait for a form to be opened."""
        await self.signal.until(lambda: self.modal is not None, timeout, self.describe)
        assert self.modal is not None
        return self.modal

    async def completed(self, timeout: float = 50.0) -> list[dict[str, Any]]:
        """Wait for the choices of an autocomplete."""
        await self.signal.until(lambda: self.choices is not None, timeout, self.describe)
        return self.choices or []


class InteractionRoutes:
    """Handlers for answers to interactions.

    Attributes:
        interactions: everything people started, in order.
        ack_seconds: simulated seconds the bot has for its first answer.
    """

    def __init__(self, world: World, ack_seconds: float) -> None:
        self._world = world
        self.interactions: list[Interaction] = []
        self.ack_seconds = ack_seconds

    def endpoints(self) -> list[Endpoint]:
        """Return the routes; none of them takes the bot token or counts globally."""
        hook = "/webhooks/{application_id}/{token}"
        message = hook + "/messages/{message_id}"
        return [
            Endpoint("POST", "/interactions/{interaction_id}/{token}/callback", self.call, False),
            Endpoint("POST", hook, self.follow_up, False),
            Endpoint("GET", message, self.get, False),
            Endpoint("PATCH", message, self.edit, False),
            Endpoint("DELETE", message, self.delete, False),
        ]

    async def call(self, call: Call) -> dict[str, Any] | None:
        """Take the first answer."""
        world = self._world
        number = call.id("interaction_id")
        token = call.request.path["token"]
        found = [item for item in self.interactions if (item.id, item.token) == (number, token)]
        if not found or world.clock() > found[0].created + self.ack_seconds:
            if not found or found[0].callback_type is None:
                raise ApiError(10062)
        interaction = found[0]
        if interaction.callback_type is not None:
            raise ApiError(40060)
        body = check_body(
            call.body,
            {"type": one_of(*sorted(_ANSWERS[interaction.type])), "data": anything},
            ("type",),
            call.request.route,
            world.violations,
        )
        kind, data = body["type"], body.get("data") or {}
        made = self._first_answer(call, interaction, kind, data)
        interaction.callback_type = kind
        interaction.acked_at = world.clock()
        if made is not None:
            self._first_message(interaction, made, kind)
        world.on_change()
        if call.request.query.get("with_response") not in ("1", "true"):
            return None
        return self._callback_payload(interaction, kind)

    def _first_answer(
        self, call: Call, interaction: Interaction, kind: int, data: dict[str, Any]
    ) -> Draft | None:
        """Check the answer; return the message it makes or changes, if any."""
        world, route = self._world, call.request.route
        if kind in (_DEFERRED_UPDATE, _UPDATE) and interaction.message is None:
            raise invalid_field("type", "BASE_TYPE_CHOICES", "There is no message to update.")
        if kind == _CHOICES:
            check_body(data, {"choices": array(CHOICE, 25)}, ("choices",), route, world.violations)
            interaction.choices = data["choices"]
        elif kind == _MODAL:
            interaction.modal = check_form(data, route, world.violations)
        elif kind == _MESSAGE:
            check_body(data, RESPONSE, (), route, world.violations)
            return draft(world, interaction.channel, data, call.files)
        elif kind == _UPDATE and interaction.message is not None:
            check_body(data, EDIT, (), route, world.violations)
            return draft(world, interaction.channel, data, call.files, before=interaction.message)
        elif kind == _DEFERRED:
            flags = (data.get("flags", 0) & EPHEMERAL) | LOADING
            return Draft(world.version(interaction.channel, world.bot, "", flags=flags), [], [])
        return None

    def _first_message(self, interaction: Interaction, made: Draft, kind: int) -> None:
        if kind == _UPDATE and interaction.message is not None:
            self._apply(interaction.message, made)
            interaction.original = interaction.message
        else:
            interaction.original = self._post(interaction, made, SLASH_RESPONSE)

    def _post(
        self, interaction: Interaction, made: Draft, kind: int, target: Message | None = None
    ) -> Message:
        world = self._world
        forced = forced_flags(world, interaction.channel, interaction.user)
        version = replace(made.version, flags=made.version.flags | forced)
        made = replace(made, version=version)
        message = world.post(
            interaction.channel,
            world.bot,
            made.version,
            kind=kind,
            reply_to=target,
            attachments=made.attachments,
            embeds=made.embeds,
            webhook_id=world.application_id,
            seen_by=interaction.user if made.version.flags & EPHEMERAL else None,
            interaction={
                "id": str(interaction.id),
                "type": interaction.type,
                "user": user_payload(interaction.user),
                "authorizing_integration_owners": {},
            },
        )
        interaction.responses.append(message)
        return message

    def _apply(self, message: Message, made: Draft) -> None:
        message.attachments, message.embeds = made.attachments, made.embeds
        self._world.revise(message, made.version)

    def _callback_payload(self, interaction: Interaction, kind: int) -> dict[str, Any]:
        about: dict[str, Any] = {"id": str(interaction.id), "type": interaction.type}
        payload: dict[str, Any] = {"interaction": about}
        original = interaction.original
        if original is not None:
            about["response_message_id"] = str(original.id)
            about["response_message_loading"] = original.loading
            about["response_message_ephemeral"] = original.ephemeral
            shown = self._world.rest_payload(original)
            payload["resource"] = {"type": kind, "message": shown}
        return payload

    def _hook(self, call: Call) -> Interaction:
        """Return the interaction whose token is used as a webhook.

        Raises:
            ApiError: there is none, it was not acknowledged, or its 15 minutes are over.
        """
        token = call.request.path["token"]
        found = [item for item in self.interactions if item.token == token]
        if not found or call.id("application_id") != self._world.application_id:
            raise ApiError(50027)
        interaction = found[0]
        if self._world.clock() > interaction.created + TOKEN_SECONDS:
            raise ApiError(50027)
        if interaction.callback_type is None:
            raise ApiError(10015)
        return interaction

    def _message(self, call: Call, interaction: Interaction) -> Message:
        wanted = call.request.path["message_id"]
        message = interaction.original or interaction.message
        if wanted != "@original":
            known = {str(item.id): item for item in interaction.responses}
            message = known.get(wanted)
        if message is None or message.deleted:
            raise ApiError(10008)
        return message

    async def follow_up(self, call: Call) -> dict[str, Any] | None:
        """Send another answer; after a mere promise the first one takes its place."""
        world, interaction = self._world, self._hook(call)
        body = check_body(call.body, FOLLOWUP, (), call.request.route, world.violations)
        made = draft(world, interaction.channel, body, call.files)
        original = interaction.original
        if original is not None and original.loading:
            self._apply(original, _with_flags_of(made, original))
            message = original
        else:
            if is_personal(world, interaction.channel):
                if interaction.followed_up >= FOLLOW_UPS:
                    raise ApiError(40094)
                interaction.followed_up += 1
            target = None if original is None or original.ephemeral else original
            message = self._post(interaction, made, REPLY if target else DEFAULT, target)
        waits = call.request.query.get("wait") in ("1", "true")
        return world.rest_payload(message) if waits else None

    async def get(self, call: Call) -> dict[str, Any]:
        """Return an answer."""
        return self._world.rest_payload(self._message(call, self._hook(call)))

    async def edit(self, call: Call) -> dict[str, Any]:
        """Edit an answer."""
        world = self._world
        message = self._message(call, self._hook(call))
        body = check_body(call.body, EDIT, (), call.request.route, world.violations)
        made = draft(world, message.channel, body, call.files, before=message)
        self._apply(message, _with_flags_of(made, message))
        return world.rest_payload(message)

    async def delete(self, call: Call) -> None:
        """Delete an answer."""
        self._world.remove(self._message(call, self._hook(call)))


def _with_flags_of(made: Draft, message: Message) -> Draft:
    """Keep who sees the message: that was settled by the first answer."""
    version = made.version
    seen = message.versions[-1].flags & EPHEMERAL
    flags = version.flags & ~(EPHEMERAL | LOADING) | seen
    return replace(made, version=replace(version, flags=flags))


def new_interaction(
    world: World,
    signal: Signal,
    describe: Callable[[], str],
    kind: int,
    name: str,
    channel: Channel,
    user: User,
    data: dict[str, Any],
    message: Message | None = None,
) -> Interaction:
    """Return an interaction that nobody has answered yet."""
    number = world.new_id()
    token = world.secret("interaction", number)
    loop_time = asyncio.get_running_loop().time() * world.scale
    return Interaction(
        number, token, kind, name, channel, user, data, loop_time, signal, describe, message
    )
