"""The hosts that keep files: addresses that are signed and expire, and what comes from there."""

from __future__ import annotations

from aiohttp import web

from tests.simulators.discord_sim.model import Attachment
from tests.simulators.discord_sim.world import World

PIECE = 1 << 16


class Cdn:
    """Serves attachments.

    Attributes:
        served: Ids of the attachments that were asked for, with the status answered, in order.
        sent: Bytes that went out, by attachment id.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.served: list[tuple[int, int]] = []
        self.sent: dict[int, int] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a GET; files whose size was a lie come without their length, piece by piece."""
        if "Authorization" in request.headers or "Cookie" in request.headers:
            self._world.violations.append("cdn: a secret was sent to the file host")
        query, number = request.query, request.match_info["attachment_id"]
        good = self._world.link_is_good(number, query.get("ex", "0"), query.get("hm", ""))
        file = self._world.files.get(int(number)) if good else None
        self.served.append((int(number), 200 if file is not None else 404))
        self._world.on_change()
        if file is None:
            return web.Response(status=404, text="This content is no longer available.")
        kind = file.content_type or "application/octet-stream"
        if file.announced is None:
            self.sent[file.id] = len(file.data)
            return web.Response(body=file.data, content_type=kind)
        return await self._stream(request, file, kind)

    async def _stream(
        self, request: web.Request, file: Attachment, kind: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        response.enable_chunked_encoding()
        await response.prepare(request)
        self.sent[file.id] = 0
        for start in range(0, len(file.data), PIECE):
            await response.write(file.data[start : start + PIECE])
            self.sent[file.id] += len(file.data[start : start + PIECE])
        await response.write_eof()
        return response
