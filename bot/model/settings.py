"""What a model needs to know to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

OPENAI_URL = "https://api.openai.com/v1"

TRANSCRIBER = "gpt-transcribe"
"""What writes recordings down at OpenAI itself."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """An OpenAI-compatible endpoint and how patient to be with it.

    Attributes:
        name: The model's name, as the server knows it.
        api_key: Empty for servers that want none; then `base_url` must be set.
        base_url: Up to and including /v1; empty or None for OpenAI itself.
        temperature: Sent only when set.
        max_output_tokens: Longest answer unless a prompt says otherwise; None for no limit of ours.
        first_token_seconds: From the request to the first sign of an answer, reasoning included.
        gap_seconds: Longest silence between two pieces of an answer.
        total_seconds: Longest answer.
        connect_seconds: TCP and TLS.
        dialect: Which optional fields are sent; "auto" goes by host and model name.
        api: Over which of its APIs it is asked; "auto" goes by host.
    """

    name: str
    api_key: str = field(default="", repr=False)
    base_url: str | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    first_token_seconds: float = 60.0
    gap_seconds: float = 30.0
    total_seconds: float = 600.0
    connect_seconds: float = 5.0
    dialect: Literal["auto", "openai", "compatible"] = "auto"
    api: Literal["auto", "chat", "responses"] = "auto"

    @property
    def url(self) -> str:
        """The address that is used."""
        return self.base_url or OPENAI_URL

    @property
    def address(self) -> str:
        """`url` as it may be shown: without name, password and what is asked there."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return "the address in OPENAI_BASE_URL"
        netloc = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=netloc, query="", fragment="").geturl()

    @property
    def host(self) -> str:
        """The host of `url` in lower case; empty when it has none."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""

    @property
    def wire(self) -> Literal["chat", "responses"]:
        """The API that is used. OpenAI's newer models take tools over the one, others over both."""
        if self.api != "auto":
            return self.api
        return "responses" if _is_openai(self.host) else "chat"

    @property
    def is_openai(self) -> bool:
        """The endpoint is OpenAI's own, in any region, or is declared to be like it."""
        if self.dialect != "auto":
            return self.dialect == "openai"
        return _is_openai(self.host)

    def hearing(self, name: str | None) -> ModelSettings | None:
        """The same endpoint for a model that writes recordings down; None where there is none.

        Args:
            name: The model's name, "off" for none; None or empty for the one that OpenAI has,
                while others may have none.
        """
        chosen = name or (TRANSCRIBER if self.is_openai else "off")
        return None if chosen == "off" else replace(self, name=chosen)


def _is_openai(host: str) -> bool:
    return host == "api.openai.com" or host.endswith(".api.openai.com")
