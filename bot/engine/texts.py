"""What the engine adds to a reply in its own words."""

from __future__ import annotations

WAITING = "Waiting for the model …"
FOLDING = "This is a long conversation, summing up its beginning …"
READING = "Reading what is attached …"
LOOKING_UP = "Looking it up …"
NOTING = "Making a note of it …"
USING = {"recall": LOOKING_UP, "remember": NOTING}
USING_OTHER = "Looking into it …"
STOPPED = "*(stopped)*"
FORGOTTEN = "*(stopped: this conversation was forgotten)*"
INTERRUPTED = "*(interrupted: the connection to the model broke here. Ask me to go on.)*"
TOO_LONG = "*(cut here: this is as long as an answer may be. Ask me to go on.)*"
PRIVATE_INTERRUPTED = "*(interrupted: the connection to the model broke here. Please ask again.)*"
PRIVATE_TOO_LONG = "*(cut here: this is as long as an answer may be. Ask for less at once.)*"
FILTERED = "*(cut here by the model's provider)*"
UNFINISHED = "*(not finished)*"
NO_FILE = (
    "*(I may not attach files here. With that permission this answer would come as a file, too.)*"
)
AGAIN = "I'm answering this once more …"
NOT_ANEW = "*(No new answer, so this one stays: {why})*"
STOPPED_ANEW = "*(stopped before there was a new answer, so this one stays)*"
GO_ON = (
    "Go on exactly where your last message stopped, with the very next word. Repeat nothing of it "
    "and say nothing about this request."
)
EMPTY = "The model gave an empty answer. Please ask again, perhaps in other words."
ALL_THOUGHT = (
    "The model used up what an answer may take before it wrote a word. Please ask for less at once."
)
TOO_MANY_AT_ONCE = "I'm still answering your other questions. Please ask again in a moment."
GIVEN_UP = (
    "I've begun this answer several times and was interrupted each time, so I've given it up. "
    "Please ask again, perhaps in other words."
)


def images_used_up(a_day: int, seconds: float) -> str:
    """That somebody has had as many images as they may, and when there is another one."""
    hours, minutes = divmod(int(seconds // 60) + 1, 60)
    span = f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return f"You may have {a_day} images a day. The next one is yours in {span}."


def remembered_unasked(confined: bool, until: str) -> str:
    """That something was remembered of a conversation without being asked to."""
    whom = "this thread" if confined else "this channel"
    return (
        f"🧠 I remember this of the conversation, for {whom}. What nobody keeps is forgotten on "
        f"{until}."
    )


DROPPED = (
    "More was said while my memory was away than I could hold on to, and this got lost. If I don't "
    "answer it within some minutes, please send it again."
)
OVERFULL = (
    "More is waiting here than I can take in at once, so I've left out the latest of it. Please "
    "send that again once I've answered."
)
STORE_AWAY = (
    "I can't reach my memory right now, and I won't answer without it. I'll answer this as soon "
    "as it is back."
)
HELLO = (
    "Hello! Ask me something and I'll answer here. In a thread that I take part in and in direct "
    "messages just write; elsewhere mention me or reply to me. `!help` shows what else I can do."
)
