"""What the model has said so far in one turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.engine import texts
from bot.engine.again import Continuation
from bot.errors import ModelError, ModelRefused
from bot.model.port import Finished, FinishReason


@dataclass(slots=True)
class Answer:
    """What the model has said so far; `reason` says how it ended once it has.

    `text` is of this turn alone, `begun` what was there before it.
    """

    begun: Continuation = field(default_factory=Continuation)
    text: str = ""
    finished: Finished | None = None
    reason: FinishReason = FinishReason.CUT
    first_token: float | None = None

    @property
    def whole(self) -> str:
        """All of the answer, from its beginning."""
        return self.begun.joined(self.text)

    def to_keep(self) -> str:
        """A finished answer as a draft's note, for an attempt that only has to deliver it."""
        return f"{self.reason}\n{self.text}"

    def recall(self, note: str) -> bool:
        """Take over what `to_keep` made; False when it is something else."""
        reason, _, text = note.partition("\n")
        if reason not in set(FinishReason) or not text:
            return False
        self.reason, self.text = FinishReason(reason), text
        return True


def empty(reason: FinishReason) -> ModelError:
    """What an answer without words comes to."""
    match reason:
        case FinishReason.FILTERED:
            return ModelRefused("filtered before the first word")
        case FinishReason.LENGTH:
            hint = "Raise OPENAI_MAX_OUTPUT_TOKENS: reasoning counts towards it."
            return ModelError("no room left", user_text=texts.ALL_THOUGHT, hint=hint)
        case _:
            return ModelError(f"an empty answer ({reason})", user_text=texts.EMPTY)
