"""`bobbin settings`: the pages that are written from the table of variables."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.settings_page import configuration_page, env_example, write_pages
from bot.shell.command import Typed


async def run(typed: Typed) -> int:
    """Print or write them."""
    arguments, specs = typed.arguments, typed.specs
    if arguments.write:
        try:
            written = write_pages(Path(), specs)
        except OSError as error:
            fix = "Run it in the folder of Bobbin's source."
            print(f"{error.filename}: {error.strerror}. {fix}", file=sys.stderr)
            return 1
        print(*written, sep="\n")
    else:
        print(env_example(specs) if arguments.example else configuration_page(specs), end="")
    return 0
