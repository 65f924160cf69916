"""A thread as a drawing: where its messages, and everything around their texts, stand."""

from __future__ import annotations

from collections.abc import Iterator

from tests.pictures.blocks import Column, text_column
from tests.pictures.drawing import Box, Disc, Picture, Shape, Words
from tests.pictures.shown import Button, Heading, Item, Message, Paragraph, Quote, Run, Thread
from tests.pictures.theme import (
    AVATAR,
    AVATARS,
    MARGIN,
    SIZE,
    SMALL,
    TEXT_LEFT,
    WIDTH,
    Theme,
)
from tests.pictures.wrap import width, wrapped

HEADER = 58.0
GAP = 14.0
"""Between two messages."""
BUTTON, ICON = 28.0, 20.0
"""Heights of a row of buttons, and of one that has only icons."""
EDITED = "(edited)"
NOTE = 11.0


def picture(thread: Thread, theme: Theme, platform: str) -> Picture:
    """The drawing of a thread on a white card."""
    shapes: list[Shape] = list(_header(thread, theme))
    y = HEADER + 18
    for number, message in enumerate((thread.root, *thread.replies)):
        drawn, y = _message(message, theme, y)
        shapes += drawn
        y += GAP
        if number == 0 and thread.replies and theme.counted:
            shapes += _count(len(thread.replies), theme, y)
            y += 26
    if thread.status:
        shapes.append(_note(MARGIN, y + SMALL, thread.status, theme))
        y += 24
    height = y + 6
    card = Box(0.5, 0.5, WIDTH - 1, height - 1, fill="#ffffff", stroke=theme.line, radius=10)
    title = f"A thread on {platform}: {thread.title}"
    return Picture(WIDTH, height, title, _told(thread), (card, *shapes))


def _told(thread: Thread) -> str:
    """The first words of each message."""
    return "\n".join(_first_words(message) for message in (thread.root, *thread.replies))


def _first_words(message: Message) -> str:
    for block in message.blocks:
        if isinstance(block, Paragraph | Heading | Item | Quote):
            words = "".join(run.text for run in block.runs).split()
            return f"{message.author}: {' '.join(words[:12])}{'' if len(words) <= 12 else ' …'}"
    return f"{message.author}: …"


def _header(thread: Thread, theme: Theme) -> Iterator[Shape]:
    yield Words(MARGIN, 24, thread.place, SMALL, theme.faint)
    [title, *more] = wrapped([Run(thread.title, bold=True)], 16, WIDTH - 2 * MARGIN - 16)
    words = "".join(run.text for run in title) + (" …" if more else "")
    used = width(words, 16, bold=True)
    yield Words(MARGIN, 45, words, 16, theme.ink, width=used, bold=True)
    yield _rule(0.5, HEADER, WIDTH - 1, theme)


def _rule(x: float, y: float, length: float, theme: Theme) -> Box:
    return Box(x, y, length, 1, fill=theme.line)


def _count(replies: int, theme: Theme, y: float) -> Iterator[Shape]:
    words = f"{replies} {'reply' if replies == 1 else 'replies'}"
    used = width(words, SMALL)
    yield Words(MARGIN, y + 6, words, SMALL, theme.faint, width=used)
    yield _rule(MARGIN + used + 12, y + 1, WIDTH - 2 * MARGIN - used - 12, theme)


def _note(x: float, y: float, text: str, theme: Theme) -> Words:
    return Words(x, y, text, SMALL, theme.faint, italic=True)


def _message(message: Message, theme: Theme, top: float) -> tuple[list[Shape], float]:
    """The shapes of a message, and where it ends."""
    shapes: list[Shape] = [
        Disc(MARGIN + AVATAR, top + AVATAR, AVATAR, _colour(message)),
        Words(
            MARGIN + AVATAR,
            top + AVATAR + 5.5,
            message.author[:1].upper(),
            16,
            "#ffffff",
            bold=True,
            centred=True,
        ),
    ]
    y = top
    if message.private:
        shapes.append(_note(TEXT_LEFT, y + 12, f"Only {message.private} can see this", theme))
        y += 20
    shapes += _name(message, theme, y)
    column = text_column(message.blocks, theme, Column(TEXT_LEFT, y + 22, WIDTH - MARGIN))
    shapes += column.shapes
    y = column.y
    if message.edited:
        mark, y = _edited(message, theme, column)
        shapes.append(mark)
    for file in message.files:
        shapes += _file(file, theme, y + 6)
        y += 44
    if message.reactions:
        shapes += _reactions(message, theme, y + 6)
        y += 34
    for row in message.controls:
        shapes += _buttons(row, theme, y + 8)
        y += (BUTTON if any(button.framed for button in row) else ICON) + 10
    return shapes, max(y, top + 2 * AVATAR)


def _colour(message: Message) -> str:
    """One colour for programs; a person's is the same in all pictures."""
    return AVATARS[0] if message.app else AVATARS[1 + sum(map(ord, message.author)) % 4]


def _name(message: Message, theme: Theme, y: float) -> Iterator[Shape]:
    x, base = TEXT_LEFT, y + 14
    used = width(message.author, SIZE, bold=True)
    yield Words(x, base, message.author, SIZE, theme.ink, width=used, bold=True)
    x += used + 8
    if message.app:
        used = width(theme.app, 10, bold=True)
        yield Box(x, base - 11.5, used + 9, 15, fill=theme.badge_fill, radius=3)
        yield Words(x + 4.5, base - 0.5, theme.app, 10, theme.badge_ink, width=used, bold=True)
        x += used + 17
    yield Words(x, base, message.at, SMALL, theme.faint)


def _edited(message: Message, theme: Theme, column: Column) -> tuple[Words, float]:
    """The mark behind the last words, or below a block that has none; and where all ends."""
    used = width(EDITED, NOTE)
    last = column.shapes[-1] if column.shapes else None
    flows = bool(message.blocks) and isinstance(message.blocks[-1], Paragraph | Item)
    if flows and isinstance(last, Words) and last.x + last.width + 5 + used < column.right:
        x = last.x + last.width + 5
        return Words(x, last.y, EDITED, NOTE, theme.faint, width=used), column.y
    mark = Words(column.left, column.y + 13, EDITED, NOTE, theme.faint, width=used)
    return mark, column.y + 17


def _file(name: str, theme: Theme, y: float) -> Iterator[Shape]:
    used = width(name, SIZE)
    yield Box(TEXT_LEFT, y, used + 48, 36, fill=theme.code_fill, stroke=theme.line, radius=6)
    yield Words(TEXT_LEFT + 10, y + 24, "📄", 16, theme.ink)
    yield Words(TEXT_LEFT + 36, y + 23, name, SIZE, theme.hues["link"], width=used)


def _reactions(message: Message, theme: Theme, y: float) -> Iterator[Shape]:
    x = TEXT_LEFT
    for reaction in message.reactions:
        count = str(reaction.count)
        used = 22 + width(count, SMALL)
        yield Box(x, y, used + 18, 24, fill=theme.code_fill, stroke=theme.line, radius=12)
        yield Words(x + 9, y + 17, reaction.emoji, 13.5, theme.ink)
        yield Words(x + 31, y + 16.5, count, SMALL, theme.ink, bold=True)
        x += used + 24


def _buttons(row: tuple[Button, ...], theme: Theme, y: float) -> Iterator[Shape]:
    x = TEXT_LEFT
    for button in row:
        used = width(button.label, 13.5, bold=button.framed)
        # Pictographs differ in width from one font to the next; they are not stretched.
        fitted = used if button.label.isascii() else 0.0
        if not button.framed:
            yield Words(x + 2, y + 15, button.label, 13.5, theme.faint, width=fitted)
            x += used + 14
            continue
        ink, fill, stroke = _colours(button, theme)
        yield Box(x, y, used + 26, BUTTON, fill=fill, stroke=stroke, radius=6)
        middle = x + 13 + used / 2
        yield Words(middle, y + 19, button.label, 13.5, ink, width=fitted, bold=True, centred=True)
        x += used + 34


def _colours(button: Button, theme: Theme) -> tuple[str, str, str]:
    """Of the label, the ground and the border."""
    named = {"primary": theme.primary, "danger": theme.danger}.get(button.style, "")
    if theme.filled:
        return ("#ffffff" if named else theme.ink), named or theme.button_fill, ""
    return named or theme.ink, theme.button_fill, named or "#bbbbbb"
