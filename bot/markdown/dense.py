"""Text that is all marks: more of them stand in one stretch than anybody reads as such. Pure.

It is shown as it was written. Looking for what each mark means takes time for each of them, and
nothing else goes on meanwhile.
"""

from __future__ import annotations

MARKS = "*_~`[]<&$\\\n"

MOST_MARKS = 1000
"""In one paragraph, cell or heading. The parser takes ten milliseconds for so many."""


def is_dense(text: str) -> bool:
    """Whether the marks in one stretch of text are words."""
    return sum(map(text.count, MARKS)) > MOST_MARKS
