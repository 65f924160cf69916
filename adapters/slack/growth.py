"""What may be sent of a text that still grows, where nothing that was sent can be taken back. Pure.

While an answer is being written, its text ends with what may have gone by the next time: the line
that closes a fence which is open in truth, or the beginning of something that `safe` breaks up.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

from adapters.slack.markup import safe

Render = Callable[[str], str]

_FENCE_LINE = re.compile(r"(?:\A|\n)[ \t>]*(?:`{3,}|~{3,})[ \t]*\Z")
_FENCE = re.compile(r"(?:\A|\n)[ \t>]*(?:`{3,}|~{3,})")
_CLOSING = re.compile(r"[*_~`]+\Z")
"""May only stand there for now, to close what is open."""

_CLOSED = re.compile(r"(?<![\w*_~`\\])(\*{1,3}|__?|~~|`{1,2})(?=\S)[^\n*_~`]{0,150}(?<=\S)\1\Z")
"""What stays closed: only behind a mark that has been open for longer is a closing one for now."""

_BEGUN = re.compile(r"<(?:[!@][^<>\s]{0,12})?\Z")
"""A token of Slack's own markup that is not finished; the longest word in one is "!everyone"."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,15}://|\bwww\.|\]\(", re.IGNORECASE)
_UNSEEN = re.compile(r"<!--[^<>]{0,200}-->|</?[a-z][^<>:]{0,200}>|[\\*_~`]", re.IGNORECASE)
"""Marks, which are not shown, so that what stands around them may be read as one."""


def has_link(text: str) -> bool:
    """Whether `text` holds anything that Slack could make a preview of, however it is written.

    That a stream is to have no previews cannot be said, and for a preview Slack asks an address
    that the model made, with whatever the model wrote into it. An edit never gets one.
    """
    return any(map(_ADDRESS.search, (text, *_as_shown(text))))


def _as_shown(text: str) -> tuple[str, ...]:
    """A text without its marks; twice, since Slack has entities of its own beside Markdown's."""
    once = _bare(text)
    return (once, _bare(once)) if once != text else ()


def _bare(text: str) -> str:
    shown = html.unescape(_UNSEEN.sub("", text))
    return "".join(char for char in shown if unicodedata.category(char) != "Cf")


def steady(text: str) -> str:
    """The beginning of `text` that stays as it is, whatever comes after it."""
    if _CLOSED.search(text) is None:
        text = _CLOSING.sub("", _FENCE_LINE.sub("", text))
    # What comes before one that is left out may be at the end now.
    while (begun := _BEGUN.search(text)) is not None:
        text = text[: begun.start()]
    return text


def addition(sent: str, text: str, render: Render = safe) -> str:
    """What can be sent now, after `sent`, of the growing `text`; empty when nothing can be yet.

    Args:
        sent: What was sent so far, rendered.
        text: All of it, as it is for now.
        render: Gives what is sent for a text.
    """
    ready = _settled(render(steady(text)))
    return ready[len(sent) :] if ready.startswith(sent) else ""


def _settled(ready: str) -> str:
    """Without code at the end, which stands for what still grows: a second table."""
    closing = _FENCE_LINE.search(ready)
    fences = list(_FENCE.finditer(ready, 0, closing.start())) if closing is not None else ()
    return ready[: fences[-1].start()] if fences else ready


def remainder(sent: str, text: str, render: Render = safe) -> str | None:
    """What is missing, after `sent`, of the whole `text`; None when that does not go on from it."""
    whole = render(text)
    return whole[len(sent) :] if whole.startswith(sent) else None
