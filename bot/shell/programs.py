"""The command line of `bobbin api` and `bobbin mcp`."""

from __future__ import annotations

import argparse


def add_program_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # pyright: ignore[reportPrivateUsage]
    """The commands' options."""
    api = "serve REST and MCP at BOBBIN_API_PORT, and nothing else"
    commands.add_parser("api", help=api, description=f"S{api[1:]}.")
    mcp = "serve MCP over standard input and output"
    more = (
        "Serve MCP over standard input and output to the program that starts this. BOBBIN_TOKEN "
        "says for whom; docs/memory-api.md has configurations for usual programs."
    )
    commands.add_parser("mcp", help=mcp, description=more)
