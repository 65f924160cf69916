"""Where files may come from, and how many bytes of them."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.errors import MessageGone, NotAllowed, PlatformBusy, PlatformError, TooLarge
from bot.fetching import Fetcher, Hosts, origin_of

CDN = Hosts.of({"cdn.example.com", ".files.example"}, "http://127.0.0.1:8080/api/v10")


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example.com/a/b.png?ex=1",
        "https://CDN.example.com:443/a",
        "https://a.files.example/x",
        "http://127.0.0.1:8080/attachments/1",
    ],
)
def test_own_hosts(url: str) -> None:
    assert CDN.allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com/a",
        "https://cdn.example.com:8443/a",
        "https://cdn.example.com.evil.test/a",
        "https://evil.test/cdn.example.com",
        "https://evil.test@cdn.example.com/a",
        "https://cdn.example.com@evil.test/a",
        "https://cdn.example.com\\@evil.test/a",
        "https://files.example/x",
        "https://evilfiles.example/x",
        "http://127.0.0.1:8081/attachments/1",
        "https://127.0.0.1:8080/attachments/1",
        "http://localhost:8080/",
        "file:///etc/passwd",
        "ftp://cdn.example.com/a",
        "//cdn.example.com/a",
        "https://[::1]/a",
        "https://[bad/a",
        "https://[::ffff:192.0.2.1%.files.example]/a",
        "https://[v1.files.example]/a",
        "https://evil.test%2F.files.example/a",
        "https://evil.test\\.files.example/a",
        "https://evil.test\u3002.files.example/a",
        "https://\u017fome.files.example/a",
        "https://a.files.example\u212a/a",
        "https://..files.example/a",
        "https://.files.example/a",
        "https://evil-cdn.example.com/a",
        "https://cdn.example.com./a",
        "https://cdn.example.com:port/a",
        "",
        "nonsense",
    ],
)
def test_foreign_hosts(url: str) -> None:
    assert not CDN.allow(url)


def test_origins() -> None:
    assert origin_of("https://Example.com/a") == "https://example.com:443"
    assert origin_of("ws://example.com") == origin_of("http://") == origin_of("http://[x") == ""


@asynccontextmanager
async def serving(handler: object, seconds: float = 5.0) -> AsyncIterator[tuple[Fetcher, str]]:
    """A host that answers every GET with `handler`, what fetches from it, and an address."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    fetcher = Fetcher(Hosts.of((), base), seconds)
    try:
        yield fetcher, f"{base}/file"
    finally:
        await fetcher.close()
        await runner.cleanup()


async def test_a_file_comes_with_its_type_and_without_our_cookies() -> None:
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        response = web.Response(body=b"words", content_type="text/plain", charset="utf-8")
        response.set_cookie("crumb", "1")
        return response

    async with serving(answer) as (fetcher, url):
        for _ in range(2):
            found = await fetcher.fetch(url, 5, {"Authorization": "Bearer x"})
        assert (found.data, found.media_type) == (b"words", "text/plain")
        assert [request.headers["Authorization"] for request in seen] == ["Bearer x"] * 2
        assert not any("Cookie" in request.headers for request in seen)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, NotAllowed),
        (401, NotAllowed),
        (403, NotAllowed),
        (404, MessageGone),
        (410, MessageGone),
        (418, PlatformError),
        (429, PlatformBusy),
        (503, PlatformBusy),
    ],
)
async def test_other_answers(status: int, error: type[PlatformError]) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with serving(answer) as (fetcher, url):
        with pytest.raises(PlatformError) as raised:
            await fetcher.fetch(url, 100)
        assert type(raised.value) is error
        # No redirect is followed.
        assert asked == ["/file"]


@pytest.mark.parametrize("announced", [True, False])
async def test_too_many_bytes_are_not_taken(announced: bool) -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        if announced:
            response.content_length = 50_000_000
        else:
            response.enable_chunked_encoding()
        await response.prepare(request)
        for _ in range(763):
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    async with serving(answer) as (fetcher, url):
        with pytest.raises(TooLarge):
            await fetcher.fetch(url, 100_000)
    assert sent < 50_000_000


async def test_nothing_is_unpacked() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        packed = zlib.compress(b"\0" * 10_000_000)
        return web.Response(body=packed, headers={"Content-Encoding": "deflate"})

    async with serving(answer) as (fetcher, url):
        with pytest.raises(PlatformError, match="packed"):
            await fetcher.fetch(url, 100_000)


async def test_a_host_that_stalls_or_is_not_there_is_given_up() -> None:
    async def stall(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with serving(stall, seconds=0.05) as (fetcher, url):
        with pytest.raises(PlatformBusy, match="in time"):
            await fetcher.fetch(url, 100)
    away = Fetcher(Hosts.of((), "http://127.0.0.1:1"))
    with pytest.raises(PlatformBusy):
        await away.fetch("http://127.0.0.1:1/x", 100)
    await away.close()
