"""Colours and sizes. Both are for a white card, which reads well on dark pages too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WIDTH = 720
MARGIN = 24.0
SIZE = 15.0
SMALL = 12.5
LEADING = 1.47
"""Height of a line in font sizes."""
HEADINGS: Mapping[int, float] = {1: 21.0, 2: 18.0, 3: 16.0}
AVATAR = 18.0
"""Radius."""
TEXT_LEFT = MARGIN + 2 * AVATAR + 12
AVATARS = ("#3f5aa9", "#2f6f8f", "#8a4f7d", "#5b7a3a", "#a35d2b")
"""Of programs, and of people."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one platform's pictures.

    Attributes:
        app: What the badge beside a program's name says.
        code_ink: Of code within a line.
        hues: By `Run.hue`.
        counted: Whether a line below the first message counts the replies.
        filled: Whether buttons are filled, else outlined.
    """

    ink: str
    faint: str
    line: str
    code_ink: str
    code_fill: str
    mention_fill: str
    badge_ink: str
    badge_fill: str
    hues: Mapping[str, str]
    primary: str
    danger: str
    button_fill: str
    filled: bool
    counted: bool
    app: str = "APP"


_CODE_HUES = {
    "keyword": "#a1260d",
    "string": "#22663a",
    "comment": "#6a737d",
    "number": "#0550ae",
}

DISCORD = Theme(
    ink="#2e3338",
    faint="#62666e",
    line="#dfe1e5",
    code_ink="#2e3338",
    code_fill="#f1f2f4",
    mention_fill="#e6e9fd",
    badge_ink="#ffffff",
    badge_fill="#5361c9",
    hues={"link": "#0a5fc4", "mention": "#4450b8", **_CODE_HUES},
    primary="#4f5bd0",
    danger="#c9363c",
    button_fill="#e4e6ea",
    filled=True,
    counted=False,
)

SLACK = Theme(
    ink="#1d1c1d",
    faint="#616061",
    line="#dddddd",
    code_ink="#b3124a",
    code_fill="#f7f7f7",
    mention_fill="#e3f1fa",
    badge_ink="#4d4d4d",
    badge_fill="#e8e8e8",
    hues={"link": "#1264a3", "mention": "#1264a3", **_CODE_HUES},
    primary="#0b6b53",
    danger="#c41949",
    button_fill="#ffffff",
    filled=False,
    counted=True,
)
