"""A question that one person asks for themselves: answered once, and stored nowhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from bot.audience import Audience
from bot.budgets import Payer
from bot.chat import Author, EarlierMessage, ThreadKey
from bot.context.prompt import in_channel
from bot.context.render import Now
from bot.context.speakers import unique_name
from bot.context.tokens import Tokenizer, tool_tokens
from bot.context.window import Window, build_window
from bot.engine import texts
from bot.engine.allowance import Allowance
from bot.engine.budget import Budget
from bot.engine.cost import tally_of
from bot.engine.counting import counted
from bot.engine.recalling import Recalling
from bot.errors import BobbinError, ContextTooLong, ModelBusy, ModelError, ModelRefused
from bot.model.port import Finished, FinishReason, Model, Prompt, TextDelta, ToolSpec
from bot.records import NO_SUMMARY, NO_TALLY, Entry, Tally
from bot.reply.fences import open_fence, scan
from bot.storage.threads import Threads

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 3
"""Questions of one person that are answered at the same time in this process."""

TRIES = 2
"""A prompt that turns out too long is made shorter once."""

QUOTED = (
    "The last of the earlier messages is the one that {name} asks about; it is quoted, and not "
    "addressed to you"
)
ALONE = "This is a private question: only {name} sees the answer, and neither of both is kept"

NOTES: Mapping[FinishReason, str] = {
    FinishReason.STOP: "",
    FinishReason.LENGTH: texts.PRIVATE_TOO_LONG,
    FinishReason.FILTERED: texts.FILTERED,
    FinishReason.CUT: texts.PRIVATE_INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know.

    Attributes:
        asker: Who asks, and is the only one to see the answer.
        text: The question.
        place: The conversation it is asked in, or one with the right channel that nobody has.
        within: What was said in `place` may be used: the asker sees it anyway.
        about: The message it is about.
        audience: Who reads the answer: the asker alone. None where nothing is recalled.
    """

    asker: Author
    text: str
    place: ThreadKey
    within: bool = False
    about: EarlierMessage | None = None
    audience: Audience | None = None


class Asking:
    """Answers such questions, within budgets and behind the model's gate.

    Args:
        threads: Where conversations are read, and what is used is counted.
        model: Answers.
        tokenizer: Counts.
        budget: How long a prompt may be.
        allowance: What may be used.
        system: The system prompt.
        pseudonym: Stands in for ids at the provider.
        clock: Seconds since the epoch.
        new_id: Makes ids of requests.
        seconds: An answer has to be there by then.
        spent: Told of the platform and what each answer took.
        recalling: Looks for what is remembered; None for nothing.
        tools: Those that turns have, with which the prompts of conversations begin.
    """

    def __init__(
        self,
        threads: Threads,
        model: Model,
        tokenizer: Tokenizer,
        budget: Budget,
        allowance: Allowance,
        system: str,
        pseudonym: Callable[[str], str],
        clock: Callable[[], float],
        new_id: Callable[[], str],
        seconds: float,
        spent: Callable[[str, Tally], None] = lambda platform, cost: None,
        recalling: Recalling | None = None,
        tools: Sequence[ToolSpec] = (),
    ) -> None:
        self._threads = threads
        self._model = model
        self._tokenizer = tokenizer
        self._budget = budget
        self._allowance = allowance
        self._system = system
        self._pseudonym = pseudonym
        self._clock = clock
        self._new_id = new_id
        self._seconds = seconds
        self._spent = spent
        self._recalling = recalling
        self._tools = tuple(tools)
        self._under_way: dict[str, int] = {}

    async def answer(self, question: Question) -> str:
        """The answer, with a note where it is not whole.

        Raises:
            BudgetExceeded: A budget does not allow it.
            ModelError: There is no answer.
            StoreUnavailable: The store is away, without which nothing is answered.
        """
        place, asker = question.place, question.asker
        payer, request = Payer.of(place, asker), self._new_id()
        with self._one_of_few(f"{place.platform}:{asker.id}"):
            window = await self._window(question)
            tokens = self._budget.counted(window.tokens)
            await self._allowance.reserve(payer, request, tokens)
            answer = _Answer()
            try:
                await self._ask(question, window, answer)
            finally:
                took = self._took(answer)
                self._spent(place.platform, took)
                await self._allowance.settle(payer, request, took)
                await self._allowance.note(place, asker.id, took, request)
        return _whole(answer)

    @contextmanager
    def _one_of_few(self, who: str) -> Generator[None]:
        if self._under_way.get(who, 0) >= MOST_AT_ONCE:
            raise BobbinError("too many at once", user_text=texts.TOO_MANY_AT_ONCE, hint="Normal.")
        self._under_way[who] = self._under_way.get(who, 0) + 1
        try:
            yield
        finally:
            self._under_way[who] -= 1
            if not self._under_way[who]:
                del self._under_way[who]

    async def _window(self, question: Question) -> Window:
        known = await self._threads.take_window(question.place)
        names = dict(known.names) if question.within else {}
        new: list[Entry] = []
        about, asker = question.about, question.asker
        if about is not None:
            name = names[about.author.id] = unique_name(names, about.author)
            said = Entry("context", about.text, about.at, about.author.id, name, turn="about")
            new.append(await counted(said, self._tokenizer))
        name = names[asker.id] = unique_name(names, asker)
        asked = Entry("user", question.text, self._clock(), asker.id, name)
        new.append(await counted(asked, self._tokenizer))
        most = self._recalling.room(self._budget.configured) if self._recalling else 0
        recalled = await self._recalled(question, known.summary.upto, most)
        notes = (ALONE.format(name=name), QUOTED.format(name=name))
        return build_window(
            system=in_channel(self._system, known.persona),
            summary=known.summary if question.within else NO_SUMMARY,
            log=known.window if question.within else (),
            new=new,
            now=Now(self._clock(), tuple(names.values()), notes[: 1 + (about is not None)]),
            budget=self._budget.high,
            tokenizer=self._tokenizer,
            longest=self._budget.longest,
            recalled=recalled,
            room_to_recall=most,
            tools=tool_tokens(self._tools_of(question), self._tokenizer),
        )

    async def _recalled(self, question: Question, upto: int, most: int) -> str:
        audience = question.audience
        if self._recalling is None or audience is None or audience.alone is None:
            return ""
        return await self._recalling.recall(
            audience,
            audience.alone,
            "\n".join((question.text, question.about.text if question.about else "")),
            most=most,
            besides=((question.place, upto + 1),) if question.within else (),
        )

    def _tools_of(self, question: Question) -> tuple[ToolSpec, ...]:
        """None is called for a private question; see `Prompt.may_call`."""
        return self._tools if question.within else ()

    async def _ask(self, question: Question, window: Window, answer: _Answer) -> None:
        """Read the answer until it is complete, or time is up."""
        try:
            async with asyncio.timeout(self._seconds):
                for attempt in range(1, TRIES + 1):
                    try:
                        await self._read(question, window, answer)
                        return
                    except ContextTooLong as error:
                        self._budget.learn(error.limit, window.tokens)
                        if attempt == TRIES:
                            raise
                    window = await self._window(question)
        except TimeoutError:
            logger.warning("a private question was not answered within %.0f s", self._seconds)
            if not answer.text:
                raise ModelBusy("time-out of a private question") from None

    async def _read(self, question: Question, window: Window, answer: _Answer) -> None:
        place, asker = question.place, question.asker
        who = self._pseudonym(f"{place.platform}:{asker.id}")
        # Within a conversation its own prompts have been cached already.
        key = self._pseudonym(str(place)) if question.within else who
        answer.prompt = Prompt(
            window.messages,
            cache_key=key,
            user=who,
            tools=self._tools_of(question),
            may_call=False,
        )
        async with aclosing(self._model.stream(answer.prompt)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    answer.text += event.text
                elif isinstance(event, Finished):
                    answer.finished = event
                    self._budget.observe(window.tokens, self._took(answer).prompt)

    def _took(self, answer: _Answer) -> Tally:
        """What was used; an answer that ended early has cost something, too."""
        ended = answer.finished
        if answer.prompt is None or (ended is None and not answer.text):
            return NO_TALLY
        ended = ended or Finished(FinishReason.CUT, None, self._model.name)
        return tally_of(ended, answer.prompt, answer.text, self._tokenizer)


@dataclass(slots=True)
class _Answer:
    """What the model has said so far, and what it was asked."""

    text: str = ""
    prompt: Prompt | None = None
    finished: Finished | None = None


def _whole(answer: _Answer) -> str:
    """The text with what there is to say about it. Raises ModelError when there is none."""
    reason = answer.finished.reason if answer.finished else FinishReason.CUT
    text = answer.text.strip()
    if not text:
        if reason is FinishReason.FILTERED:
            raise ModelRefused("filtered before the first word")
        told = texts.ALL_THOUGHT if reason is FinishReason.LENGTH else texts.EMPTY
        raise ModelError(f"an empty answer ({reason})", user_text=told)
    note = NOTES[reason]
    fence = open_fence(scan(text)) if note else None
    closed = f"{text}\n{fence.closing}" if fence else text
    return f"{closed}\n\n{note}" if note else text
