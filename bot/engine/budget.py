"""How many tokens a prompt may have, corrected by what the provider reports."""

from __future__ import annotations

from bot.context.tokens import Calibration

LEARNED_MARGIN = 0.85
"""Share of a model's own window that is used once an overflow has revealed it."""

GUESSED_MARGIN = 0.7
"""Share of a prompt that was too long which is tried next, when nobody says what would fit."""

LEAST = 500
"""Tokens; a window below that is of no use, and no overflow makes it smaller."""


class Budget:
    """The window's high watermark in our own count of tokens.

    Our counts are estimates; `observe` learns their ratio to the provider's counts. `learn`
    takes in a window that is smaller than configured.
    """

    def __init__(self, configured: int) -> None:
        self.configured = configured
        self._calibration = Calibration()
        self._ceiling: int | None = None

    @property
    def high(self) -> int:
        """The most a prompt may have, in estimated tokens."""
        real = self.configured if self._ceiling is None else min(self.configured, self._ceiling)
        return max(1, self._calibration.estimated(real))

    @property
    def longest(self) -> int:
        """The most one message may have; the same for good, so that caches are not missed."""
        return self.configured // 2

    def counted(self, estimated: int) -> int:
        """What the provider will probably count for a prompt, by our own estimate."""
        return self._calibration.counted(estimated)

    def observe(self, estimated: int, reported: int) -> None:
        """A provider counted `reported` tokens where we had counted `estimated`."""
        self._calibration = self._calibration.learn(estimated, reported)

    def learn(self, limit: int | None, tokens: int) -> None:
        """A prompt was too long for the model.

        Args:
            limit: The model's window in tokens, if the server said so.
            tokens: What the prompt had by our own estimate.
        """
        failed = self._calibration.counted(tokens)
        ceiling = int(limit * LEARNED_MARGIN) if limit else int(failed * GUESSED_MARGIN)
        ceiling = max(ceiling, LEAST)
        self._ceiling = ceiling if self._ceiling is None else min(self._ceiling, ceiling)
