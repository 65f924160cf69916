"""The formats that are known."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """What can be imported."""

    BOBBIN = "bobbin"
    MEM0 = "mem0"
    MCP_MEMORY = "mcp-memory"
    CHATGPT = "chatgpt"
    CLAUDE = "claude"
