"""Memories for other programs: REST, MCP, and the tokens that open them."""
