"""Fetching files from Slack's own hosts, with the token that they ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.slack.calls import API_URL, Calls
from adapters.slack.values import fields
from adapters.slack.workspace import Workspace
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
        if not url:
            file = await _info(calls, attachment.id)
            url, declared = url_of(file), str(file.get("mimetype") or "")
        if not url:
            raise MessageGone("the file has no address")
        if not self._hosts.allow(url):
            raise NotAllowed("a file lies on a foreign host")
        headers = {"Authorization": f"Bearer {calls.token}"}
        try:
            found = await self._fetcher.fetch(url, most_bytes, headers)
        except NotAllowed as refusal:
            raise NotAllowed(str(refusal), hint=SCOPE) from refusal
        # A page may also be what was uploaded; then it is as long as Slack said.
        other = bool(attachment.size) and len(found.data) != attachment.size
        if found.media_type == PAGE and (declared.casefold() != PAGE or other):
            raise NotAllowed("Slack sent a page in place of a file", hint=SCOPE)
        return found.data

    async def close(self) -> None:
        """Release connections."""
        await self._fetcher.close()


async def _info(calls: Calls, id_: str) -> Mapping[str, Any]:
    """A file of another organisation, which a message only points to."""
    if not id_:
        raise MessageGone("the file was deleted")
    answer = await calls.answer(lambda client: client.files_info(file=id_), patient=True)
    return fields(answer.get("file"))


def url_of(file: Mapping[str, Any]) -> str:
    """Where a file can be fetched, empty if it says nothing of it."""
    for name in ("url_private_download", "url_private"):
        value: object = file.get(name)
        if isinstance(value, str) and value:
            return value
    return ""
