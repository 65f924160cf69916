"""How the messages of one reply look: their controls, and whether they are still being written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.capabilities import Capabilities
from bot.controls import PLAIN, Action, Presentation
from bot.panels import Button


@dataclass(frozen=True, slots=True)
class Looks:
    """What each message of a reply carries, as far as the platform can show it.

    Where it can show nothing every look is `PLAIN`, so that none ever costs a call.

    Attributes:
        capabilities: What the platform can show.
        turn: Id of the answer's turn, which a control hands back.
        buttons: What can be pressed under the answer beside its controls, once it is complete.
    """

    capabilities: Capabilities
    turn: str
    buttons: tuple[Button, ...] = ()

    def interim(self, *, newest: bool) -> Presentation:
        """While the answer is being written: only its newest message can be stopped."""
        return self._shown((Action.STOP,) if newest else (), streaming=True)

    def final(self, actions: Sequence[Action], *, last: bool) -> Presentation:
        """Once it is complete: only its last message has the controls."""
        shown = self._shown(actions if last else (), streaming=False)
        able = self.capabilities
        if not (last and self.buttons and (able.controls or able.buttons)):
            return shown
        return replace(shown, buttons=self.buttons)

    def differs(self, before: Presentation | None, after: Presentation, *, streamed: bool) -> bool:
        """Whether people could see a difference, which is worth a call.

        `before` is None when it is not known; a message that is `streamed` shows that it is.
        """
        if before is None:
            return after is not PLAIN
        if (before.actions, before.buttons) != (after.actions, after.buttons):
            return True
        return streamed and before.streaming != after.streaming

    def _shown(self, actions: Sequence[Action], *, streaming: bool) -> Presentation:
        able = self.capabilities
        if not able.controls and not able.streams:
            return PLAIN
        return Presentation(
            self.turn,
            tuple(action for action in actions if action in able.controls),
            streaming,
        )
