"""How many examples of a property are looked at.

The suite looks at a few, the same each time, so that it is quick and says something about a change
and nothing about chance; HYPOTHESIS_PROFILE=thorough looks at ten times as many, others each time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "suite")
TIMES = {"suite": 1, "thorough": 10}


def examples(number: int, **more: Any) -> settings:
    """So many in the suite, for a property that needs more or fewer than others; no deadline."""
    return settings(max_examples=number * TIMES[PROFILE], deadline=None, **more)
