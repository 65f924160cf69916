"""The windows that Slack opens for us, as they look and as they are read back. Pure.

What a window is about goes along in it, where Slack keeps it for the app and people can't change
it: so it works after a restart, and on any process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from adapters.slack.commands import plain
from adapters.slack.mrkdwn import section, sections
from adapters.slack.values import Said, Shared, fields
from bot.attached import Attachment
from bot.chat import ThreadChoice

ASK, SUMMARY, FORGET, THREADS = "bobbin_ask", "bobbin_summary", "bobbin_forget", "bobbin_threads"
REMEMBER = "bobbin_remember"
SHORTCUTS = (ASK, REMEMBER, SUMMARY, FORGET, THREADS)
"""What the manifest registers; all but the last are in a message's menu."""

FORGET_ALL = "bobbin_forget_all"
FORMS = (ASK, FORGET, FORGET_ALL, THREADS)
"""Windows that can be sent off."""

PANEL = "bobbin_panel"
"""A window that a button under a reply has opened, until it is known what it asks."""

USAGE, HELP = "bobbin_usage", "bobbin_help"
"""Windows that only show something."""

HOME = "home"
"""Action ids of the Home tab begin so."""

TITLES: Mapping[str, str] = {
    ASK: "Ask Bobbin",
    SUMMARY: "Summary",
    FORGET: "Forget this?",
    FORGET_ALL: "Forget everything?",
    THREADS: "Your conversations",
    PANEL: "One moment",
    USAGE: "What it took",
    HELP: "How to talk to me",
}

QUESTION, CHOSEN, DEED = "question", "conversation", "deed"
DEEDS: Mapping[str, str] = {
    "summary": "Sum it up, for my eyes only",
    "usage": "Messages, tokens and cost so far",
    "forget": "Erase everything kept about it",
}
LONGEST_QUESTION = 3000
LONGEST_NOTE = 3000
LONGEST_VALUE = 150

PRIVATE = "Only you see this."
WORKING = "One moment …"
NOTHING = "I find no words in this message."
NONE_YET = "You have no conversation with me here yet. Mention me in a channel to begin one."
GOES = (
    "This erases what I keep of this conversation: what was said, by everybody, and what I "
    "answered; the summary; the names; what I remember from it; and that I take part in it. An "
    "answer that is being written stops. It can't be undone. What stands in Slack stays there."
)
ALL_GOES = (
    "This erases *every conversation in this workspace in which you have written to me*, with what "
    "others said in it and what I answered, the summaries and the names; *your memories*, and what "
    "you have had me remember for others; the accounts you have linked and the tokens you have "
    "made. It can't be undone. What stands in Slack stays there, and so does how many tokens were "
    "used per day."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a window is about.

    Attributes:
        thread: A conversation, as `str(ThreadKey)` writes it; empty for none.
        said: The message that it was opened on.
        whole: All of that message's text is in `said`.
        url: The response_url of what opened it, empty for none.
        home: It was opened on the Home tab.
    """

    thread: str = ""
    said: Said | None = None
    whole: bool = True
    url: str = ""
    home: bool = False


def noted(subject: Subject) -> str:
    """A subject as it goes along; a message too long for that is cut."""
    note = _note(subject)
    while len(note) > LONGEST_NOTE and subject.said is not None:
        said = subject.said
        cut = replace(
            said,
            text=said.text[: len(said.text) * 3 // 4],
            attached=said.attached[:-1],
            shared=said.shared[:-1],
        )
        subject = replace(subject, said=cut, whole=False)
        note = _note(subject)
    return note


def _note(subject: Subject) -> str:
    told = asdict(subject)
    if subject.said is not None:
        # Addresses of files are long, and secrets.
        told["said"]["attached"] = [each.name for each in subject.said.attached]
    return json.dumps(told, ensure_ascii=False)


def subject_of(view: Mapping[str, Any]) -> Subject:
    """What a window is about.

    Raises:
        TypeError, ValueError: It is not one of ours.
    """
    told = dict(fields(json.loads(str(view.get("private_metadata") or "{}"))))
    said = dict(fields(told.pop("said", None)))
    if not said:
        return Subject(**told)
    attached = tuple(Attachment(str(name)) for name in said.pop("attached", ()))
    shared = tuple(Shared(**each) for each in said.pop("shared", ()))
    return Subject(**told, said=Said(**said, attached=attached, shared=shared))


def ask(subject: Subject, quoted: str) -> dict[str, Any]:
    """Asks for the question about a message, which is shown."""
    field = {
        "type": "plain_text_input",
        "action_id": QUESTION,
        "multiline": True,
        "max_length": LONGEST_QUESTION,
        "focus_on_load": True,
        "placeholder": plain("What does this mean?"),
    }
    asked = {
        "type": "input",
        "block_id": QUESTION,
        "optional": True,
        "label": plain("Your question"),
        "element": field,
    }
    shown = sections(quoted, 3)
    return _window(ASK, [*shown, asked, _aside(PRIVATE)], subject, submit="Ask")


def question_in(view: Mapping[str, Any]) -> str:
    """What was typed; empty for nothing."""
    return str(_element(view, QUESTION).get("value") or "").strip()


def forget(subject: Subject, details: str = "") -> dict[str, Any]:
    """Asks whether a conversation is to be erased; `details` say what goes, in Markdown."""
    return _window(FORGET, _goes(GOES, details), subject, submit="Forget it")


def forget_all(subject: Subject, details: str = "") -> dict[str, Any]:
    """Asks whether everything with somebody's words in it is to be erased, likewise."""
    return _window(FORGET_ALL, _goes(ALL_GOES, details), subject, submit="Forget it all")


def _goes(known: str, details: str) -> list[dict[str, Any]]:
    return sections(details, 3) or [section(known), _aside(WORKING)]


def threads(choices: Sequence[ThreadChoice]) -> dict[str, Any]:
    """Lets somebody choose one of their conversations, and what to do with it."""
    offered = [choice for choice in choices if len(str(choice.thread)) <= LONGEST_VALUE]
    if not offered:
        return told(THREADS, NONE_YET)
    deeds = [{"text": plain(text), "value": name} for name, text in DEEDS.items()]
    blocks = [
        _input(
            CHOSEN,
            "Conversation",
            {
                "type": "static_select",
                "placeholder": plain("Choose a conversation"),
                "options": [
                    {"text": plain(choice.label), "value": str(choice.thread)} for choice in offered
                ],
            },
        ),
        _input(
            DEED,
            "What to do",
            {"type": "radio_buttons", "options": deeds, "initial_option": deeds[0]},
        ),
    ]
    return _window(THREADS, blocks, Subject(), submit="Go")


def chosen_in(view: Mapping[str, Any]) -> tuple[str, str]:
    """The conversation and the deed that were chosen.

    Raises:
        ValueError: None was.
    """
    chosen, deed = (
        str(fields(_element(view, name).get("selected_option")).get("value") or "")
        for name in (CHOSEN, DEED)
    )
    if not chosen or deed not in DEEDS:
        raise ValueError("nothing was chosen")
    return chosen, deed


def told(name: str, text: str, mark: str = "") -> dict[str, Any]:
    """Shows something.

    Args:
        name: Which window it is.
        text: Markdown.
        mark: By which it can be found; empty for none.
    """
    view = _window(name, [*(sections(text) or [section("_Nothing._")]), _aside(PRIVATE)])
    return {**view, "external_id": mark} if mark else view


def _window(
    name: str, blocks: Sequence[Any], subject: Subject | None = None, submit: str = ""
) -> dict[str, Any]:
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": name,
        "title": plain(TITLES[name]),
        "close": plain("Cancel" if submit else "Close"),
        "blocks": list(blocks),
    }
    if submit:
        view["submit"] = plain(submit)
    if subject is not None:
        view["private_metadata"] = noted(subject)
    return view


def _input(name: str, label: str, element: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "element": {**element, "action_id": name},
    }


def _aside(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _element(view: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    values = fields(fields(view.get("state")).get("values"))
    return fields(fields(values.get(name)).get(name))
