"""Write docs/pictures: ``python -m tests.pictures``."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.pictures.play import pictures

DOCS = Path(__file__).parents[2] / "docs" / "pictures"


def main() -> None:
    """Play the scenes and write what they look like."""
    drawn = asyncio.run(pictures())
    DOCS.mkdir(parents=True, exist_ok=True)
    for name, text in drawn.items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
