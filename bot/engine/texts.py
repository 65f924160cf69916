"""What the engine adds to a reply in its own words."""

WAITING = "Waiting for the model, it is busy …"
FOLDING = "This is a long conversation, summing up its beginning …"
STOPPED = "*(stopped)*"
FORGOTTEN = "*(stopped: this conversation was forgotten)*"
INTERRUPTED = "*(interrupted: the connection to the model broke here. Ask me to go on.)*"
TOO_LONG = "*(cut here: this is as long as an answer may be. Ask me to go on.)*"
FILTERED = "*(cut here by the model's provider)*"
STORE_AWAY = (
    "I can't reach my memory right now, and I won't answer without it. I'll answer this as soon "
    "as it is back."
)
