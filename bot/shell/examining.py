"""`bobbin doctor`: what was found, one line each."""

from __future__ import annotations

from bot.doctor import examine
from bot.shell.command import Typed


async def run(typed: Typed) -> int:
    """Print what is right and what is wrong; 0 when all of it is right."""
    good = True
    async for finding in examine(typed.environ, typed.specs):
        good = good and finding.ok
        mark = "ok  " if finding.ok else "BAD "
        detail = finding.detail
        if finding.fix:
            detail += f"{'' if detail.endswith(('.', '!', '?')) else '.'} {finding.fix}"
        print(f"{mark} {finding.subject}: {detail}", flush=True)
    return 0 if good else 1
