"""Who and where: auth, users, bots, team, and the door to Socket Mode."""

from __future__ import annotations

from typing import Any

from tests.simulators.slack_sim.arguments import Method
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.render import bot_json, user_json


def auth_test(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """auth.test."""
    workspace = call.workspace
    body: dict[str, Any] = {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "user": workspace.bot.name,
        "team_id": workspace.id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }
    if workspace.enterprise_id is not None:
        body["enterprise_id"] = workspace.enterprise_id
    if workspace.whole:
        body |= {"team_id": workspace.enterprise_id, "is_enterprise_install": True}
    return body


def connections_open(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """apps.connections.open."""
    address = call.state.base_url.replace("http://", "ws://")
    return {"url": f"{address}/link/?ticket={call.sockets.ticket(call.app)}&app_id={call.app.id}"}


def users_info(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """users.info."""
    user = call.state.users.get(a["user"])
    if user is None or not call.serves(user.team):
        raise ApiError("user_not_found")
    home = call.state.workspaces.get(user.team)
    if home is None or home.enterprise_id is None or user.external_team:
        return {"user": user_json(user)}
    of_all = {
        "id": user.id,
        "enterprise_id": home.enterprise_id,
        "is_admin": user.org_admin,
        "is_owner": False,
        "teams": [user.team],
    }
    return {"user": {**user_json(user), "enterprise_user": of_all}}


def bots_info(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """bots.info."""
    wanted = a.get("bot", call.workspace.bot_id)
    for user in call.state.users.values():
        if user.bot_id == wanted and user.team == call.workspace.id:
            return {"bot": bot_json(user)}
    raise ApiError("bot_not_found")


def team_info(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """team.info."""
    workspace = call.workspace
    if a.get("team", workspace.id) != workspace.id:
        raise ApiError("team_not_found")
    return {"team": {"id": workspace.id, "name": workspace.name, "domain": workspace.domain}}


def usergroups_users_list(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """usergroups.users.list."""
    group = call.state.groups.get(a["usergroup"])
    team = a.get("team_id", call.workspace.id)
    if group is None or group.team != team or not call.serves(team):
        raise ApiError("no_such_subteam")
    return {"users": list(group.users)}


def usergroups_list(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """usergroups.list."""
    team = a.get("team_id", call.workspace.id)
    if not call.serves(team):
        raise ApiError("team_not_found")
    groups = [group for group in call.state.groups.values() if group.team == team]
    return {
        "usergroups": [
            {"id": group.id, "team_id": team, "name": group.handle.title(), "handle": group.handle}
            for group in groups
        ]
    }


def auth_teams_list(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """auth.teams.list; one workspace a page, so that a bot has to turn it."""
    teams = [each for each in call.state.workspaces.values() if call.serves(each.id)]
    at = int(a.get("cursor") or 0)
    more = str(at + 1) if at + 1 < len(teams) else ""
    shown = [{"id": each.id, "name": each.name} for each in teams[at : at + 1]]
    return {"teams": shown, "response_metadata": {"next_cursor": more}}


METHODS = {
    "auth.teams.list": Method(
        auth_teams_list,
        {"cursor": "str", "limit": "int", "include_icon": "bool"},
        tier=2,
        json=False,
    ),
    "usergroups.list": Method(
        usergroups_list,
        {"include_count": "bool", "include_disabled": "bool", "include_users": "bool"},
        ("usergroups:read",),
        2,
        json=False,
    ),
    "usergroups.users.list": Method(
        usergroups_users_list,
        {"usergroup": "str!", "include_disabled": "bool"},
        ("usergroups:read",),
        2,
        json=False,
    ),
    "auth.test": Method(auth_test, {}, tier=None),
    "apps.connections.open": Method(connections_open, {}, tier=1, token="app"),
    "users.info": Method(
        users_info, {"user": "str!", "include_locale": "bool"}, ("users:read",), 4, json=False
    ),
    "bots.info": Method(bots_info, {"bot": "str"}, ("users:read",), 3, json=False),
    "team.info": Method(
        team_info,
        {"team": "str", "domain": "str", "include_slackbot_availability": "bool"},
        ("team:read",),
        3,
        json=False,
    ),
}
