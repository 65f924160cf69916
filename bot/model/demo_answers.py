"""What the demo model says: pure, and always from the messages it was sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.model.demo_memory import (
    DECISIONS,
    FACTS,
    GOAL,
    IDENTIFIERS,
    QUESTIONS,
    SECTIONS,
    Conversation,
    Said,
    decisions,
    facts,
    identifiers,
    name_told,
    questions,
    recall,
    recall_elsewhere,
    sentences,
    shorten,
)

INTRODUCTION = (
    "I'm Bobbin's built-in **demo model**: neither `OPENAI_API_KEY` nor `OPENAI_BASE_URL` is set, "
    "so nothing leaves this machine and I can't think for myself. What I do have is this "
    "conversation."
)

SUGGESTIONS = (
    "Try me:\n"
    "- tell me something to keep: “My favourite colour is teal.” or “We decided on Friday.”\n"
    "- and ask for it later: “What is my favourite colour?”, “What did we decide?”\n"
    "- “What did I say first?”, “Who is here?” or “Sum it up.”"
)

_MOST_ANSWERS = 4
_MOST_LINES = 8

_Reply = Callable[[Conversation, Said], str]


def answer(conversation: Conversation) -> str:
    """The reply to everything that is not answered yet, by name when several people wrote."""
    fresh = conversation.fresh
    if not fresh:
        return f"{INTRODUCTION}\n\n{SUGGESTIONS}"
    newest: dict[str, Said] = {}
    for line in fresh:
        earlier = newest.pop(line.speaker, None)
        text = f"{earlier.text}\n{line.text}" if earlier else line.text
        newest[line.speaker] = Said(line.speaker, text)
    lines = list(newest.values())[-_MOST_ANSWERS:]
    parts = [_reply(conversation, line) for line in lines]
    if len(parts) > 1:
        parts = [f"**{line.speaker}**: {part}" for line, part in zip(lines, parts, strict=True)]
    first = not conversation.summary and all(line.speaker for line in conversation.said)
    if first and INTRODUCTION not in parts[-1]:
        parts.append(f"({INTRODUCTION})")
    return "\n\n".join(parts)


def _reply(conversation: Conversation, line: Said) -> str:
    for pattern, reply in _RULES:
        if pattern.search(line.text):
            return reply(conversation, line)
    statements = [text for text in sentences(line.text) if not text.endswith("?")]
    asked = [text for text in sentences(line.text) if text.endswith("?")]
    if asked:
        return _from_memory(conversation, line)
    own = [Said(line.speaker, text) for text in statements]
    if decisions(own):
        return f"Noted as a decision: “{decisions(own)[-1].text}”"
    if facts(own):
        kept = " ".join(fact.text for fact in facts(own))
        return f"I'll remember that, {line.speaker}: “{shorten(kept)}”"
    said = shorten(line.text, 120)
    return f"I read you, {line.speaker}: “{said}”. {_sight(conversation)}"


def _greet(_conversation: Conversation, line: Said) -> str:
    return f"Hello {line.speaker}! {INTRODUCTION}\n\n{SUGGESTIONS}"


def _name(conversation: Conversation, line: Said) -> str:
    told = name_told(conversation, line.speaker)
    if told is None:
        return f"You appear here as **{line.speaker}**; you haven't told me another name."
    return f"Your name is **{told}**, you told me so."


def _first(conversation: Conversation, line: Said) -> str:
    return _quote_end(conversation, line, 0)


def _last(conversation: Conversation, line: Said) -> str:
    return _quote_end(conversation, line, -1)


def _quote_end(conversation: Conversation, line: Said, end: int) -> str:
    which = "first" if end == 0 else "last"
    about = _person_in(conversation, line)
    lines = [said for said in conversation.earlier if about in ("", said.speaker)]
    older = " Before that there is only my summary." if conversation.summary and end == 0 else ""
    if not lines:
        return f"I can see nothing earlier{f' from {about}' if about else ''}.{older}"
    said = lines[end]
    who = "You" if said.speaker == line.speaker else said.speaker
    return f"{who} said {which}: “{shorten(said.text)}”{older}"


def _person_in(conversation: Conversation, line: Said) -> str:
    """Whom a question is about; empty for everybody."""
    if re.search(r"\b(?:i|my|me)\b", line.text, re.IGNORECASE):
        return line.speaker
    words = set(re.findall(r"\w+", line.text.casefold()))
    return next((name for name in conversation.people if name.casefold() in words), "")


def _decided(conversation: Conversation, _line: Said) -> str:
    found = [*conversation.summary.get(DECISIONS, ()), *_told(decisions(conversation.earlier))]
    if not found:
        return f"Nothing that I can see was decided yet. {_sight(conversation)}"
    return "What was decided:\n" + _bullets(found)


def _known(conversation: Conversation, line: Said) -> str:
    about = _person_in(conversation, line)
    told = [said for said in facts(conversation.earlier) if about in ("", said.speaker)]
    kept = [text for text in conversation.summary.get(FACTS, ()) if about in text]
    found = [*kept, *_told(told)]
    if not found:
        return f"Nothing yet{f' about {about}' if about else ''}. {_sight(conversation)}"
    return f"What I know{f' about {about}' if about else ''}:\n" + _bullets(found)


def _present(conversation: Conversation, _line: Said) -> str:
    return _sight(conversation)


def _recap(conversation: Conversation, _line: Said) -> str:
    said = conversation.said[: len(conversation.said) - len(conversation.fresh)]
    before = Conversation(said, (), conversation.summary, 120)
    text = re.sub(r"^## (.+)$", r"**\1**", write_summary(before), flags=re.MULTILINE)
    return f"{text}\n\n{_sight(conversation)}" if text else _sight(conversation)


def _from_memory(conversation: Conversation, line: Said) -> str:
    found = recall(conversation, line.text, line.speaker)
    remembered = recall_elsewhere(conversation, line.text) if found is None else None
    if remembered is not None:
        return f"From long-term memory: “{remembered}”"
    if found is None:
        return f"I find nothing about that in what was said. {_sight(conversation)}"
    if not found.speaker:
        return f"From my summary of earlier: “{found.text}”"
    who = "You" if found.speaker == line.speaker else found.speaker
    return f"{who} said: “{found.text}”"


def _sight(conversation: Conversation) -> str:
    """How much of the conversation is there to be read."""
    count, people = len(conversation.by_people), conversation.people
    names = people[0] if len(people) == 1 else f"{', '.join(people[:-1])} and {people[-1]}"
    text = f"I can see {count} message{'' if count == 1 else 's'} from {names}"
    return text + (", and a summary of what came before." if conversation.summary else ".")


def _rules(*rules: tuple[str, _Reply]) -> tuple[tuple[re.Pattern[str], _Reply], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), reply) for pattern, reply in rules)


_RULES = _rules(
    (r"^\W*(?:hi|hello|hey|good (?:morning|evening|day))\b\W*(?:\w+\W*)?$", _greet),
    (r"\bwho are you\b|\bwhat (?:are|can) you\b(?: do)?|^\W*help\W*$", _greet),
    (r"\bwhat(?:['’]s| is| was) my name\b|\bwho am i\b|\bmy name\b[^.]*\?", _name),
    (r"\bwhat did .{1,60}\bsay first\b|\bfirst (?:thing|message)\b[^.]*\?", _first),
    (r"\bwhat did .{1,60}\bsay last\b|\blast (?:thing|message)\b[^.]*\?", _last),
    (r"\b(?:what|which)\b[^.]*\b(?:decide|decided|decisions?|agree|agreed)\b[^.]*", _decided),
    (r"\bwhat (?:do|did) you (?:remember|know|recall)\b", _known),
    (r"\bwho(?:['’]s| is| was| are) (?:here|there)\b|\bhow many (?:messages|people)\b", _present),
    (r"\b(?:sum|summari[sz]e|recap)\b.{0,20}\b(?:it|this|up|us|thread|so far)\b", _recap),
    (r"^\W*(?:recap|summary|summari[sz]e)\W*$", _recap),
)


def _told(lines: Sequence[Said]) -> list[str]:
    return [f"{line.speaker}: {line.text}" for line in lines]


def _bullets(lines: Sequence[str]) -> str:
    kept = list(dict.fromkeys(lines))
    left = len(kept) - _MOST_LINES
    more = [f"- … and {left} more"] if left > 0 else []
    return "\n".join([*(f"- {line}" for line in kept[-_MOST_LINES:]), *more])


def write_summary(conversation: Conversation) -> str:
    """A summary in the fixed sections, carried on from the one in the prompt.

    The oldest facts, then questions and identifiers, are left out until it is short enough.
    """
    people = conversation.by_people
    sections = {section: list(conversation.summary.get(section, ())) for section in SECTIONS}
    if people and not sections[GOAL]:
        opening = sentences(people[0].text)
        sections[GOAL] = [f"{people[0].speaker}: {opening[0] if opening else '…'}"]
    sections[DECISIONS] += _told(decisions(people))
    settled = set(sections[DECISIONS])
    sections[FACTS] += [line for line in _told(facts(people)) if line not in settled]
    sections[QUESTIONS] += _told(questions(conversation.said))
    sections[IDENTIFIERS] += identifiers(people)
    kept = {section: list(dict.fromkeys(lines)) for section, lines in sections.items()}
    for section in (FACTS, QUESTIONS, IDENTIFIERS, DECISIONS):
        while kept[section] and _words(kept) > conversation.most_words:
            kept[section].pop(0)
    return "\n\n".join(
        "\n".join((f"## {section}", *(f"- {line}" for line in lines)))
        for section, lines in kept.items()
        if lines
    )


def _words(sections: dict[str, list[str]]) -> int:
    return sum(len(line.split()) + 1 for lines in sections.values() for line in lines)
