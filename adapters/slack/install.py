"""Installing the app in further workspaces: two pages, `/slack/install` and where Slack sends back.

The first sends people to Slack with a state: signed, good for five minutes, and bound to the
browser by a cookie, so that nobody is made to finish what somebody else began. The second trades
the code that Slack sends along for a token, and keeps the installation.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, cast

from aiohttp import web
from slack_sdk.oauth import AuthorizeUrlGenerator, OAuthStateUtils
from slack_sdk.oauth.state_store.stateless import StatelessOAuthStateStore

from adapters.slack import INSTALL_PATH, REDIRECT_PATH
from adapters.slack.calls import Calls, quiet_log
from adapters.slack.identity import own_of
from adapters.slack.installation import Granted, Installation, Vault, granted
from adapters.slack.manifest import PURPOSES
from bot.errors import BobbinError, PlatformBusy, PlatformError, StoreError
from bot.services import Claims

log = logging.getLogger(__name__)

STATE_SECONDS = 300
BURST, EVERY_SECONDS = 20, 3.0
"""So many installations at once, and one more in so many seconds: each asks Slack."""

AGAIN = f'<p><a href="{INSTALL_PATH}">Try again</a></p>'
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class OAuth:
    """What is needed to be installed in many workspaces.

    Attributes:
        client_id: The app's client id.
        client_secret: Its client secret.
        keys: What installations are encrypted with, the newest first.
        port: Where the pages are served in Socket Mode; 0 for nowhere.
        host: The address to listen on there.
    """

    client_id: str
    client_secret: str = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)
    port: int = 0
    host: str = ""


class Pages:
    """Serves the two pages.

    Args:
        oauth: The app's credentials.
        calls: Asks Slack.
        vault: Keeps installations.
        claims: What the processes agree on.
        drop: Called with a workspace or organisation whose installation has changed.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        oauth: OAuth,
        calls: Calls,
        vault: Vault,
        claims: Claims,
        drop: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._oauth = oauth
        self._calls = calls
        self._vault = vault
        self._claims = claims
        self._drop = drop
        self._now = now
        self._cookie = OAuthStateUtils(expiration_seconds=STATE_SECONDS)
        self._states = StatelessOAuthStateStore(
            expiration_seconds=STATE_SECONDS,
            signing_secret=oauth.client_secret,
            logger=quiet_log(),
        )

    def routes(self) -> Sequence[web.RouteDef]:
        """The pages, for a server."""
        return [web.get(INSTALL_PATH, self.begin), web.get(REDIRECT_PATH, self.finish)]

    async def begin(self, request: web.Request) -> web.Response:
        """Send somebody to Slack, where they choose a workspace and see what is asked for."""
        state = str(cast("Any", self._states).issue())
        url = AuthorizeUrlGenerator(
            client_id=self._oauth.client_id,
            scopes=list(PURPOSES),
            authorization_url=f"{self._calls.base}/oauth/v2/authorize",
        ).generate(state)
        cookie = self._cookie.build_set_cookie_for_new_state(state)
        # Lax: it has to come along when Slack sends the browser back.
        headers = {**HEADERS, "Location": url, "Set-Cookie": f"{cookie}; SameSite=Lax"}
        return web.Response(status=302, headers=headers)

    async def finish(self, request: web.Request) -> web.Response:
        """Keep the installation that somebody has agreed to."""
        query, state = request.query, request.query.get("state", "")
        browser: dict[str, str | Sequence[str]] = {"cookie": request.headers.getall("Cookie", [])}
        if not (self._cookie.is_valid_browser(state, browser) and self._states.consume(state)):
            told = "This link is too old, or it was begun in another browser."
            return self._page(400, "Not installed", told)
        if "error" in query or not query.get("code"):
            return self._page(200, "Not installed", "Slack says that it was cancelled.")
        try:
            if await self._claims.spend("install", BURST, EVERY_SECONDS):
                return self._page(429, "Not installed", "Too many at once. Wait a minute.")
            made = await self._install(query["code"])
        except StoreError as error:
            log.warning("An installation could not be kept: %s (%s)", error, error.hint)
            return self._page(503, "Not installed", error.user_text)
        except PlatformBusy as error:
            log.warning("Slack did not finish an installation: %s", error)
            return self._page(503, "Not installed", "Slack did not answer in time.")
        except BobbinError as error:
            log.warning("Slack refused an installation: %s (%s)", error, error.hint)
            return self._page(400, "Not installed", "Slack does not accept it.")
        name = made.title or made.space
        return self._page(
            200, "Installed", f"I am in {name} now. Invite me to a channel and mention me.", ""
        )

    async def _install(self, code: str) -> Installation:
        new = granted(
            await self._calls.answer(
                lambda client: client.oauth_v2_access(
                    client_id=self._oauth.client_id,
                    client_secret=self._oauth.client_secret,
                    code=code,
                )
            )
        )
        made = await self._who(new)
        await self._vault.write(made)
        missing = sorted(PURPOSES.keys() - set(new.scopes))
        if missing:
            log.warning("%s was installed without %s", made.space, ", ".join(missing))
        log.info("The app was installed in %s (%s)", made.title or made.space, made.space)
        self._drop(made.space)
        return made

    async def _who(self, new: Granted) -> Installation:
        calls = self._calls.beside(new.token)
        own = own_of(await calls.answer(lambda client: client.auth_test(), patient=True))
        if own.user != new.user:
            raise PlatformError("Slack's answers about an installation do not agree")
        return Installation(
            space=new.space,
            user=new.user,
            token=new.token,
            refresh=new.refresh,
            expires=self._now() + new.seconds if new.seconds else 0.0,
            bot=own.bot,
            host=own.host,
            title=own.title,
            enterprise=new.enterprise or own.enterprise,
            scopes=new.scopes,
            at=self._now(),
        )

    def _page(self, status: int, title: str, told: str, more: str = AGAIN) -> web.Response:
        headers = {**HEADERS, "Set-Cookie": self._cookie.build_set_cookie_for_deletion()}
        text = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
            f"<h1>{escape(title)}</h1><p>{escape(told)}</p>{more}</html>"
        )
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)
