"""What commands say."""

from __future__ import annotations

from collections.abc import Sequence

from bot.attachments.wording import plain_name
from bot.command_spec import CommandSpec
from bot.commands.specs import COMMANDS
from bot.records import Tally

NO_THREAD = (
    "You have no conversation with me in this channel yet. "
    "Mention me with a question and I'll open one."
)
WHICH = (
    "Which conversation do you mean? These are your latest here; for another one write "
    "`{sign}{command}` in it."
)
NOT_YOURS = "Only people who took part in this conversation, or an admin, can do that."
NOT_BEGUN_BY_YOU = (
    "Others have said things here, too, so only whoever began this conversation or an admin can "
    "have me forget all of it. What you delete of yours I forget as well."
)
OUT_OF_REACH = "I find no conversation there that you can reach from here."
NOTHING_STORED = "I keep nothing about this thread."
NOTHING_RUNNING = "I'm not writing anything here right now."
STOPPING = "Stopping. What I had written stays."
FINISHED = "That answer is finished already."
NOT_ASKED = "Only whoever asked, or an admin, can do that."
BUSY = "I'm writing here just now. Wait until that is finished, or stop it."
UNDER_WAY = "I'm on it already."
ANEW = "I'm answering this anew."
GOING_ON = "I'm going on with it."
RETRYING = "I'm trying it once more."
WHOLE = "That answer is whole. Ask me if you want to know more."
NOT_LAST = "That is no longer my last answer here, so it stays as it is. Just ask me again."
SUMMED_UP = "That is part of my summary by now, so it stays as it is. Just ask me again."
TOO_OLD = "I no longer have that answer, so I can't note anything about it."
NOTED = "Thank you, I've noted it."
NOTED_ANEW = "Thank you, I've changed what I had noted."
NOTED_BEFORE = "I had noted that already, thank you."
NOTHING_TO_SUM_UP = "There is nothing to sum up yet."
NO_QUESTION = (
    "What do you want to know? Write it behind the command, as in `ask why is the sky blue`."
)
NO_PROMPT = "What should the image show? Write it behind the command."
NO_WORDS = "There are no words in that message that I could read."
EXPLAIN = "What does this message say, and what should I know about it? Be brief."
IGNORED = "That message begins with `!ignore`, so I leave it alone."
LEFT = (
    "I'm leaving this thread and say nothing more here until somebody mentions me. What was said "
    "with me stays in my memory; to have it erased, let me forget it."
)
LEAVING = (
    "I'm leaving this thread once somebody else's answer is done, and say nothing more here until "
    "somebody mentions me."
)
NOT_IN_IT = "I take no part in this thread."
ALWAYS_HERE = "In a direct message there is only you and me: just don't write, and I'm silent."
AS_FILE = "That is a long answer: all of it is in the file."
UNREAD = "I don't know “{word}” after `{name}`, so I've done nothing. `!help` lists what there is."
UNKNOWN = "I don't know that command. /help lists what I can do."

ALONE = {
    "summary": "Sum up this conversation",
    "recall": "Search past conversations",
    "forget": "Erase what I keep: this conversation, one memory, or everything about you",
    "usage": "Messages, tokens and cost of this conversation so far",
    "settings": "How I behave here",
    "persona": "How I should be here, such as a language or a role",
}
"""What commands do where there are no channels and threads."""

NOT_ALONE = frozenset({"leave"})
"""Commands that mean nothing there."""

WRITE_HERE = "Just write, and I answer."
MENTION = (
    "Mention me in a channel and I answer in a thread; in that thread you need no mention. "
    "In a direct message, just write."
)


def help_text(
    slash_in_threads: bool, specs: Sequence[CommandSpec] = COMMANDS, *, alone: bool = False
) -> str:
    """The answer to /help, in terms of what works on the platform; `alone` is without channels."""
    shown = [spec for spec in specs if not (alone and spec.name in NOT_ALONE)]
    told = ALONE if alone else {}
    lines = [
        f"- `{_typed(spec.name, slash_in_threads)}` – {told.get(spec.name, spec.description)}"
        for spec in shown
    ]
    how = WRITE_HERE if alone else MENTION
    how += (
        " I remember the conversation until you let me forget it. "
        "A message that begins with `!ignore` I neither read nor keep."
    )
    if not slash_in_threads:
        how += "\n\nIn a conversation with me, type one of these as a message:"
    return "\n".join([how, "", *lines])


def _typed(name: str, slash_in_threads: bool) -> str:
    return f"/{name}" if slash_in_threads else f"!{name}"


def first_of_it(number: int) -> str:
    """That a summary from a message on covers only so many messages."""
    return f"*(That is the first {_count(number, 'message')}; there are more.)*"


def not_read(names: Sequence[str]) -> str:
    """That the files of a message that was asked about were not opened."""
    shown = ", ".join(f'"{plain_name(name)}"' for name in names)
    return f"*(Not read: {shown}. Send it with a question of yours, and I read it.)*"


def without(number: int) -> str:
    """That so many messages are missing from a summary."""
    left_out = _count(number, "message")
    return f"*(Left out: {left_out}. Here I can read only what mentions me.)*"


def settings_text(model: str, retention_days: int) -> str:
    """How the bot is set up as far as it concerns the people who use it."""
    return "\n".join(
        (
            f"- model: {model}",
            f"- a conversation is deleted {_count(retention_days, 'day')} after its last message, "
            "or when one of you has it forgotten",
            "- each day's figures of tokens and cost are kept for up to 90 days, without words",
        )
    )


def usage_text(messages: int, window: int, budget: int, summarised: bool, tally: Tally) -> str:
    """What /usage says. `window` and `budget` are tokens."""
    about = "about " if tally.estimated else ""
    lines = [
        f"- {_count(messages, 'message')} stored, {_count(tally.turns, 'answer')} given",
        f"- {window:,} of {budget:,} tokens in the window"
        + (" beside a summary of what came before" if summarised else ""),
        f"- {about}{tally.prompt:,} tokens read ({tally.cached:,} of them from the provider's "
        f"cache), {tally.completion:,} written",
        f"- cost so far: {cost_text(tally)}",
    ]
    return "\n".join(lines)


def cost_text(tally: Tally) -> str:
    """Cost in dollars, and what is not known about it."""
    if tally.unpriced and not tally.cost_micros:
        return "unknown (no price is known for this model)"
    if not tally.cost_micros:
        return "nothing"
    dollars = tally.cost_micros / 1_000_000
    if tally.cost_micros < 100:
        shown = "less than $0.0001"
    else:
        shown = f"about ${dollars:.2f}" if dollars >= 1 else f"about ${dollars:.4f}"
    unknown = f", and {_count(tally.unpriced, 'answer')} of unknown price" if tally.unpriced else ""
    return f"{shown}{unknown}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
