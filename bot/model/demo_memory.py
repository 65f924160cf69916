"""What the demo model can find in a prompt: who said what, facts, decisions, questions. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.model.port import Message

GOAL = "Goal"
DECISIONS = "Decisions"
FACTS = "Facts and preferences"
QUESTIONS = "Open questions"
IDENTIFIERS = "Identifiers"
SECTIONS = (GOAL, DECISIONS, FACTS, QUESTIONS, IDENTIFIERS)

_LONGEST_TEXT = 4000
_LONGEST_LINE = 240

_VOLATILE = re.compile(r"\n\s*\n\[[^\n]*\]\s*$")
_RECALLED = re.compile(r"\n\s*\n<memories\b[^\n]*>\n(?P<lines>(?:\[[^\n]*\n)*)</memories>\s*$")
_RECALLED_LINE = re.compile(r"\[(?P<label>[^\n]*?)\] (?P<text>\"[^\n]*\")")
_SPEAKER = re.compile(r"(?P<name>[^\n:<>\[\]]{1,60}): (?P<text>.*)", re.DOTALL)
_TRANSCRIPT_LINE = re.compile(r"<(?P<name>[^<>\n]{1,60})>(?: \[[^\]\n]*\])?:? ?(?P<text>.*)")
_HEADING = re.compile(r"#{1,6} +(?P<title>.+?)\s*$")
_SENTENCE = re.compile(r"[^.!?…\n]+(?:[.!?…]+(?!\s|$)[^.!?…\n]+)*[.!?…]*")

_NAME = re.compile(
    r"\b(?:my name(?: is|['’]s)|(?:please )?call me|i go by) +(?P<name>[^\W\d_][\w'’-]*"
    r"(?: [A-Z][\w'’-]*){0,2})",
    re.IGNORECASE,
)
_DECISION = re.compile(
    r"\b(?:we(?:['’]ve| have)? (?:decided|agreed|settled|chose)|decision:|let['’]?s go with|"
    r"we(?:['’]ll| will) (?:use|go with|take)|it['’]?s decided|agreed:)",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"\b(?:my \w+(?: \w+){0,3} (?:is|are)|my name['’]s|call me|remember|note that|"
    r"for the record|i(?:['’]m| am| prefer| like| love| hate| live| work| use| have)|"
    r"the (?:deadline|budget|plan|code|password|address|date|meeting)\b.{0,40}\b(?:is|are))\b",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r"https?://[^\s<>()]+|`[^`\n]{1,80}`|\b\d{4}-\d{2}-\d{2}\b|\bv?\d+\.\d+(?:\.\d+)*\b|"
    r"\b[A-Z]{2,10}-\d+\b|\b\d{3,}\b"
)
_WORD = re.compile(r"[^\W_]{2,}")
_STOP = frozenset(
    "what whats which who whos when where why how is are was were be been do does did have has "
    "had will would can could should shall may might the this that these those and but not for "
    "from with about into your you our ours we us they them their his her him she he it its me my "
    "mine am an as at by in of on or so to up if then than there here say said says tell told "
    "know knows remember recall again please any some all just one bobbin hey hi hello ok".split()
)


@dataclass(frozen=True, slots=True)
class Said:
    """A message; `speaker` is empty for the bot's own, `background` is not addressed to it."""

    speaker: str
    text: str
    background: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a prompt shows.

    Attributes:
        said: All messages, oldest first.
        fresh: Messages of people at the end that nobody has answered yet.
        summary: Lines of the rolling summary by section, for what is no longer shown.
        most_words: Longest summary that was asked for.
        remembered: What was put with the question from long-term memory.
    """

    said: tuple[Said, ...]
    fresh: tuple[Said, ...]
    summary: dict[str, list[str]]
    most_words: int = 250
    remembered: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who spoke, in order of appearance."""
        return tuple(dict.fromkeys(line.speaker for line in self.said if line.speaker))

    @property
    def by_people(self) -> tuple[Said, ...]:
        """The messages of people."""
        return tuple(line for line in self.said if line.speaker)

    @property
    def earlier(self) -> tuple[Said, ...]:
        """The messages of people before the fresh ones."""
        by_people = self.by_people
        return by_people[: len(by_people) - len(self.fresh)]


def read_conversation(messages: Sequence[Message], *, folding: bool = False) -> Conversation:
    """Read a prompt.

    Args:
        messages: The prompt's messages; the system prompt is passed over.
        folding: The last message asks for a summary of the others, or holds a transcript.
    """
    said: list[Said] = []
    summary: dict[str, list[str]] = {}
    words = 250
    remembered: tuple[str, ...] = ()
    for number, message in enumerate(messages):
        content = message.content
        if folding and (found := re.search(r"at most (\d{1,5}) words", content, re.IGNORECASE)):
            words = int(found[1])
        if message.role == "assistant":
            said.append(Said("", content))
        elif message.role == "user":
            if number == len(messages) - 1 and not folding:
                content = _VOLATILE.sub("", content)
                if recalled := _RECALLED.search(content):
                    content = content[: recalled.start()]
                    remembered = tuple(_remembered(recalled["lines"]))
            said.extend(_read(content, summary))
    fresh: list[Said] = []
    for line in reversed(said):
        if not line.speaker or line.background:
            break
        fresh.insert(0, line)
    return Conversation(tuple(said), tuple(fresh), summary, words, remembered)


def _read(content: str, summary: dict[str, list[str]]) -> Iterator[Said]:
    """The messages that one message of the prompt holds; summary lines go into `summary`."""
    head, _, rest = content.partition("\n")
    if "\nMessages since:" in content:
        before, _, transcript = content.partition("\nMessages since:")
        _add_sections(before, summary)
        yield from _transcript(transcript)
    elif head.startswith("[Summary"):
        _add_sections(rest, summary)
    elif head.startswith("[From "):
        # What asks for the summary; nobody in the chat said it.
        return
    elif head.startswith("["):
        yield from _background(rest)
    elif match := _SPEAKER.fullmatch(content):
        yield Said(match["name"].strip(), match["text"].strip())
    elif content.strip():
        yield Said("Somebody", content.strip())


def _remembered(lines: str) -> Iterator[str]:
    """What is quoted there; its own words of other days tell a demo nothing."""
    for match in _RECALLED_LINE.finditer(lines):
        if not match["label"].endswith(", said by you"):
            yield str(json.loads(match["text"]))


def _add_sections(text: str, summary: dict[str, list[str]]) -> None:
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if heading := _HEADING.fullmatch(line):
            section = next((s for s in SECTIONS if s.lower() == heading["title"].lower()), "")
        elif section and line and line.strip("()").lower() != "none":
            summary.setdefault(section, []).append(line.removeprefix("- "))


def _background(text: str) -> Iterator[Said]:
    """Messages from before; the lines of a message after its first are indented."""
    for line in text.replace("\n  ", "\r").split("\n"):
        match = _SPEAKER.fullmatch(line.replace("\r", "\n"))
        if match is not None:
            yield Said(match["name"].strip(), match["text"].strip(), background=True)


def _transcript(text: str) -> Iterator[Said]:
    lines = text.split("\n")
    # With names in angle brackets, a colon in a line is just a colon.
    bracketed = any(_TRANSCRIPT_LINE.fullmatch(line) for line in lines)
    form = _TRANSCRIPT_LINE if bracketed else _SPEAKER
    for line in lines:
        match = form.fullmatch(line)
        if match is not None:
            name = match["name"].strip()
            yield Said("" if name == "Bobbin" else name, match["text"].strip())


def sentences(text: str) -> list[str]:
    """The sentences of a message, without blanks around them; very long ones are shortened."""
    found = (match.strip(" -*>") for match in _SENTENCE.findall(text[:_LONGEST_TEXT]))
    return [shorten(sentence) for sentence in found if sentence]


def shorten(text: str, most: int = _LONGEST_LINE) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def decisions(lines: Iterable[Said]) -> list[Said]:
    """Sentences that say what was decided."""
    return [
        Said(line.speaker, sentence)
        for line in lines
        for sentence in sentences(line.text)
        if _DECISION.search(sentence) and not sentence.endswith("?")
    ]


def facts(lines: Iterable[Said]) -> list[Said]:
    """Sentences that say something worth remembering."""
    return [
        Said(line.speaker, sentence)
        for line in lines
        for sentence in sentences(line.text)
        if _FACT.search(sentence) and not sentence.endswith("?")
    ]


def questions(lines: Iterable[Said]) -> list[Said]:
    """Each person's last question that the bot has not answered."""
    last: dict[str, Said] = {}
    for line in lines:
        if not line.speaker:
            last.clear()
            continue
        for sentence in sentences(line.text):
            if sentence.endswith("?"):
                last[line.speaker] = Said(line.speaker, sentence)
    return list(last.values())


def identifiers(lines: Iterable[Said]) -> list[str]:
    """Links, dates, versions, ticket numbers, code and long numbers, each once."""
    found = (item for line in lines for item in _IDENTIFIER.findall(line.text[:_LONGEST_TEXT]))
    return list(dict.fromkeys(item.rstrip(".,:;") for item in found))


def name_told(conversation: Conversation, speaker: str) -> str | None:
    """The name that a person gave themselves, the latest one."""
    for line in reversed(conversation.by_people):
        match = _NAME.search(line.text) if line.speaker == speaker else None
        if match is not None and not line.text.rstrip().endswith("?"):
            return match["name"]
    for line in reversed([line for lines in conversation.summary.values() for line in lines]):
        match = _NAME.search(line)
        if match is not None and line.startswith(speaker):
            return match["name"]
    return None


def keywords(text: str) -> frozenset[str]:
    """The words that carry the meaning, in a form in which variants meet."""
    words = (word.casefold().replace("our", "or") for word in _WORD.findall(text))
    return frozenset(word.removesuffix("s") for word in words if word not in _STOP)


def recall(conversation: Conversation, question: str, speaker: str) -> Said | None:
    """The earlier statement that has most in common with a question, None without any.

    A tie goes to what the asker said, then to what was said last. A line of the summary comes
    back with an empty speaker.
    """
    wanted = keywords(question)
    lines = [Said("", line) for part in conversation.summary.values() for line in part]
    lines += [
        Said(line.speaker, sentence)
        for line in conversation.earlier
        for sentence in sentences(line.text)
        if not sentence.endswith("?")
    ]
    return _nearest(wanted, lines, speaker)


def recall_elsewhere(conversation: Conversation, question: str) -> str | None:
    """What has most in common with a question of what is remembered, None without any."""
    lines = [
        Said("", sentence)
        for text in conversation.remembered
        for sentence in sentences(text)
        if not sentence.endswith("?")
    ]
    found = _nearest(keywords(question), lines, "")
    return None if found is None else found.text


def _nearest(wanted: frozenset[str], lines: Sequence[Said], speaker: str) -> Said | None:
    best: tuple[int, bool, int] = (0, False, 0)
    found: Said | None = None
    for place, line in enumerate(lines):
        score = (len(wanted & keywords(line.text)), line.speaker == speaker, place)
        if score[0] and score > best:
            best, found = score, line
    return found
