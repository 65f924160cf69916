"""Raw bytes in and out: upload tickets and private downloads."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulators.slack_sim.state import State

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Slack</title></head><body>Sign in</body></html>"


class FileRoutes:
    """Serves ``/upload/v1`` and ``/files-pri``."""

    def __init__(self, state: State) -> None:
        self._state = state

    def upload(self, ticket: str, data: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Take the bytes of a file; return status and text."""
        file = next((f for f in self._state.files.values() if f.upload_path == ticket), None)
        if file is None or file.uploaded:
            self._state.violate("upload: unknown or used upload URL")
            return 404, "not found"
        if "Authorization" in headers:
            self._state.violate("upload: the token was sent to an upload URL")
        if file.declared != len(data):
            self._state.violate(f"upload: {len(data)} bytes, {file.declared} announced")
            return 400, "length mismatch"
        file.data, file.uploaded = data, True
        self._state.signal.changed()
        return 200, f"OK - {len(data)}"

    def download(self, path: str, token: str | None) -> tuple[int, str, bytes]:
        """Return status, content type and bytes; a login page for whoever may not see the file."""
        team, _, file_id = path.partition("-")
        file = self._state.files.get(file_id)
        workspace = next(self._state.installations(token or ""), None)
        allowed = (
            workspace is not None
            and workspace.id == team
            and not workspace.revoked
            and "files:read" in workspace.scopes
        )
        if not allowed:
            return 200, "text/html", LOGIN_PAGE
        if file is None or not file.uploaded:
            return 404, "text/plain", b"file not found"
        return 200, file.mimetype, file.data

    def is_a_lie(self, path: str) -> bool:
        """Whether a file's size was announced wrongly."""
        file = self._state.files.get(path.partition("-")[2])
        return file is not None and file.announced is not None
