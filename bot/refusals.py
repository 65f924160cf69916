"""What people are told who are not answered.

Messages get a sentence only where it spares somebody the guess that the bot is broken: a person
who is not on the list, a guest, a direct message. Who was denied, or writes in a place that was
not opened, gets none: that sentence would be a way to make the bot speak there. A command always
gets one, since the platform itself shows an error to the caller otherwise; only the caller sees it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.access import Refusal

TO_MESSAGES: Mapping[Refusal, str] = {
    Refusal.PERSON: "I only answer some of the people here, and you aren't on my list yet.",
    Refusal.OUTSIDER: "I only answer members here, so I can't answer guests. Please ask one of "
    "them.",
    Refusal.UNKNOWN: "I only answer members here, and just now I can't tell whether you are one. "
    "Please try again in a minute. If it stays so, tell whoever runs me.",
    Refusal.DIRECT: "I don't answer direct messages. Please mention me in a channel.",
}
"""Sentences for those who address the bot; other refusals are silent."""

NOT_HERE = "I can't do that here."

TO_COMMANDS: Mapping[Refusal, str] = {
    **dict.fromkeys(Refusal, NOT_HERE),
    **TO_MESSAGES,
}
