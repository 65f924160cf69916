"""A person's browser: follows links, keeps cookies, does not read."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import aiohttp

from tests.simulators.slack_sim import SlackSimulator, Workspace


@dataclass(frozen=True, slots=True)
class Page:
    """What came back."""

    status: int
    text: str
    headers: Any


@dataclass
class Browser:
    """Opens pages of a bot that listens at ``base``."""

    base: str
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str) -> Page:
        """Open a page, without following where it sends us."""
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": sent} if sent else {}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            async with session.get(
                self.base + path, headers=headers, allow_redirects=False
            ) as answer:
                for line in answer.headers.getall("Set-Cookie", []):
                    for name, morsel in SimpleCookie(line).items():
                        self.cookies[name] = morsel.value
                return Page(answer.status, await answer.text(), answer.headers)

    async def install(self, sim: SlackSimulator, workspace: Workspace, **choices: Any) -> Page:
        """Install the app in a workspace; the page on which that ends."""
        page = await self.get("/slack/install")
        assert page.status == 302, page
        back = sim.approve(page.headers["Location"], workspace, **choices)
        return await self.get(back)
