"""Fetching files from Slack's own hosts, with the token that they ask for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adapters.slack.calls import API_URL, Calls
from adapters.slack.canvas import is_canvas, text_of
from adapters.slack.values import fields
from adapters.slack.workspace import Workspace
from bot.attached import Attachment
from bot.errors import MessageGone, NotAllowed, PlatformError
from bot.fetching import Fetcher, Hosts

log = logging.getLogger(__name__)

SEEN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Pictures that a model takes. Of others, such as those of iPhones, Slack makes smaller ones."""
SMALLER = tuple(f"thumb_{side}" for side in (1024, 960, 800, 720, 480, 360))
OFFICE = (".doc", ".docx", ".odp", ".ods", ".odt", ".ppt", ".pptx", ".xls", ".xlsx")
"""Of these Slack makes a PDF."""
AS_PDF = ("converted_pdf",)

HOSTS = frozenset({".slack.com"})
PAGE = "text/html"
SCOPE = (
    "Slack shows its log-in page in place of a file: reinstall the app from the manifest, so that "
    "it gets the scope files:read."
)


class Downloads:
    """Fetches files.

    Args:
        at: Finds the workspace of a space and channel, which has the token for its files.
        api_url: Base of the Web API, empty for Slack itself.
    """

    def __init__(self, at: Callable[[str, str], Awaitable[Workspace]], api_url: str = "") -> None:
        self._at = at
        self._hosts = Hosts.of(HOSTS, "" if api_url in ("", API_URL) else api_url)
        self._fetcher = Fetcher(self._hosts)

    async def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """The bytes.

        Raises:
            PlatformError: See `bot.adapter.Adapter.download`; a log-in page in place of the file is
                NotAllowed.
        """
        url, declared = attachment.url, attachment.media_type
        if url and not self._hosts.allow(url):
            raise NotAllowed("a file lies on a foreign host")
        calls = (await self._at(attachment.space, attachment.channel)).calls
        instead = stand_ins(attachment)
        if not url or (instead and attachment.id):
            try:
                file = await _info(calls, attachment.id)
            except PlatformError as error:
                if not url:
                    raise
                log.info("It is not known whether Slack has made something of a file: %s", error)
            else:
                url = url_of(file, instead) or url
                declared = str(file.get("mimetype") or "")
        if not url:
            raise MessageGone("the file has no address")
        if not self._hosts.allow(url):
            raise NotAllowed("a file lies on a foreign host")
        headers = {"Authorization": f"Bearer {calls.token}"}
        try:
            found = await self._fetcher.fetch(url, most_bytes, headers)
        except NotAllowed as refusal:
            raise NotAllowed(str(refusal), hint=SCOPE) from refusal
        if found.media_type == PAGE and is_canvas(found.data):
            return await asyncio.to_thread(text_of, found.data)
        # A page may also be what was uploaded; then it is as long as Slack said.
        other = bool(attachment.size) and len(found.data) != attachment.size
        if found.media_type == PAGE and (declared.casefold() != PAGE or other):
            raise NotAllowed("Slack sent a page in place of a file", hint=SCOPE)
        return found.data

    async def close(self) -> None:
        """Release connections."""
        await self._fetcher.close()


async def _info(calls: Calls, id_: str) -> Mapping[str, Any]:
    """A file as Slack has it now; of one of another organisation a message tells the id only."""
    if not id_:
        raise MessageGone("the file was deleted")
    answer = await calls.answer(lambda client: client.files_info(file=id_), patient=True)
    return fields(answer.get("file"))


def stand_ins(attachment: Attachment) -> Sequence[str]:
    """Where Slack tells of what it has made of a file that cannot be read as it is, best first."""
    kind = attachment.media_type.casefold()
    if kind.startswith("image/") and kind not in SEEN:
        return SMALLER
    return AS_PDF if attachment.name.casefold().endswith(OFFICE) else ()


def url_of(file: Mapping[str, Any], instead: Sequence[str] = ()) -> str:
    """Where a file can be fetched, or what was made of it; empty if it says nothing of it."""
    for name in (*instead, "url_private_download", "url_private"):
        value: object = file.get(name)
        if isinstance(value, str) and value:
            return value
    return ""
