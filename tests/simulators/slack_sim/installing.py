"""What people do in their browsers to install an app, on Slack's side."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.simulators.slack_sim.model import Grant, Workspace
from tests.simulators.slack_sim.state import State


def approve(
    state: State,
    location: str,
    workspace: Workspace,
    *,
    scopes: Iterable[str] | None = None,
    whole: bool = False,
    cancel: bool = False,
) -> str:
    """Agree to what Slack's page for installing asks for.

    Args:
        state: The world.
        location: Where the app has sent the browser.
        workspace: Which workspace is chosen.
        scopes: What an administrator lets the app have, if that is less than it asks for.
        whole: Install in all workspaces of the organisation at once.
        cancel: Change one's mind.

    Returns:
        Path and query of the app's redirect URL, to which Slack sends the browser.

    Raises:
        ValueError: Slack would show an error instead.
    """
    address = urlsplit(location)
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    app = workspace.app
    if not location.startswith(f"{state.base_url}/oauth/v2/authorize?"):
        raise ValueError(f"not Slack's page: {location}")
    if query.get("client_id") != app.client_id:
        raise ValueError("invalid_client_id")
    redirects = app.manifest["oauth_config"].get("redirect_urls", [])
    if not redirects or query.get("redirect_uri", redirects[0]) not in redirects:
        raise ValueError("bad_redirect_uri")
    asked = frozenset(query.get("scope", "").split(","))
    if not asked <= frozenset(app.manifest["oauth_config"]["scopes"]["bot"]):
        raise ValueError("invalid_scope")
    back = {"state": query.get("state", "")}
    if cancel:
        back["error"] = "access_denied"
    else:
        back["code"] = state.next_id("code.")
        chosen = [
            other
            for other in state.workspaces.values()
            if other is workspace or (whole and other.enterprise_id == workspace.enterprise_id)
        ]
        granted = asked if scopes is None else frozenset(scopes)
        state.grants[back["code"]] = Grant(app, chosen, granted, whole)
    return f"{urlsplit(redirects[0]).path}?{urlencode(back)}"
