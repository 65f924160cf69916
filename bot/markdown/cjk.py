"""Scripts that are written without spaces, where marks stand between letters."""

from __future__ import annotations

import re

_CJK = re.compile(
    "[\u2e80-\u303f\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    "\U00020000-\U0003ffff]"
)


def is_cjk(char: str) -> bool:
    """A character of such a script, or one of its signs."""
    return _CJK.match(char) is not None
