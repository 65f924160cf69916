"""The transcription endpoint: a multipart form with a recording, answered by a text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from aiohttp import web

from tests.simulators.openai_sim.answer import HttpError
from tests.simulators.openai_sim.errors import error_body
from tests.simulators.openai_sim.validate import Rejected, reject

TRANSCRIBERS = frozenset({"gpt-transcribe", "gpt-4o-transcribe", "whisper-1"})
MOST_BYTES = 25 * 2**20
BYTES_A_SECOND = 4000
_FIELDS = frozenset(
    {
        "file", "model", "language", "languages[]", "prompt", "response_format", "temperature",
        "include[]", "chunking_strategy", "stream", "keywords[]",
    }
)  # fmt: skip
_MAGIC = {
    ".flac": (b"fLaC",),
    ".m4a": (b"ftyp",),
    ".mp3": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    ".mp4": (b"ftyp",),
    ".mpeg": (b"ID3", b"\xff"),
    ".mpga": (b"ID3", b"\xff"),
    ".ogg": (b"OggS",),
    ".wav": (b"RIFF",),
    ".webm": (b"\x1aE\xdf\xa3",),
}


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording as it was sent."""

    name: str
    media_type: str
    data: bytes

    @property
    def seconds(self) -> float:
        """How long it lasts, as the simulator sees it."""
        return round(len(self.data) / BYTES_A_SECOND, 2)


async def read_form(http: web.Request) -> dict[str, Any]:
    """The fields of a form; files are `Sound`."""
    found: dict[str, Any] = {}
    for name, value in (await http.post()).items():
        if isinstance(value, web.FileField):
            with value.file as file:
                found[name] = Sound(value.filename, value.content_type, file.read())
        else:
            found[name] = str(value)
    return found


def check(form: dict[str, Any]) -> Sound:
    """The recording of a correct request.

    Raises:
        Rejected: Something is wrong with it.
    """
    for name in form:
        if name not in _FIELDS:
            raise reject(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    sound = form.get("file")
    if not isinstance(sound, Sound):
        raise reject("Missing required parameter: 'file'.", "file", "missing_required_parameter")
    if len(sound.data) > MOST_BYTES:
        message = (
            f"Maximum content size limit ({MOST_BYTES}) exceeded ({len(sound.data)} bytes read)"
        )
        raise Rejected(HttpError(413, error_body(message)))
    ending = PurePosixPath(sound.name).suffix
    if ending not in _MAGIC:
        formats = ", ".join(f"'{name[1:]}'" for name in _MAGIC)
        raise reject(f"Invalid file format. Supported formats: [{formats}]", "file")
    if not any(sound.data[:12].find(magic) in (0, 4) for magic in _MAGIC[ending]):
        raise reject(
            "The audio file could not be decoded or its format is not supported.",
            "file",
            "invalid_value",
        )
    if form.get("response_format", "json") != "json":
        raise reject("Only 'json' is simulated.", "response_format")
    return sound


def transcript(text: str, sound: Sound) -> dict[str, Any]:
    """The answer."""
    usage = {"type": "duration", "seconds": sound.seconds}
    return {"text": text, "languages": [{"code": "en"}], "usage": usage}
