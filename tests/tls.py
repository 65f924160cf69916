"""TLS in front of a server that knows none, with an authority of its own."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs the server's certificate, and the client's.

    Attributes:
        file: Its own certificate, to be trusted.
        context: The server's side, with a certificate for 127.0.0.1; it asks for the client's.
        client: A client's certificate and key.
    """

    file: Path
    context: ssl.SSLContext
    client: Path


def make_authority(folder: Path, *, mutual: bool = False) -> Authority:
    """Make it; `mutual`: a client without a certificate is refused."""
    maker = trustme.CA()
    file, client = folder / "ca.pem", folder / "client.pem"
    maker.cert_pem.write_to_path(str(file))
    maker.issue_cert("bobbin.example").private_key_and_cert_chain_pem.write_to_path(str(client))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    maker.issue_cert("127.0.0.1").configure_cert(context)
    if mutual:
        maker.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return Authority(file, context, client)


@asynccontextmanager
async def tls_proxy(authority: Authority, path: str, port: int = 0) -> AsyncIterator[int]:
    """TLS on a port of 127.0.0.1, which is yielded, in front of the unix socket at `path`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, out = await asyncio.open_unix_connection(path)
        try:
            await asyncio.gather(_copy(reader, out), _copy(upstream, writer))
        finally:
            out.close()
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=authority.context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 20):
            writer.write(data)
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
