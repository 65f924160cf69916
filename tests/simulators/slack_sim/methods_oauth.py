"""oauth.v2.access and auth.revoke: how an app gets into a workspace, and gets a newer token."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.arguments import Method, invalid
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.model import Workspace


def access(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """oauth.v2.access: a code or a refresh token for a bot token."""
    if a.get("grant_type") == "refresh_token":
        return _refreshed(call, a.get("refresh_token", ""))
    if "grant_type" in a and a["grant_type"] != "authorization_code":
        raise invalid("unknown grant_type")
    grant = call.state.grants.get(a.get("code", ""))
    if grant is None or grant.app is not call.app:
        raise ApiError("invalid_code")
    if grant.used:
        raise ApiError("code_already_used")
    grant.used = True
    for workspace in grant.workspaces:
        workspace.scopes = grant.scopes
        workspace.whole = grant.whole
        # All of an organisation knows the bot as one and the same user.
        workspace.bot = grant.workspaces[0].bot
        workspace.installed, workspace.revoked = True, False
    return _granted(call, grant.workspaces)


def _refreshed(call: Call, refresh: str) -> dict[str, Any]:
    found = [w for w in call.state.workspaces.values() if w.app is call.app and refresh]
    current = [w for w in found if w.refresh == refresh]
    if not current:
        used = any(refresh in w.used_refresh for w in found)
        raise ApiError("invalid_refresh_token", violation="refresh token used twice" * used or None)
    if current[0].revoked:
        raise ApiError("token_revoked")
    for workspace in current:
        workspace.used_refresh.append(refresh)
    return _granted(call, current)


def _granted(call: Call, workspaces: list[Workspace]) -> dict[str, Any]:
    first = workspaces[0]
    rotates = call.app.rotates
    token = call.state.token("xoxe.xoxb" if rotates else "xoxb")
    refresh = call.state.token("xoxe-1") if rotates else ""
    for workspace in workspaces:
        # The one before is good until it expires.
        workspace.older.append(workspace.token)
        workspace.token, workspace.refresh = token, refresh
    call.state.signal.changed()
    enterprise = {"id": first.enterprise_id, "name": "The Organisation"}
    body: dict[str, Any] = {
        "access_token": token,
        "token_type": "bot",
        "scope": ",".join(sorted(first.scopes)),
        "bot_user_id": first.bot.id,
        "app_id": call.app.id,
        "team": None if first.whole else {"id": first.id, "name": first.name},
        "enterprise": enterprise if first.enterprise_id else None,
        "is_enterprise_install": first.whole,
        "authed_user": {"id": "U0INSTALLER"},
    }
    if rotates:
        body |= {"expires_in": call.state.token_life, "refresh_token": refresh}
    return body


def revoke(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """auth.revoke: the token is dead from now on."""
    if not a.get("test"):
        call.workspace.revoked = True
        call.state.signal.changed()
    return {"revoked": not a.get("test")}


METHODS = {
    "oauth.v2.access": Method(
        access,
        {"code": "str", "redirect_uri": "str", "grant_type": "str", "refresh_token": "str"},
        tier=4,
        json=False,
        token="client",
    ),
    "auth.revoke": Method(revoke, {"test": "bool"}, tier=3, json=False),
}
