"""How thoroughly hypothesis looks, where a test does not say so itself.

The suite looks at the same examples each time, so that it says something about a change and nothing
about chance; HYPOTHESIS_PROFILE=thorough looks at more and at others each time.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("suite", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
