"""What Slack takes as an app's manifest: the parts that a chat app can have, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


def _text(most: int) -> Any:
    return Annotated[str, Field(min_length=1, max_length=most)]


_Url = Annotated[str, Field(pattern=r"^https://[^\s/]+(/\S*)?$", max_length=3000)]
_Scope = Annotated[str, Field(pattern=r"^[a-z_]+([.:][a-z_]+)*$", max_length=50)]
_Event = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z]+)?$", max_length=50)]


class _Metadata(_Strict):
    major_version: Literal[2]
    minor_version: int = 1


class _Display(_Strict):
    name: _text(35)
    description: _text(140) = ""
    long_description: Annotated[str, Field(min_length=175, max_length=4000)] | None = None
    background_color: Annotated[str, Field(pattern=r"^#([0-9a-fA-F]{3}){1,2}$")] = "#000"


class _Prompt(_Strict):
    title: _text(200)
    message: _text(2000)


class _Agent(_Strict):
    agent_description: _text(300)
    suggested_prompts: Annotated[list[_Prompt], Field(max_length=4)] = []


class _Home(_Strict):
    home_tab_enabled: bool
    messages_tab_enabled: bool
    messages_tab_read_only_enabled: bool


class _BotUser(_Strict):
    display_name: _text(80)
    always_online: bool = False


class _Shortcut(_Strict):
    name: _text(24)
    type: Literal["message", "global"]
    callback_id: _text(255)
    description: _text(150)


class _Command(_Strict):
    command: Annotated[str, Field(pattern=r"^/[a-z0-9_-]+$", max_length=32)]
    description: _text(2000)
    usage_hint: _text(1000) = ""
    should_escape: bool = False
    url: _Url | None = None


class _Features(_Strict):
    agent_view: _Agent | None = None
    app_home: _Home
    bot_user: _BotUser
    shortcuts: Annotated[list[_Shortcut], Field(min_length=1, max_length=10)] | None = None
    slash_commands: Annotated[list[_Command], Field(min_length=1, max_length=50)] | None = None


class _Scopes(_Strict):
    bot: Annotated[list[_Scope], Field(max_length=255)]


class _OAuth(_Strict):
    scopes: _Scopes
    redirect_urls: Annotated[list[_Url], Field(max_length=1000)] | None = None
    token_management_enabled: bool = False
    pkce_enabled: bool = False


class _Subscriptions(_Strict):
    request_url: _Url | None = None
    bot_events: Annotated[list[_Event], Field(max_length=100)]


class _Interactivity(_Strict):
    is_enabled: bool
    request_url: _Url | None = None
    message_menu_options_url: _Url | None = None


class _Settings(_Strict):
    event_subscriptions: _Subscriptions
    interactivity: _Interactivity
    org_deploy_enabled: bool = False
    socket_mode_enabled: bool
    token_rotation_enabled: bool = False


class _Manifest(_Strict):
    metadata: Annotated[_Metadata, Field(alias="_metadata")]
    display_information: _Display
    features: _Features
    oauth_config: _OAuth
    settings: _Settings


LEGACY_EVENTS = frozenset({"assistant_thread_started", "assistant_thread_context_changed"})
"""Of the assistant surface; the app's editor warns when an app with an agent view wants them."""


def complaints(manifest: Mapping[str, Any]) -> list[str]:
    """What Slack, or the editor of the app's settings, would say; empty when all is well."""
    try:
        read = _Manifest.model_validate(dict(manifest))
    except ValidationError as error:
        return [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
    return [*_twice(read), *_together(read)]


def _twice(read: _Manifest) -> list[str]:
    features = read.features
    lists = {
        "event": read.settings.event_subscriptions.bot_events,
        "scope": read.oauth_config.scopes.bot,
        "command": [command.command for command in features.slash_commands or ()],
        "callback_id": [shortcut.callback_id for shortcut in features.shortcuts or ()],
    }
    return [
        f"{kind} {name} twice"
        for kind, names in lists.items()
        for name in sorted({name for name in names if names.count(name) > 1})
    ]


def _together(read: _Manifest) -> list[str]:
    """What goes together, beyond the form of each part."""
    settings, found = read.settings, []
    events, scopes = set(settings.event_subscriptions.bot_events), read.oauth_config.scopes.bot
    if read.features.agent_view is not None:
        found += [f"{event} is not for an agent view" for event in sorted(events & LEGACY_EVENTS)]
        if "assistant:write" not in scopes:
            found.append("an agent view needs the scope assistant:write")
        if not read.features.app_home.messages_tab_enabled:
            found.append("an agent view needs the Messages tab")
    elif events & {"agent_session_stopped", "app_context_changed"}:
        found.append("events of an agent view without one")
    if read.features.slash_commands and "commands" not in scopes:
        found.append("commands need the scope commands")
    urls = [settings.event_subscriptions.request_url, settings.interactivity.request_url]
    urls += [command.url for command in read.features.slash_commands or ()]
    if not settings.socket_mode_enabled and None in urls:
        found.append("without Socket Mode everything needs an address")
    return found
