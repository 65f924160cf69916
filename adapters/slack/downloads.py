"""Fetching files from Slack's own hosts, with the token that they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.slack.calls import API_URL, Calls
from adapters.slack.values import fields
from bot.attached import Attachment
from bot.errors import MessageGone, NotAllowed
from bot.fetching import Fetcher, Hosts

HOSTS = frozenset({".slack.com"})
PAGE = "text/html"
SCOPE = (
    "Slack shows its log-in page in place of a file: reinstall the app from the manifest, so that "
    "it gets the scope files:read."
)


class Downloads:
    """Fetches files.

    Args:
        calls: Has the token, and asks about files of which a message tells nothing.
        api_url: Base of the Web API, empty for Slack itself.
    """

    def __init__(self, calls: Calls, api_url: str = "") -> None:
        self._calls = calls
        self._hosts = Hosts.of(HOSTS, "" if api_url in ("", API_URL) else api_url)
        self._fetcher = Fetcher(self._hosts)

    async def fetch(self, attachment: Attachment, most_bytes: int) -> bytes:
        """The bytes.

        Raises:
            PlatformError: See `bot.chat.Adapter.download`; a log-in page in place of the file is
                NotAllowed.
        """
        url, declared = attachment.url, attachment.media_type
        if not url:
            file = await self._info(attachment.id)
            url, declared = url_of(file), str(file.get("mimetype") or "")
        if not url:
            raise MessageGone("the file has no address")
        if not self._hosts.allow(url):
            raise NotAllowed("a file lies on a foreign host")
        token = self._calls.client.token
        try:
            found = await self._fetcher.fetch(url, most_bytes, {"Authorization": f"Bearer {token}"})
        except NotAllowed as refusal:
            raise NotAllowed(str(refusal), hint=SCOPE) from refusal
        # A page may also be what was uploaded; then it is as long as Slack said.
        other = bool(attachment.size) and len(found.data) != attachment.size
        if found.media_type == PAGE and (declared.casefold() != PAGE or other):
            raise NotAllowed("Slack sent a page in place of a file", hint=SCOPE)
        return found.data

    async def _info(self, id_: str) -> Mapping[str, Any]:
        """A file of another organisation, which a message only points to."""
        if not id_:
            raise MessageGone("the file was deleted")
        answer = await self._calls.answer(lambda client: client.files_info(file=id_), patient=True)
        return fields(answer.get("file"))

    async def close(self) -> None:
        """Release connections."""
        await self._fetcher.close()


def url_of(file: Mapping[str, Any]) -> str:
    """Where a file can be fetched, empty if it says nothing of it."""
    for name in ("url_private_download", "url_private"):
        value: object = file.get(name)
        if isinstance(value, str) and value:
            return value
    return ""
