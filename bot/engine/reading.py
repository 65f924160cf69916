"""Reading an answer from the model, which may call tools and is then asked again."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from bot.adapter import Adapter
from bot.budgets import Payer
from bot.context.window import Window
from bot.engine import texts
from bot.engine.answer import Answer
from bot.engine.cost import prompt_tokens, tally_of
from bot.engine.desk import Desk
from bot.engine.enclosed import Enclosed
from bot.engine.notices import arranged
from bot.engine.tooling import MOST_ROUNDS, Toolbox
from bot.errors import BudgetExceeded, ModelError
from bot.model.port import Finished, FinishReason, Message, Prompt, TextDelta, Waiting
from bot.panels import Button
from bot.presence import audience_of_mail
from bot.records import NO_TALLY, Tally
from bot.reply.progressive import ProgressiveReply
from bot.storage.types import Turn
from bot.tasks import end
from bot.tools import Notice, ToolContext

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Round:
    """One request and what has come of it."""

    prompt: Prompt
    finished: Finished
    text: str = ""
    over: bool = False


class Reading:
    """Asks the model until there is an answer, and says meanwhile how it goes.

    What the model says before it calls a tool is part of the answer. So is what it had said when a
    later request fails: the answer then counts as cut.

    Args:
        desk: What turns work with.
        adapter: Where the conversation is.
        turn: What is answered.
        answer: Takes what the model says.
        enclosed: The turn's attachments.
        reply: Shows it.

    Attributes:
        tally: What the requests took.
        notices: What people are told below the answer.
    """

    def __init__(
        self,
        desk: Desk,
        adapter: Adapter,
        turn: Turn,
        answer: Answer,
        enclosed: Enclosed,
        reply: ProgressiveReply,
    ) -> None:
        self._desk = desk
        self._adapter = adapter
        self._turn = turn
        self._answer = answer
        self._enclosed = enclosed
        self._reply = reply
        self._toolbox = Toolbox(desk.tools, desk.tokenizer)
        self._began = desk.timer.now()
        self._doing = texts.WAITING
        self._last: _Round | None = None
        self._reserved: list[str] = []
        self.tally: Tally = NO_TALLY
        self.notices: list[Notice] = []

    @property
    def tool_tokens(self) -> int:
        """Tokens that the tools take of each prompt."""
        return self._toolbox.tokens

    @property
    def told(self) -> tuple[str, ...]:
        """What people are told below the answer of what tools have done; each thing once."""
        return arranged(self.notices)[0]

    @property
    def buttons(self) -> tuple[Button, ...]:
        """What can be done about that."""
        return arranged(self.notices)[1]

    async def read(self, window: Window) -> None:
        """Read an answer.

        Raises:
            ModelError: There is none. ContextTooLong: the window has to be shorter.
            BudgetExceeded: What the tools have found may not be sent.
            StoreUnavailable: It is not known whether it may.
        """
        desk, thread = self._desk, self._turn.lease.thread
        prompt = Prompt(
            window.messages,
            cache_key=desk.pseudonym(str(thread)),
            user=desk.pseudonym(f"{thread.platform}:{self._turn.mail[-1].author.id}"),
            tools=self._toolbox.specs,
        )
        slow = asyncio.create_task(self._tell_if_slow(), name=f"slow {self._turn.lease.turn}")
        try:
            await self._rounds(window, prompt)
        finally:
            await end(slow)

    async def settle(self) -> None:
        """Give back what was reserved for later requests, once the turn itself is settled."""
        for request in self._reserved:
            await self._desk.allowance.settle(self._payer(), request)

    def estimate(self) -> None:
        """Count a request that was ended early: it has cost something, too."""
        if self._last is not None and not self._last.over:
            self._count(self._last)

    def say(self, what: str) -> None:
        """Tell people why there is no answer yet, also where a status carries no words."""
        self._reply.status(what)
        self._reply.show(self._answer.whole or f"*{what}*")

    async def _rounds(self, window: Window, prompt: Prompt) -> None:
        """Ask, and go on asking with what the tools have said."""
        asked = await self._ask(prompt)
        if not window.passing:
            self._desk.budget.observe(window.tokens, self.tally.prompt)
        for number in range(1, MOST_ROUNDS + 1):
            if asked.finished.reason is not FinishReason.TOOLS:
                break
            prompt = await self._with_results(asked, may_call=number < MOST_ROUNDS)
            try:
                await self._reserve(prompt, f"{self._turn.lease.turn}.{number}")
                asked = await self._ask(prompt)
            except (ModelError, BudgetExceeded) as error:
                if not self._answer.text.strip():
                    raise
                logger.warning("turn %s is cut: %s", self._turn.lease.turn, error)
                asked = _Round(prompt, self._cut(), over=True)
        self._last = asked
        self._answer.finished = asked.finished
        self._answer.reason = asked.finished.reason
        if asked.finished.reason is FinishReason.TOOLS:
            self._answer.reason = FinishReason.STOP

    async def _ask(self, prompt: Prompt) -> _Round:
        """One request; its text goes to the answer as it comes."""
        desk, answer = self._desk, self._answer
        asked = self._last = _Round(prompt, self._cut())
        async with aclosing(self._enclosed.stream(desk.model, prompt)) as events:
            async for event in events:
                match event:
                    case TextDelta(text):
                        if answer.first_token is None:
                            answer.first_token = desk.timer.now() - self._began
                        answer.text += text if asked.text else _apart(answer.text) + text
                        asked.text += text
                        self._reply.show(answer.whole)
                    case Waiting(seconds):
                        self._reply.status(texts.WAITING)
                        if seconds >= desk.long_wait_seconds:
                            self.say(texts.WAITING)
                    case Finished():
                        asked.finished = event
                        self._count(asked)
        return asked

    async def _with_results(self, asked: _Round, *, may_call: bool) -> Prompt:
        """Make the calls, and return what the model is asked next."""
        calls, budget = asked.finished.calls, self._desk.budget
        names = {call.name for call in calls}
        doing = texts.USING.get(names.pop()) if len(names) == 1 else None
        self._doing = doing or texts.USING_OTHER
        self._reply.status(self._doing)
        thread, mail = self._turn.lease.thread, self._turn.mail
        audience = audience_of_mail(mail, self._adapter.capabilities)
        asker = mail[-1].author.id
        asking = [event.ref.message for event in mail if event.author.id == asker]
        context = ToolContext(
            self._turn.lease.turn,
            0,
            thread,
            audience,
            mail,
            tell=self.notices.append,
            stands=partial(self._desk.threads.is_asked, self._turn.lease, asking),
        )
        with self._desk.tracer.span("tools", {"calls": len(calls)}):
            results = await self._toolbox.call(calls, context, budget.longest // 2)
        called = Message("assistant", asked.text, calls=calls, carried=asked.finished.carried)
        messages = (*asked.prompt.messages, called, *results)
        return replace(asked.prompt, messages=messages, may_call=may_call)

    async def _reserve(self, prompt: Prompt, request: str) -> None:
        """Ask the budgets for one request more."""
        desk = self._desk
        if not desk.allowance.budgets.on:
            return
        tokens = desk.budget.counted(prompt_tokens(prompt, desk.tokenizer))
        patience = desk.store_patience_seconds
        await desk.allowance.reserve(self._payer(), request, tokens, patience, asked=False)
        self._reserved.append(request)

    def _count(self, asked: _Round) -> None:
        asked.over = True
        self.tally += tally_of(asked.finished, asked.prompt, asked.text, self._desk.tokenizer)

    def _cut(self) -> Finished:
        return Finished(FinishReason.CUT, None, self._desk.model.name)

    def _payer(self) -> Payer:
        return Payer.of(self._turn.lease.thread, self._turn.mail[-1].author)

    async def _tell_if_slow(self) -> None:
        await asyncio.sleep(self._desk.long_wait_seconds)
        if not self._answer.text:
            self.say(self._doing)


def _apart(text: str) -> str:
    """What parts an answer's text from what the model says once its tools were called."""
    if not text.strip():
        return ""
    return "\n" * max(0, 2 - (len(text) - len(text.rstrip("\n"))))
