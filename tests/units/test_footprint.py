from __future__ import annotations

import gc
import weakref

from bot.footprint import settle


class Knot:
    """Holds itself."""

    def __init__(self) -> None:
        self.self = self


def test_what_is_there_is_left_alone_and_what_comes_later_is_collected() -> None:
    kept = Knot()
    settle()
    try:
        assert gc.get_freeze_count() > 0
        assert not any(each is kept for each in gc.get_objects())
        gone = weakref.ref(Knot())
        gc.collect()
        assert gone() is None
    finally:
        gc.unfreeze()
