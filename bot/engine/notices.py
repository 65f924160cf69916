"""What tools have done, as people are told it below the answer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.panels import MOST_BUTTONS, Button
from bot.tools import Notice


def arranged(notices: Sequence[Notice]) -> tuple[tuple[str, ...], tuple[Button, ...]]:
    """The lines, each once, and as many buttons as fit, those first that are no mere offers.

    Where several buttons would read the same they are numbered, and so are their lines.
    """
    told = list(dict.fromkeys(notices))
    pressed = sorted((each for each in told if each.button), key=lambda each: each.offers)
    shown = frozenset(pressed[:MOST_BUTTONS])
    alike = Counter(each.button.label for each in shown if each.button)
    numbers = Counter[str]()
    lines: list[str] = []
    buttons: list[Button] = []
    for notice in told:
        button, line = notice.button, notice.text
        if button is not None and notice in shown:
            if alike[button.label] > 1:
                numbers[button.label] += 1
                button = replace(button, label=f"{button.label} {numbers[button.label]}")
                line = f"{line} (**{button.label}**)"
            buttons.append(button)
        lines.append(line)
    return tuple(dict.fromkeys(lines)), tuple(buttons)
