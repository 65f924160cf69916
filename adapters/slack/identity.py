"""Who we are in a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from adapters.slack.values import Own
from bot.errors import PlatformError


def own_of(answer: Mapping[str, Any]) -> Own:
    """Who we are, from the answer of auth.test.

    Raises:
        PlatformError: It does not say.
    """
    team, user = answer.get("team_id"), answer.get("user_id")
    if not (team and user):
        raise PlatformError("Slack does not say who we are")
    return Own(
        team=str(team),
        user=str(user),
        bot=str(answer.get("bot_id") or ""),
        enterprise=str(answer.get("enterprise_id") or ""),
        host=urlsplit(cast("str", answer.get("url") or "")).netloc.casefold(),
        title=str(answer.get("team") or ""),
    )
