"""How thoroughly hypothesis looks, where a test does not say so itself."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("suite", max_examples=30, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
