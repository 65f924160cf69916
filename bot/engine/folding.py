"""Folding the oldest messages into the rolling summary, after the reply and beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from bot.budgets import Payer
from bot.chat import Author, ThreadKey
from bot.context.prompt import in_channel
from bot.context.render import conversation
from bot.context.summary import (
    accept_summary,
    extract_summary,
    fold_instruction,
    fold_messages,
    summary_cap,
    summary_prompt,
)
from bot.context.tokens import REPLY_TOKENS, Tokenizer, tool_tokens
from bot.context.window import fold_cut, low_mark
from bot.engine.allowance import Allowance
from bot.engine.budget import Budget
from bot.engine.capturing import Fold, Keeper
from bot.engine.cost import tally_of
from bot.errors import ContextTooLong, ModelError, StoreError, StoreUnavailable
from bot.memory.candidates import Candidate, split
from bot.model.port import (
    Finished,
    FinishReason,
    Message,
    Model,
    Prompt,
    Purpose,
    TextDelta,
    ToolSpec,
)
from bot.records import NO_TALLY, Entry, Summary, Tally
from bot.storage.threads import Threads
from bot.storage.types import Conversation
from bot.tasks import end

logger = logging.getLogger(__name__)

KEEP_SECONDS = 5.0
"""How long a process that ends still remembers what it has found."""

MOST_ROUNDS = 8
"""Folds of one thread in a row; an imported backlog may need several."""


class Folding:
    """Keeps windows within their budget. One fold per thread at a time; folds race turns safely.

    A summary is stored by compare-and-set, so one made while the thread was folded elsewhere,
    forgotten or replaced is dropped. `spent` is told what each one cost, `extracted` of each that
    the model could not make. `tools` are those that turns have, with which their prompts begin.
    """

    def __init__(
        self,
        threads: Threads,
        model: Model,
        tokenizer: Tokenizer,
        budget: Budget,
        system: str,
        pseudonym: Callable[[str], str],
        allowance: Allowance,
        new_id: Callable[[], str],
        spent: Callable[[str, Tally], None] = lambda platform, cost: None,
        extracted: Callable[[str], None] = lambda platform: None,
        tools: Sequence[ToolSpec] = (),
    ) -> None:
        self._threads = threads
        self._model = model
        self._tokenizer = tokenizer
        self._budget = budget
        self._system = system
        self._pseudonym = pseudonym
        self._allowance = allowance
        self._new_id = new_id
        self._spent = spent
        self._extracted = extracted
        self._tools = tuple(tools)
        self._tasks: dict[ThreadKey, asyncio.Task[None]] = {}
        self._keeping: dict[tuple[ThreadKey, str], asyncio.Task[None]] = {}

    def start(self, thread: ThreadKey, fixed: int, keeper: Keeper | None = None) -> None:
        """Fold in the background, unless this thread is being folded already.

        Args:
            thread: Whose window is past the high mark.
            fixed: Tokens of system prompt and summary, as in `Window.fixed`.
            keeper: What to remember of it beyond the summary; None for nothing.
        """
        if thread in self._tasks:
            return
        task = asyncio.create_task(self._fold_quietly(thread, fixed, keeper), name=f"fold {thread}")
        self._tasks[thread] = task
        task.add_done_callback(lambda done: self._over(thread, done))

    def take_up(self, thread: ThreadKey, keeper: Keeper) -> None:
        """Remember in the background what a fold has proposed and whoever made it left undone."""
        if (thread, "") not in self._keeping:
            self._keep((thread, ""), self._take_up(thread, keeper))

    def anew(self, thread: ThreadKey) -> None:
        """Make a summary again that was dropped, of what the log holds now.

        One that is being made ends at once: it may be made from what was deleted.
        """
        fixed = REPLY_TOKENS + tool_tokens(self._tools, self._tokenizer)
        fixed += self._tokenizer.count_message("system", self._system)
        under_way = self._tasks.pop(thread, None)
        if under_way is not None:
            under_way.cancel()
        self.start(thread, fixed)

    async def close(self) -> None:
        """End what is running; the next turn of those threads starts it again.

        What was found worth remembering of a fold is remembered first, as far as that takes
        seconds: the next turn may be long in coming.
        """
        keeping = list(self._keeping.values())
        if keeping:
            await asyncio.wait(keeping, timeout=KEEP_SECONDS)
        await end(*self._tasks.values(), *keeping)

    async def fold(
        self, thread: ThreadKey, fixed: int, keeper: Keeper | None = None
    ) -> Conversation:
        """Fold until the rest is under the low mark, and return the thread as it then stands.

        A fold of this thread that is under way is waited for instead of being raced.

        Raises:
            StoreUnavailable: It could not be read or stored.
        """
        under_way = self._tasks.get(thread)
        if under_way is not None:
            await asyncio.wait({under_way})
        return await self._fold(thread, fixed, keeper)

    async def _fold(self, thread: ThreadKey, fixed: int, keeper: Keeper | None) -> Conversation:
        for _ in range(MOST_ROUNDS):
            current = await self._threads.take_window(thread)
            high = self._budget.high
            low = low_mark(high, fixed)
            cap = summary_cap(self._budget.configured)
            # The request holds the system prompt and our instruction as well.
            more = keeper.wanted(current, current.window) if keeper is not None else ""
            asking = self._tokenizer.count(fold_instruction(current.window, cap) + more)
            most = max((high - fixed) // 2, high - fixed - asking)
            upto = fold_cut(current.window, low, most=most)
            if not upto:
                return current
            old = [entry for entry in current.window if entry.seq <= upto]
            system = in_channel(self._system, current.persona)
            more = keeper.wanted(current, old) if keeper is not None and more else ""
            text, by, took, found = await self._summary_of(
                thread, system, current.summary, old, more
            )
            await self._allowance.charge(Payer.of(thread), took, self._new_id())
            new = Summary(text, upto, current.summary.version + 1, by)
            proposed = ""
            if found and keeper is not None:
                proposed = await keeper.propose(Fold(thread, current, old, new), found)
            stored = await self._threads.fold(thread, current.summary, new, proposed=proposed)
            logger.info(
                "folded %d message(s) into summary %d by %s%s",
                len(old),
                new.version,
                by,
                "" if stored else ": dropped, the thread changed meanwhile",
            )
            if stored and proposed and keeper is not None:
                self._keep((thread, proposed), keeper.keep(thread, proposed))
        return await self._threads.take_window(thread)

    def _over(self, thread: ThreadKey, task: asyncio.Task[None]) -> None:
        if self._tasks.get(thread) is task:
            del self._tasks[thread]

    async def summarise(self, thread: ThreadKey, asker: Author) -> str | None:
        """A summary of the whole thread as it stands, stored nowhere; None for an empty one.

        It counts for whoever asks for it, while summaries that are made unasked count for the
        space alone.

        Raises:
            BudgetExceeded: A budget does not allow it.
            StoreUnavailable: The thread could not be read.
        """
        current = await self._threads.take_window(thread)
        summary, payer = current.summary, Payer.of(thread, asker)
        if not current.window:
            return summary.text or None
        return await self.sum_up(thread, summary, current.window, payer, current.persona)

    async def sum_up(
        self,
        thread: ThreadKey,
        summary: Summary,
        entries: Sequence[Entry],
        payer: Payer,
        persona: str = "",
    ) -> str | None:
        """A summary of some entries that goes on from another one, stored nowhere.

        Raises:
            BudgetExceeded: A budget does not allow it.
            StoreUnavailable: It is not known whether it does.
        """
        system = in_channel(self._system, persona)
        request, used = self._new_id(), NO_TALLY
        tokens = self._budget.counted(sum(entry.tokens for entry in entries))
        await self._allowance.reserve(payer, request, tokens)
        try:
            for piece in _pieces(entries, self._budget.high // 2):
                text, _, took, _ = await self._summary_of(thread, system, summary, piece)
                summary, used = replace(summary, text=text), used + took
        finally:
            await self._allowance.settle(payer, request, used)
        return summary.text or None

    def _keep(self, what: tuple[ThreadKey, str], work: Coroutine[None, None, None]) -> None:
        """Beside everything else: nobody waits for it."""
        task = asyncio.create_task(work, name=f"keep {what[0]}")
        self._keeping[what] = task
        task.add_done_callback(lambda _: self._keeping.pop(what, None))

    async def _take_up(self, thread: ThreadKey, keeper: Keeper) -> None:
        try:
            current = await self._threads.take_window(thread)
        except StoreError as error:
            logger.warning("what folds have proposed to remember is left: %s", error)
            return
        for proposed in current.proposed:
            if (thread, proposed) not in self._keeping:
                await keeper.take_up(thread, current, proposed)

    async def _fold_quietly(self, thread: ThreadKey, fixed: int, keeper: Keeper | None) -> None:
        try:
            await self._fold(thread, fixed, keeper)
        except StoreUnavailable as error:
            logger.warning("folding put off: %s", error)

    async def _summary_of(
        self,
        thread: ThreadKey,
        system: str,
        previous: Summary,
        entries: Sequence[Entry],
        more: str = "",
    ) -> tuple[str, Literal["model", "extract"], Tally, Sequence[Candidate]]:
        """By the model, asked twice in two ways; by extraction when it can't. And what it took.

        With `more` it is asked for that, too, and what came of it is last.
        """
        took = NO_TALLY
        cap = summary_cap(self._budget.configured)
        for messages, tools in self._attempts(system, previous, entries, cap, more):
            prompt = Prompt(
                messages,
                cache_key=self._pseudonym(str(thread)),
                purpose=Purpose.SUMMARY,
                tools=tools,
                may_call=False,
            )
            try:
                answer, whole, cost = await self._ask(thread, prompt)
            except ContextTooLong as error:
                if error.limit is not None:
                    self._budget.learn(error.limit, 0)
            except ModelError as error:
                logger.warning("no summary from the model: %s", error)
            else:
                took += cost
                summary, found = split(answer) if more else (answer, ())
                # An answer that was cut behind the summary has all of it.
                text = summary if whole or summary != answer else ""
                accepted = accept_summary(text, previous, entries, cap, self._tokenizer.count)
                if accepted is not None:
                    return accepted, "model", took, found
                logger.info("the model's summary was not usable")
        self._extracted(thread.platform)
        extract = await asyncio.to_thread(
            extract_summary, previous, entries, cap, self._tokenizer.count
        )
        return extract, "extract", took, ()

    def _attempts(
        self, system: str, previous: Summary, entries: Sequence[Entry], cap: int, more: str
    ) -> Sequence[tuple[tuple[Message, ...], tuple[ToolSpec, ...]]]:
        asked = conversation(
            system,
            previous,
            entries,
            longest=self._budget.longest,
            tokenizer=self._tokenizer,
        )
        instruction = "\n\n".join(part for part in (fold_instruction(entries, cap), more) if part)
        *above, last = summary_prompt(previous, entries, cap)
        asked_again = replace(last, content=f"{last.content}\n\n{more}" if more else last.content)
        return (
            (fold_messages(asked, instruction), self._tools),
            ((*above, asked_again), ()),
        )

    async def _ask(self, thread: ThreadKey, prompt: Prompt) -> tuple[str, bool, Tally]:
        """The answer, whether it is whole, and what it took."""
        cost = NO_TALLY
        parts: list[str] = []
        whole = False
        async with aclosing(self._model.stream(prompt)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    parts.append(event.text)
                elif isinstance(event, Finished):
                    whole = event.reason is FinishReason.STOP
                    cost = tally_of(event, prompt, "".join(parts), self._tokenizer)
                    await self._account(thread, cost)
        return "".join(parts), whole, cost

    async def _account(self, thread: ThreadKey, cost: Tally) -> None:
        self._spent(thread.platform, cost)
        try:
            await self._threads.account(thread, cost)
        except StoreUnavailable as error:
            logger.warning("what a summary cost was not noted: %s", error)


def _pieces(entries: Sequence[Entry], most: int) -> Iterator[Sequence[Entry]]:
    """The entries in order, in runs of at most `most` tokens; one entry at least."""
    start, tokens = 0, 0
    for place, entry in enumerate(entries):
        if place > start and tokens + entry.tokens > most:
            yield entries[start:place]
            start, tokens = place, 0
        tokens += entry.tokens
    if start < len(entries):
        yield entries[start:]
