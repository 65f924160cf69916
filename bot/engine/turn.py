"""One turn: from waiting mail to a reply that is written and committed."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from dataclasses import replace

from structlog.contextvars import bound_contextvars

from bot.adapter import Adapter
from bot.budgets import Payer
from bot.chat import MessageRef
from bot.context.prompt import in_channel
from bot.context.render import Now
from bot.context.window import Window, build_window, needs_fold
from bot.engine import texts
from bot.engine.again import AFTER_FAILURE, Anew, actions_after, with_note
from bot.engine.answer import Answer, empty
from bot.engine.committing import Committing
from bot.engine.desk import Desk
from bot.engine.enclosed import Enclosed
from bot.engine.handing import Handing, enclosed_by
from bot.engine.mail import MailReader
from bot.engine.placing import Place
from bot.engine.reading import Reading
from bot.engine.revising import Withdrawn
from bot.engine.running import Control, Ending, unless_ended
from bot.engine.watch import Watch
from bot.errors import (
    BobbinError,
    BudgetExceeded,
    ContextTooLong,
    LeaseLost,
    MessageGone,
    ModelError,
    NotTaken,
    PlatformBusy,
    PlatformError,
    StoreUnavailable,
    WriterFailed,
)
from bot.model.port import FinishReason
from bot.records import NO_TALLY, Entry
from bot.reply.pacing import Pacer
from bot.reply.progressive import ProgressiveReply
from bot.report import Outcome, TurnReport
from bot.storage.types import Done, Draft, Turn

logger = logging.getLogger(__name__)

MOST_QUICK_LOSSES = 5
"""Holders of one turn that may go away soon after taking it, one after the other, before people are
told to ask again: then it is probably the turn that ends them.

A turn that was given back in good order is not given up: the platform may be down for an hour, and
the answer is delivered when it is back.
"""

MOST_LOSSES = 25
"""Holders that may go away at all."""

GIVEN_UP_HINT = "Each time the process ended or lost the store; look into the log for why."


class TurnRun:
    """Runs one turn. Made once per turn, used once."""

    def __init__(
        self, desk: Desk, adapter: Adapter, pacer: Pacer, turn: Turn, control: Control
    ) -> None:
        self._desk = desk
        self._adapter = adapter
        self._pacer = pacer
        self._turn = turn
        self._control = control
        self._thread = turn.lease.thread
        self._watch = Watch(
            desk.threads,
            turn.lease,
            control,
            every=desk.renew_seconds,
            lasts=desk.lease_seconds,
            patience=desk.store_patience_seconds,
        )
        self._names = dict(turn.names)
        self._anew = Anew.of(turn, turn.names)
        self._answer = Answer(self._anew.begun) if self._anew else Answer()
        self._files: tuple[MessageRef, ...] = ()
        self._window = Window((), 0, 0)
        self._recalled = ""
        recalling, configured = desk.recalling, desk.budget.configured
        self._room_to_recall = recalling.room(configured) if recalling is not None else 0
        self._error = ""
        self._began = desk.timer.now()
        written = turn.pressed or min((event.at for event in turn.mail), default=desk.clock())
        self._lag = max(0.0, desk.clock() - written)
        place = Place(adapter, pacer, desk.threads, self._watch, turn)
        self._reply = ProgressiveReply(
            adapter,
            pacer,
            self._thread.space,
            clock=desk.timer,
            open_spot=place.open,
            key=place.key,
            on_posted=place.posted,
            spot=turn.draft.spot,
            refs=turn.draft.refs,
            again=turn.attempt > 1,
            unsure=turn.draft.posting,
            on_posting=place.posting,
            confirm=self._watch.confirm,
            on_deleted=place.deleted,
            turn=turn.lease.turn,
            shown=self._anew.shown if self._anew and turn.attempt == 1 else "",
            near=place.near,
        )
        self._committing = Committing(desk, turn, self._names, self._reply)
        self._enclosed = Enclosed(desk.attachments, adapter, turn, self._reply.status)
        self._reading = Reading(desk, adapter, turn, self._answer, self._enclosed, self._reply)
        self._reader = MailReader(
            adapter,
            desk.tokenizer,
            desk.budget,
            desk.access,
            self._enclosed,
            desk.threads.lately_deleted,
        )

    async def run(self) -> Turn | Done:
        """Answer the mail, commit, and return the next turn or why there is none.

        Raises:
            StoreUnavailable: The store stayed away; the lease runs out and the turn is taken over.
        """
        outcome = Outcome.FAILED
        lease, attempt = self._turn.lease, self._turn.attempt
        told = {"turn": lease.turn, "platform": self._thread.platform, "attempt": attempt}
        # Whatever is logged meanwhile, here or in an SDK, carries the turn's id.
        with (
            bound_contextvars(turn=lease.turn),
            self._desk.tracer.span("turn", told, parent=True) as note,
        ):
            try:
                async with self._watch, self._reply, self._enclosed:
                    outcome, after = await self._run()
                await self._settle(outcome)
                return after
            finally:
                note("outcome", str(outcome))
                self._report(outcome)

    async def _run(self) -> tuple[Outcome, Turn | Done]:
        try:
            return await self._try()
        except Withdrawn:
            self._reading.estimate()
            withdrawal = self._desk.withdrawal(self._adapter, self._pacer)
            lease, took = self._turn.lease, self._reading.tally
            written = self._reply, self._files
            if self._anew is not None:
                back = await withdrawal.put_back(lease, self._anew, *written, took)
                if back is not None:
                    return Outcome.LOST if back is Done.LOST else Outcome.STOPPED, back
            after = await withdrawal.begin_anew(lease, *written, self._payer(), took)
            if after is None:
                return Outcome.PARKED, Done.LOST
            return Outcome.LOST if after is Done.LOST else Outcome.STOPPED, after

    async def _try(self) -> tuple[Outcome, Turn | Done]:
        try:
            return await self._converse()
        except LeaseLost:
            self._reply.disown()
            return Outcome.LOST, Done.LOST
        except MessageGone:
            # Somebody has removed the answer or its place; what was in it goes, too.
            return Outcome.STOPPED, await self._committing.commit((), NO_TALLY)
        except (ModelError, PlatformError, BudgetExceeded, WriterFailed) as error:
            return await self._fail(error)
        except (StoreUnavailable, Withdrawn):
            raise
        except Exception as error:
            logger.exception("turn %s failed unexpectedly", self._turn.lease.turn)
            return await self._fail(BobbinError(type(error).__name__))

    async def _unasked(self) -> tuple[Outcome, Turn | Done] | None:
        """End a turn that the model is not asked in; None for one that it is."""
        if self._turn.quick >= MOST_QUICK_LOSSES or self._turn.losses >= MOST_LOSSES:
            why = f"given up after {self._turn.attempt} attempts"
            return await self._fail(BobbinError(why, user_text=texts.GIVEN_UP, hint=GIVEN_UP_HINT))
        if self._anew is not None and self._anew.orphaned:
            return Outcome.STOPPED, await self._restore(self._anew, texts.STOPPED_ANEW)
        if self._anew is None and all(event.is_silent for event in self._turn.mail):
            refs = await self._reply.finish(texts.HELLO)
            logger.debug("turn %s greeted in %d message(s)", self._turn.lease.turn, len(refs))
            return Outcome.GREETED, await self._committing.commit((), NO_TALLY)
        return None

    async def _converse(self) -> tuple[Outcome, Turn | Done]:
        if (done := await self._unasked()) is not None:
            return done
        if (unsent := self._turn.draft.note) and self._answer.recall(unsent):
            return await self._finish((await self._mail())[1])
        ending, asked = await self._mail()
        if self._turn.again is not None:
            # Whoever used the control sees at once that it has worked.
            self._reply.show(self._answer.whole or f"*{texts.AGAIN}*")
        match ending or await self._ask(asked):
            case Ending.LOST:
                return Outcome.LOST, Done.LOST
            case Ending.SHUTDOWN:
                await self._reply.abandon()
                await self._desk.threads.park(self._turn.lease)
                return Outcome.PARKED, Done.LOST
            case Ending.FORGOTTEN:
                if self._reply.begun:
                    await self._reply.finish(with_note(self._answer.whole, texts.FORGOTTEN))
                return Outcome.FORGOTTEN, Done.LOST
            case Ending.WITHDRAWN:
                raise Withdrawn
            case Ending.STOPPED:
                return await self._keep(asked, Outcome.STOPPED, texts.STOPPED, cut=True)
            case None:
                return await self._finish(asked)

    async def _mail(self) -> tuple[Ending | None, tuple[Entry, ...]]:
        """The mail as entries; reading what was said before can take a while."""
        if self._anew is not None:
            return None, self._anew.new
        entries: list[Entry] = []

        async def read() -> None:
            entries.extend(await self._reader.read(self._turn, self._names))

        ending = await self._unless_ended(read())
        return ending, tuple(entries)

    async def _finish(self, asked: tuple[Entry, ...]) -> tuple[Outcome, Turn | Done]:
        """The model is done: mark what is not whole."""
        reason = self._answer.reason
        if not self._answer.text.strip():
            raise empty(reason)
        note = {
            FinishReason.CUT: texts.INTERRUPTED,
            FinishReason.LENGTH: texts.TOO_LONG,
            FinishReason.FILTERED: texts.FILTERED,
            FinishReason.STOP: "",
        }[reason]
        outcome = Outcome.CUT if reason is FinishReason.CUT else Outcome.ANSWERED
        return await self._keep(asked, outcome, note, cut=reason is not FinishReason.STOP)

    async def _keep(
        self, asked: tuple[Entry, ...], outcome: Outcome, note: str, *, cut: bool
    ) -> tuple[Outcome, Turn | Done]:
        """Write the final text and commit it together with what was asked."""
        said = bool(self._answer.text.strip())
        if self._anew is not None and not said:
            self._reading.estimate()
            return outcome, await self._restore(self._anew, texts.STOPPED_ANEW)
        entries = asked if self._anew is None else ()
        actions = actions_after(cut, note) if said else ()
        text = with_note(self._answer.whole, self._enclosed.told(note), *self._reading.told)
        refs = await self._reply.finish(text, actions, buttons=self._reading.buttons)
        if outcome is Outcome.ANSWERED:
            self._files = await self._hand_over()
        if self._anew is not None:
            self._reply.leave(enclosed_by(self._anew.old, self._reply.spot))
        if said:
            entries = (*entries, self._said(refs, cut))
            self._reading.estimate()
        entries = await self._enclosed.kept(entries, patient=not cut)
        after = await self._committing.commit(entries, self._reading.tally)
        self._fold_if_long(sum(entry.tokens for entry in entries[-1:]))
        return Outcome.LOST if after is Done.LOST else outcome, after

    def _said(self, refs: tuple[MessageRef, ...], cut: bool) -> Entry:
        finished = self._answer.finished
        return Entry(
            role="assistant",
            text=self._answer.whole,
            at=self._desk.clock(),
            message_ids=tuple(ref.message for ref in (*refs, *self._files)),
            enclosed=tuple(ref.message for ref in self._files),
            interrupted=cut,
            turn=self._turn.lease.turn,
            model=finished.model if finished else self._desk.model.name,
        )

    async def _restore(self, anew: Anew, why: str) -> Turn | Done:
        """The answer that there was stays, and is shown again with its own controls."""
        await self._reply.finish(anew.restored(why), anew.actions, turn=anew.old.turn)
        return await self._committing.commit((), self._reading.tally)

    async def _hand_over(self) -> tuple[MessageRef, ...]:
        handing = Handing(
            self._adapter, self._pacer, self._desk.enclosures, self._thread.space, self._watch
        )
        key, again = f"{self._turn.lease.turn[:20]}f", self._turn.attempt > 1
        return await handing.over(self._reply, self._answer, key, again=again)

    def _fold_if_long(self, answer_tokens: int) -> None:
        high = self._desk.budget.high - self._room_to_recall
        keeper = self._desk.keeper(self._adapter, self._turn.mail)
        if self._turn.proposed and keeper is not None:
            self._desk.folding.take_up(self._thread, keeper)
        if needs_fold(self._window.lasting + answer_tokens, high, self._window.fixed):
            self._desk.folding.start(self._thread, self._window.fixed, keeper)

    async def _ask(self, asked: tuple[Entry, ...]) -> Ending | None:
        """Let the model answer; a prompt over its window is folded and tried once more."""
        if (ending := await self._unless_ended(self._recall(asked))) is not None:
            return ending
        self._window = self._build(self._turn, asked)
        if self._desk.allowance.budgets.on:
            if (ending := await self._unless_ended(self._reserve())) is not None:
                return ending
        if self._window.left_out and self._turn.window:
            # The next question came before the summary was made: rather late than forgetful.
            self._reply.status(texts.FOLDING)
            if (ending := await self._unless_ended(self._shrink(asked))) is not None:
                return ending
        try:
            return await self._unless_ended(self._reading.read(self._window))
        except ContextTooLong as error:
            self._desk.budget.learn(error.limit, self._window.tokens)
            logger.warning("turn %s: prompt too long, folding", self._turn.lease.turn)
        self._reading.say(texts.FOLDING)
        if (ending := await self._unless_ended(self._shrink(asked))) is not None:
            return ending
        return await self._unless_ended(self._reading.read(self._window))

    async def _recall(self, asked: tuple[Entry, ...]) -> None:
        if (recalling := self._desk.recalling) is not None:
            can, most = self._adapter.capabilities, self._room_to_recall
            self._recalled = await recalling.for_turn(self._turn, asked, can, most)

    async def _reserve(self) -> None:
        """Ask the budgets. Those who wrote last pay, as for what is used."""
        desk = self._desk
        await desk.allowance.reserve(
            self._payer(),
            self._turn.lease.turn,
            desk.budget.counted(self._window.tokens),
            desk.store_patience_seconds,
        )

    async def _settle(self, outcome: Outcome) -> None:
        """Tell the budgets what was used, unless somebody else goes on with what was reserved."""
        unfinished = outcome is Outcome.PARKED and self._answer.finished is None
        if outcome is Outcome.LOST or unfinished:
            return
        if self._answer.text or outcome is not Outcome.FAILED:
            self._reading.estimate()
        await self._desk.allowance.settle(self._payer(), self._turn.lease.turn, self._reading.tally)
        await self._reading.settle()

    def _payer(self) -> Payer:
        return Payer.of(self._thread, self._turn.mail[-1].author)

    async def _shrink(self, asked: tuple[Entry, ...]) -> None:
        """Fold the conversation and build the window anew."""
        keeper = self._desk.keeper(self._adapter, self._turn.mail)
        now = await self._desk.folding.fold(self._thread, self._window.fixed, keeper)
        shorter = replace(self._turn, window=now.window, summary=now.summary)
        self._window = self._build(shorter, asked)

    async def _unless_ended(self, work: Coroutine[None, None, None]) -> Ending | None:
        return await unless_ended(work, self._control, self._reply)

    def _build(self, turn: Turn, asked: tuple[Entry, ...]) -> Window:
        with self._desk.tracer.span("prompt") as note:
            window = build_window(
                system=in_channel(self._desk.system, turn.persona),
                summary=turn.summary,
                log=self._anew.log(turn.window) if self._anew else turn.window,
                new=asked,
                now=Now(self._desk.clock(), tuple(self._names.values()), self._enclosed.notes),
                budget=self._desk.budget.high,
                tokenizer=self._desk.tokenizer,
                longest=self._desk.budget.longest,
                pictures=self._enclosed.pictures,
                recalled=self._recalled,
                room_to_recall=self._room_to_recall,
                tools=self._reading.tool_tokens,
            )
            note("tokens", window.tokens)
            return window

    async def _fail(self, error: BobbinError) -> tuple[Outcome, Turn | Done]:
        """Tell people what to do, and leave the history as it was before this turn."""
        self._error = type(error).__name__
        logger.warning(
            "turn %s: %s: %s (%s)", self._turn.lease.turn, self._error, error, error.hint
        )
        if isinstance(error, PlatformBusy):
            # The reply could not be delivered yet: keep it, and the question, for another attempt.
            await self._reply.abandon()
            if self._answer.finished is not None:
                unsent = self._answer.to_keep()
                reply = self._reply
                draft = Draft(reply.spot, reply.posted, unsent, posting=reply.unsure)
                await self._watch.save(draft)
                await self._desk.threads.account(self._thread, self._reading.tally)
            await self._desk.threads.park(self._turn.lease)
            return Outcome.PARKED, Done.LOST
        if isinstance(error, PlatformError) and not isinstance(error, NotTaken):
            return Outcome.FAILED, await self._committing.rollback()
        refused = isinstance(error, BudgetExceeded)
        outcome = Outcome.REFUSED if refused else Outcome.FAILED
        try:
            if self._anew is not None:
                why = texts.NOT_ANEW.format(why=error.user_text)
                return outcome, await self._restore(self._anew, why)
            text = with_note(error.user_text, *self._reading.told)
            buttons = self._reading.buttons
            await self._reply.finish(text, AFTER_FAILURE, buttons=buttons)
        except (PlatformError, WriterFailed) as silent:
            logger.warning("turn %s: nobody could be told: %s", self._turn.lease.turn, silent)
            return Outcome.FAILED, await self._committing.rollback()
        # Whoever was told to ask again does so right there, without a mention: from now on the
        # bot takes part, also when this was its first turn. A control does it, too.
        return outcome, await self._committing.commit((), NO_TALLY, keep=True)

    def _report(self, outcome: Outcome) -> None:
        figures = self._reply.figures
        self._desk.report(
            TurnReport(
                turn=self._turn.lease.turn,
                platform=self._thread.platform,
                outcome=outcome,
                attempt=self._turn.attempt,
                mail=len(self._turn.mail),
                lag=self._lag,
                window_tokens=self._window.tokens,
                first_token=self._answer.first_token,
                first_text=_since(figures.first_text_at, self._began),
                whole_text=_since(figures.final_at, self._began),
                total=self._desk.timer.now() - self._began,
                edits=figures.edits,
                posts=figures.posts,
                skipped=figures.skipped,
                reposted=figures.reposted,
                busy=figures.busy,
                tally=self._reading.tally,
                error=self._error,
            )
        )


def _since(at: float | None, began: float) -> float | None:
    return None if at is None else at - began
