"""Fetching what people attached: from a platform's own hosts, and never more than was asked for.

Whoever writes a message has a say in what its attachments' addresses are, and a platform's token
goes along with some requests. So an address has to be one of the platform's, redirects are not
followed, and bytes are counted as they come, whatever was announced.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from bot.errors import MessageGone, NotAllowed, PlatformBusy, PlatformError, TooLarge

SECONDS = 20.0
"""For one file."""
CHUNK = 1 << 16
HTTPS = 443

_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}", re.ASCII | re.IGNORECASE)
"""What is no such name another reader may take for an address, or for some other name."""

FOREIGN = "Files are fetched from the platform's own hosts only."


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file, and the media type that it came with, in lower case and without parameters."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where files may come from.

    Attributes:
        names: Hosts, reached by https on its usual port; a leading dot means all names below one.
        origins: Whole origins beside these, such as "http://127.0.0.1:8080", of a proxy that the
            operator has set.
    """

    names: frozenset[str]
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str], *addresses: str) -> Hosts:
        """Some hosts, and the origins of addresses that the operator has set, where they are."""
        found = (origin_of(address) for address in addresses if address)
        return cls(frozenset(names), frozenset(origin for origin in found if origin))

    def allow(self, url: str) -> bool:
        """Whether a file may be fetched from there."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None or not parts.hostname:
            return False
        if origin_of(url) in self.origins:
            return True
        host = parts.netloc.partition(":")[0]
        if parts.scheme != "https" or port not in (None, HTTPS) or not _NAME.fullmatch(host):
            return False
        host = host.lower()
        return any(
            host.endswith(name) if name.startswith(".") else host == name for name in self.names
        )


def origin_of(url: str) -> str:
    """Scheme, host and port of an address; empty for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    usual = {"http": 80, "https": HTTPS}[parts.scheme]
    return f"{parts.scheme}://{parts.hostname.casefold()}:{port or usual}"


class Fetcher:
    """Fetches files over connections of its own, without cookies and without unpacking anything.

    Args:
        hosts: Where they may come from.
        seconds: Longest fetch.
    """

    def __init__(self, hosts: Hosts, seconds: float = SECONDS) -> None:
        self._hosts = hosts
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def fetch(
        self, url: str, most_bytes: int, headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """A file.

        Args:
            url: Where it is.
            most_bytes: It is given up as soon as there are more.
            headers: To send along; only to the platform's own hosts.

        Raises:
            NotAllowed: The address is foreign, leads elsewhere, or the file may not be read.
            MessageGone: There is no such file any more.
            TooLarge: It has more bytes.
            PlatformBusy: No answer, or none in time.
            PlatformError: Any other answer.
        """
        if not self._hosts.allow(url):
            raise NotAllowed("a file lies on a foreign host", hint=FOREIGN)
        sent = {"Accept-Encoding": "identity", **(headers or {})}
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._opened().get(url, headers=sent, allow_redirects=False) as response,
            ):
                return await _taken(response, most_bytes)
        except TimeoutError as error:
            raise PlatformBusy("a file did not come in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PlatformBusy(f"a file was not sent: {type(error).__name__}") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._session

    async def close(self) -> None:
        """Release connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _taken(response: aiohttp.ClientResponse, most_bytes: int) -> Fetched:
    status = response.status
    if status in (404, 410):
        raise MessageGone(f"a file is gone (HTTP {status})")
    if status in (401, 403) or 300 <= status < 400:
        raise NotAllowed(f"a file may not be read (HTTP {status})")
    if status == 429 or status >= 500:
        raise PlatformBusy(f"a file was not sent (HTTP {status})")
    if status != 200:
        raise PlatformError(f"a file was not sent (HTTP {status})")
    if response.headers.get("Content-Encoding", "identity").casefold() != "identity":
        raise PlatformError("a file came packed")
    if (response.content_length or 0) > most_bytes:
        raise TooLarge(f"a file of {response.content_length} bytes")
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_chunked(CHUNK):
        size += len(piece)
        if size > most_bytes:
            raise TooLarge(f"a file of more than {most_bytes} bytes")
        pieces.append(piece)
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
    return Fetched(b"".join(pieces), media_type)
