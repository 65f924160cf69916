"""What came with the mail of a turn: read before the model is asked, told to it and to people."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from bot.adapter import Adapter
from bot.attached import AttachedAs, Attachment
from bot.attachments import wording
from bot.attachments.pictures import SIDE
from bot.attachments.pieces import assembled, put_instead
from bot.attachments.reading import AttachmentReader, Opened
from bot.attachments.texts import Excerpt, excerpts
from bot.budgets import Payer
from bot.chat import Incoming
from bot.context.tokens import Tokenizer
from bot.engine import texts
from bot.engine.beside import Beside
from bot.engine.budget import Budget
from bot.engine.captions import PATIENCE_SECONDS, Captions
from bot.engine.counting import counted
from bot.errors import NoSight
from bot.model.port import (
    PATCH,
    Message,
    Model,
    ModelEvent,
    Picture,
    Prompt,
    Purpose,
    Recording,
)
from bot.records import Entry, Piece
from bot.storage.types import Turn

logger = logging.getLogger(__name__)

TEXT_SHARE = 0.75
"""Of the longest message, for the text of all files of a turn."""

HEARD_TOKENS = 500
"""Tokens that writing down a recording is expected to take."""

LINES = (
    "Bracketed lines within a message tell what came with it. What was not read is told to people "
    "below your answer, too."
)

UNSEEN = "[The pictures can't be shown to you: this model takes none. Tell people so, and go on.]"
NO_SIGHT = "my model can't look at pictures"


@dataclass(frozen=True, slots=True)
class Attachments:
    """What every turn reads attachments with.

    Attributes:
        reader: Fetches and decodes them.
        model: Answers, and says what pictures show.
        ear: Writes down recordings; None where nothing does.
        beside: Asks both.
        tokenizer: Counts.
        budget: How much a message may have.
        pseudonym: Hides who asks from the model's provider.
    """

    reader: AttachmentReader
    model: Model
    ear: Model | None
    beside: Beside
    tokenizer: Tokenizer
    budget: Budget
    pseudonym: Callable[[str], str]


class Enclosed:
    """The attachments of one turn. Leaving its context ends what is still being asked.

    Args:
        attachments: What they are read with.
        adapter: Has them.
        turn: Whose mail they came with.
        status: Told what people wait for.
    """

    def __init__(
        self, attachments: Attachments, adapter: Adapter, turn: Turn, status: Callable[[str], None]
    ) -> None:
        self._attachments = attachments
        self._adapter = adapter
        self._turn = turn
        self._status = status
        self._opened: dict[str, list[Opened]] = {}
        self._excerpts: dict[int, Excerpt] = {}
        self._captions: Captions | None = None
        self._blind = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._captions is not None:
            await self._captions.close()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What the model gets to see with this turn's question."""
        seen = () if self._blind else self._seen()
        return tuple(each.picture for each in seen if each.picture is not None)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the model has to know in this turn."""
        return (LINES,) if self._opened else ()

    async def read(self) -> None:
        """Fetch and read everything; what can't be read is named later on."""
        enclosed = _once(self._turn.mail)
        everything = [each for those in enclosed.values() for each in those]
        if not everything:
            return
        self._status(texts.READING)
        found = iter(
            await self._attachments.reader.read(
                everything, self._adapter.download, self._hear, self._side(len(everything))
            )
        )
        self._opened = {id_: [next(found) for _ in those] for id_, those in enclosed.items()}
        await self._cut([each for each in self._all() if each.text])

    def said(self, event: Incoming) -> tuple[str, tuple[Piece, ...]]:
        """A message with what its attachments say, as it stands in the log; may be empty."""
        opened = self._opened.get(event.event_id, [])
        return assembled(event.text, [(each.attachment.id, self._line(each)) for each in opened])

    async def stream(self, model: Model, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Ask the model, as its own `stream` does; once more without pictures if it takes none."""
        if self._captions is None and self.pictures:
            self._captions = Captions(self.pictures, self._describe)
            self._captions.begin()
        try:
            async with aclosing(model.stream(prompt)) as events:
                async for event in events:
                    yield event
            return
        except NoSight as error:
            logger.warning("turn %s: %s", self._turn.lease.turn, error.hint)
        self._blind = True
        async with aclosing(model.stream(_without_pictures(prompt))) as events:
            async for event in events:
                yield event

    async def kept(self, entries: Sequence[Entry], *, patient: bool) -> tuple[Entry, ...]:
        """The entries as they go into the log, counted: a line in place of each picture.

        Args:
            entries: Of this turn.
            patient: Wait a little for what the model says about pictures.
        """
        if seen := self._seen():
            seconds = PATIENCE_SECONDS if patient else 0.0
            lines = await self._captions.lines(seconds) if self._captions is not None else {}
            kept = {
                self._line(each): self._kept_line(each, lines.get(number, ""))
                for number, each in enumerate(seen, start=1)
            }
            entries = [put_instead(entry, kept) for entry in entries]
        tokenizer = self._attachments.tokenizer
        return tuple(
            [entry if entry.tokens else await counted(entry, tokenizer) for entry in entries]
        )

    def told(self, note: str = "") -> str:
        """What people have to know at the end of the reply: `note`, and what was not read."""
        unread: list[str] = []
        cut: list[str] = []
        for each in self._all():
            name = wording.called(each.attachment)
            why = NO_SIGHT if self._blind and each.picture is not None else each.why_not
            if why:
                unread.append(f"{name} ({why})")
            elif how_much := self._how_much(each):
                cut.append(f"{name}, {how_much}")
        return "\n\n".join(part for part in (note, wording.told(unread, cut)) if part)

    def _all(self) -> Sequence[Opened]:
        return [each for opened in self._opened.values() for each in opened]

    def _seen(self) -> Sequence[Opened]:
        return [each for each in self._all() if each.picture is not None]

    def _side(self, count: int) -> int:
        """Pixels for each of so many pictures, which together get half of what a prompt may have.

        That is a bound: most of what is attached is no picture.
        """
        tokens = self._attachments.budget.configured // 2 // count
        return max(PATCH * 4, min(SIDE, PATCH * math.isqrt(tokens)))

    async def _cut(self, opened: Sequence[Opened]) -> None:
        attachments = self._attachments
        tokens = int(attachments.budget.longest * TEXT_SHARE)
        texts = [each.text for each in opened]
        found = await asyncio.to_thread(excerpts, texts, tokens, attachments.tokenizer.count)
        self._excerpts = {id(each): part for each, part in zip(opened, found, strict=True)}

    def _line(self, opened: Opened) -> str:
        """What stands for an attachment in the message, with its text."""
        attachment = opened.attachment
        if opened.why_not:
            return f"[{wording.attached(attachment)}; not read: {opened.why_not}]"
        if opened.picture is not None:
            number = [id(each) for each in self._seen()].index(id(opened)) + 1
            return f"[Picture {number}. {_of_picture(attachment, opened.picture)}]"
        text = self._excerpts[id(opened)].text.strip()
        how_much = self._how_much(opened)
        if attachment.kind is AttachedAs.PASTE:
            return f"{text}\n\n[Only {how_much} are here.]" if how_much else text
        facts = [wording.attached(attachment), opened.kind]
        if opened.spoken:
            facts.append("as a program has written it down")
        if how_much:
            facts.append(f"only {how_much}")
        line = f"[{', '.join(fact for fact in facts if fact)}]"
        if attachment.kind is AttachedAs.VOICE:
            return f"{line}\n{text}"
        return f"{line}\n{wording.fenced(text, attachment.name)}"

    def _kept_line(self, opened: Opened, caption: str) -> str:
        if opened.picture is None:
            return ""
        line = _of_picture(opened.attachment, opened.picture)
        if self._blind:
            return f"[{line}; nobody could look at it]"
        return f"[{line}; shown once: {wording.one_line(caption)}]" if caption else f"[{line}]"

    def _how_much(self, opened: Opened) -> str:
        part = self._excerpts.get(id(opened))
        shown = [part.cut] if part is not None and part.cut else []
        return " of ".join([*shown, opened.cut] if opened.cut else shown)

    async def _hear(self, recording: Recording) -> str:
        attachments, turn = self._attachments, self._turn
        assert attachments.ear is not None
        prompt = Prompt((), user=self._user(), purpose=Purpose.TRANSCRIPT, recording=recording)
        request = f"{turn.lease.turn}:{recording.digest}"
        return await attachments.beside.ask_within(
            attachments.ear, prompt, turn.lease.thread, self._payer(), request, HEARD_TOKENS
        )

    async def _describe(self, prompt: Prompt) -> str:
        attachments = self._attachments
        return await attachments.beside.ask(
            attachments.model,
            replace(prompt, user=self._user()),
            self._turn.lease.thread,
            self._payer(),
        )

    def _payer(self) -> Payer:
        return Payer.of(self._turn.lease.thread, self._turn.mail[-1].author)

    def _user(self) -> str:
        thread, asker = self._turn.lease.thread, self._turn.mail[-1].author
        return self._attachments.pseudonym(f"{thread.platform}:{asker.id}")


def _once(mail: Sequence[Incoming]) -> dict[str, list[Attachment]]:
    """Attachments by their message; one that came with several, as when it is answered, once."""
    seen: set[str] = set()
    found: dict[str, list[Attachment]] = {}
    for event in mail:
        fresh = [each for each in event.attachments if not each.id or each.id not in seen]
        seen |= {each.id for each in fresh}
        if fresh:
            found[event.event_id] = fresh
    return found


def _without_pictures(prompt: Prompt) -> Prompt:
    messages = (
        Message("user", f"{message.content}\n\n{UNSEEN}") if message.pictures else message
        for message in prompt.messages
    )
    return replace(prompt, messages=tuple(messages))


def _of_picture(attachment: Attachment, picture: Picture) -> str:
    return f"{wording.attached(attachment)}, {picture.width}×{picture.height} pixels"
