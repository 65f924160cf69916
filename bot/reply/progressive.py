"""The progressive reply: one answer, written into a chat while it is still being made."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Literal

from bot.adapter import Adapter
from bot.chat import MessageRef, Spot
from bot.controls import Action
from bot.errors import (
    BadToken,
    BobbinError,
    MessageGone,
    NotAllowed,
    NotTaken,
    PlatformBusy,
    PlatformError,
    WriterFailed,
)
from bot.panels import Button
from bot.reply.landing import Landing
from bot.reply.looks import Looks
from bot.reply.pacing import Clock, Pacer
from bot.reply.readable import readable_prefix
from bot.reply.slots import Urgency
from bot.reply.split import Splitter
from bot.reply.status import StatusSign
from bot.reply.waiting import settle, stop, unless
from bot.reply.written import Patience, ReplyFigures, Written

logger = logging.getLogger(__name__)

OPENING_SECONDS = 0.2
"""A place that takes longer to open has the sign shown beside it meanwhile."""

OnPosted = Callable[[Spot, tuple[MessageRef, ...]], Awaitable[None]]
"""Told where the reply is, before anything else is posted."""

_Step = tuple[Literal["post", "edit"], int]


class ProgressiveReply:
    """The one writer of one answer.

    `show` takes each newer text of the answer and returns at once; a task of the reply's own
    brings the messages up to date as fast as the platform's limits and the other replies let it,
    always with the newest text and one call at a time. `finish` writes the whole answer and
    returns once the platform has accepted it.

        async with ProgressiveReply(...) as reply:
            reply.show("Some")
            reply.show("Some text")
            refs = await reply.finish("Some text.")
            ...  # commit

    Leaving the block is `close`, or `abandon` without a `finish` that succeeded. With an error it
    is `disown` as well: nobody knows whether the answer was committed. Adapters are expected to
    return from `edit` when the platform has accepted the text; one that returns later holds
    `finish` up.
    """

    def __init__(
        self,
        adapter: Adapter,
        pacer: Pacer,
        space: str,
        *,
        clock: Clock,
        open_spot: Callable[[], Awaitable[Spot]],
        key: Callable[[int], str],
        on_posted: OnPosted,
        spot: Spot | None = None,
        refs: Sequence[MessageRef] = (),
        again: bool = False,
        unsure: bool = False,
        on_posting: OnPosted | None = None,
        confirm: Callable[[], Awaitable[None]] | None = None,
        on_deleted: Callable[[MessageRef], Awaitable[None]] | None = None,
        status: str = "thinking …",
        near: Spot | None = None,
        patience: Patience | None = None,
        turn: str = "",
        shown: str = "",
    ) -> None:
        """Nothing is done before `start`.

        Args:
            adapter: Where to write.
            pacer: The one that all replies through `adapter` share.
            space: `ThreadKey.space`.
            clock: Time.
            open_spot: Gives the place to write in; may be slow. Not called when `spot` is given.
            key: Names a post by its number, from 0; see `Adapter.post`.
            on_posted: Called with the spot and all messages so far after opening and after every
                post, before anything else is posted. Should it raise, the reply ends. These may
                be more than the answer takes in the end.
            spot: Where an earlier process has written.
            refs: The messages it is known to have posted; they are edited from the start.
            again: An earlier process has worked on the reply: what seems to be new may stand
                there already.
            unsure: It may have posted one more that is not among `refs`, as `on_posting` told.
                It is found, and deleted if the answer does not need it.
            on_posting: Called before any post but the first, with the spot and all messages so
                far: one more may stand there from now on.
            confirm: Awaited before every post, edit and sign, and before a slot for one is taken;
                may take long. Should it raise, the reply ends without that call.
            on_deleted: Told of each of `leftovers` that `close` has deleted.
            status: Shown while there is no text, unless `status()` says something better.
            near: Where the sign is shown if opening takes a while.
            patience: How long to insist.
            turn: Id of the answer's turn, which its controls hand back.
            shown: What all of `refs` but the last are known to show, as the text of the whole.
        """
        self._open_spot = open_spot
        self._on_deleted = on_deleted or _let_go
        self._spot = spot
        self._clock = clock
        self._pacer = pacer
        self._patience = patience or Patience()
        self._capabilities = adapter.capabilities
        self._looks = Looks(adapter.capabilities, turn)
        self._measure = adapter.measure
        self._splitter = Splitter(self._capabilities.max_chars, self._measure)
        self._written = Written(
            adapter,
            pacer,
            space,
            clock,
            key,
            on_posted,
            on_posting or _unheard,
            refs,
            again,
            unsure,
            confirm or _ready,
        )
        if shown:
            parts = [part.text for part in self._splitter.parts(shown, final=True)]
            self._written.known(parts, self._looks.final((), last=False))
        self._sign = StatusSign(adapter, pacer, space, clock, status, confirm or _ready)
        self._space = space
        self._near = near
        self._text = self._taken = ""
        self._pending = False
        self._skipped = 0
        self._final: str | None = None
        self._actions: tuple[Action, ...] = ()
        self._landing: Landing | None = None
        self._landed_at: float | None = None
        self._stopped = False
        self._changed = asyncio.Event()
        self._urgent = asyncio.Event()
        self._gone: asyncio.Future[BobbinError] = asyncio.get_running_loop().create_future()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> ProgressiveReply:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.disown()
        if self._landed_at is None:
            await self.abandon()
        else:
            await self.close()

    def start(self) -> None:
        """Open the spot and show the status sign, in the background."""
        if self._writer is None and not self._stopped:
            self._writer = asyncio.create_task(self._write(), name="reply")
            self._writer.add_done_callback(self._note_fault)

    def show(self, text: str) -> None:
        """Take the answer so far, from its beginning. Never blocks."""
        if text == self._text or self._final is not None or not text.strip():
            return
        if self._pending:
            self._skipped += 1
        self._pending = True
        self._text = text
        self._changed.set()

    def status(self, text: str | None) -> None:
        """Say what is being done while there is no text yet; None for nothing special."""
        self._sign.show(text)

    async def finish(
        self,
        text: str,
        actions: Sequence[Action] = (),
        *,
        turn: str | None = None,
        buttons: Sequence[Button] = (),
        instead: bool = False,
    ) -> tuple[MessageRef, ...]:
        """Write the whole answer; the messages that hold it, in order.

        `actions` are the controls under the last of them, of which the platform shows those that
        it can; they are about another turn's answer if `turn` names it. `buttons` go with them.

        Messages that are left over are deleted after `close`: until the answer has been committed
        a successor may have to take them up.

        After a `WriterFailed` or `NotTaken` it can be called once more, with a text that says so;
        and with `instead`, to write another text in the place of one that stands already.

        Raises:
            PlatformError: It cannot be written, or not within `Patience`.
            WriterFailed: A fault of our own; its traceback is in the log.
            BobbinError: What `on_posted` raised.
        """
        if isinstance(self.gone, WriterFailed | NotTaken) or (
            instead and self._landed_at is not None
        ):
            self._begin_anew()
        if self._final is None:
            self._final, self._actions = text, tuple(actions)
            looks = self._looks if turn is None else replace(self._looks, turn=turn)
            self._looks = replace(looks, buttons=tuple(buttons))
            self._hurry()
        self.start()
        if self._writer is None or self._stopped:
            raise RuntimeError("the reply has been abandoned")
        await asyncio.wait({self._writer})
        if self._gone.done():
            raise self._gone.result()
        if self._landed_at is None:
            raise RuntimeError("the reply has been abandoned")
        return tuple(self._written.refs)

    def leave(self, refs: Sequence[MessageRef]) -> None:
        """After `finish`: these do not belong to the answer either."""
        self._written.leftovers.extend(refs)

    async def close(self) -> None:
        """After `finish` and the commit: tidy up in the background, clear the sign."""
        if self._landing is not None and self._written.leftovers:
            tidying = self._landing.tidy(self._on_deleted)
            self._pacer.look_after(tidying, "tidying up after a reply")
            self._landing = None
        await self._sign.close(self._patience.grace)

    def disown(self) -> None:
        """Somebody else has taken the reply up and may need what is left over: touch nothing."""
        self._landing = None

    async def abandon(self) -> None:
        """Stop writing and leave the messages as they are, for a successor or for good.

        A call that is under way is given a moment to return.
        """
        self._stopped = True
        self._hurry()
        self._sign.end()
        try:
            if self._writer is not None:
                await settle(self._writer, self._clock.sleep(self._patience.grace))
        finally:
            if self._writer is not None:
                await stop(self._writer)
            await self._sign.close(self._patience.grace)

    @property
    def gone(self) -> BobbinError | None:
        """Why the reply can no longer be written, None while it can.

        Somebody deleted it or its thread, the platform refuses for good, or where it is could not
        be kept; or its writer failed, which `finish` can still tell.
        """
        return self._gone.result() if self._gone.done() else None

    async def wait_gone(self) -> BobbinError:
        """Wait for `gone`; for ever, if all goes well."""
        return await asyncio.shield(self._gone)

    @property
    def spot(self) -> Spot | None:
        """Where it is written; None until that is open."""
        return self._spot

    @property
    def refs(self) -> tuple[MessageRef, ...]:
        """The messages so far, in order."""
        return tuple(self._written.refs)

    @property
    def posted(self) -> tuple[MessageRef, ...]:
        """All messages so far, also those that are left over; what a successor has to know."""
        return tuple(self._written.posted)

    @property
    def unsure(self) -> bool:
        """One more than `posted` may stand there."""
        return self._written.unsure

    @property
    def begun(self) -> bool:
        """Something of it may be seen by now."""
        written = self._written
        return bool(written.refs) or written.posting or written.unsure

    @property
    def leftovers(self) -> tuple[MessageRef, ...]:
        """After `finish`: messages that no longer belong to the answer."""
        return tuple(self._written.leftovers)

    @property
    def figures(self) -> ReplyFigures:
        """What it has taken so far."""
        written = self._written
        return ReplyFigures(
            posts=written.posts,
            edits=written.edits,
            skipped=self._skipped,
            first_text_at=written.first_text_at,
            final_at=self._landed_at,
            busy=written.busy,
            reposted=written.reposted,
        )

    def _hurry(self) -> None:
        self._urgent.set()
        self._changed.set()

    def _begin_anew(self) -> None:
        """Have another writer for a last text: the one that failed or is done is gone."""
        self._writer = self._final = self._landed_at = None
        self._gone = asyncio.get_running_loop().create_future()
        self._splitter = Splitter(self._capabilities.max_chars, self._measure)
        self._written.doubt()

    def _note_fault(self, writer: asyncio.Task[None]) -> None:
        """A fault of our own must not go unseen, even if nobody calls `finish` any more."""
        if not writer.cancelled() and (fault := writer.exception()) is not None:
            logger.error("the reply's writer failed", exc_info=fault)
            self._gone.set_result(WriterFailed(type(fault).__name__))

    async def _write(self) -> None:
        try:
            if self._near is not None and self._spot is None:
                self._sign.start(self._near, after=OPENING_SECONDS)
            spot = await self._opened()
            self._sign.start(spot)
            edit = self._capabilities.edits_count_as(spot.channel)
            with self._pacer.reply(spot.channel, self._space, edit):
                await self._follow()
                if self._final is not None and not self._stopped:
                    await self._land(spot, self._final)
        except BobbinError as error:
            self._gone.set_result(error)
        finally:
            self._sign.end()

    async def _opened(self) -> Spot:
        patience = self._patience
        until = self._clock.now() + patience.opening
        while self._spot is None:
            try:
                self._spot = await self._open_spot()
            except PlatformBusy as busy:
                pause = self._written.told_to_wait(busy)
                if self._clock.now() + pause > until:
                    raise
                await self._clock.sleep(pause)
            else:
                await self._written.tell(self._spot)
        return self._spot

    async def _follow(self) -> None:
        """Keep the messages up to date until the answer is complete."""
        while not self._urgent.is_set():
            await self._changed.wait()
            self._changed.clear()
            while self._capabilities.edits and not self._urgent.is_set():
                await self._take_newest()
                step = self._next_step()
                if step is None:
                    break
                await self._take(*step)

    async def _take_newest(self) -> None:
        """Go on with the newest text. One that takes long to split must not hold others up."""
        text = self._text
        if self._splitter.takes_long(text):
            await asyncio.to_thread(self._splitter.parts, text)
        self._taken = text

    def _next_step(self) -> _Step | None:
        """The first message that does not show what it should, and how to mend it."""
        written = self._written
        if written.first_text_at is None and not readable_prefix(self._taken):
            return None
        for index, part in enumerate(self._splitter.parts(self._taken)):
            if index >= len(written.refs):
                return "post", index
            if written.shown[index] != part.text:
                return "edit", index
        return None

    async def _take(self, call: Literal["post", "edit"], index: int) -> None:
        """Wait for leave, then make the call with what is the newest text by then."""
        written = self._written
        due = written.not_before
        if call == "edit":
            due = max(due, written.at[index] + self._capabilities.min_edit_seconds)
        if due > self._clock.now():
            await unless(self._urgent, self._clock.sleep(due - self._clock.now()))
            return
        parts = self._splitter.parts(self._taken)
        last = index == len(parts) - 1
        urgency = Urgency.INTERIM if call == "edit" and last else Urgency.PART
        spot = await self._opened()
        channel = spot.channel if call == "post" else written.refs[index].channel
        counted = written.counted(call, index)
        await written.confirm()
        permit = await unless(
            self._urgent, self._pacer.acquire(counted, channel, self._space, urgency)
        )
        if permit is None:
            return
        try:
            await self._take_newest()
        except asyncio.CancelledError:
            permit.give_back()
            raise
        if self._urgent.is_set() or self._next_step() != (call, index):
            permit.give_back()
            return
        self._pending = self._taken != self._text
        parts = self._splitter.parts(self._taken)
        text = parts[index].text
        # A message that is full by now takes leave of its control with the same edit.
        look = self._looks.interim(newest=index == len(parts) - 1)
        try:
            with permit:
                if call == "post":
                    await written.post(spot, text, look)
                else:
                    await written.edit(index, text, look)
        except (MessageGone, NotAllowed, BadToken):
            raise
        except PlatformError as error:
            pause = written.told_to_wait(error, counted, channel)
            written.not_before = self._clock.now() + pause
            logger.info("an interim %s failed: %s", call, type(error).__name__)
        else:
            if call == "post":
                await written.tell(spot)
            self._sign.end()

    async def _land(self, spot: Spot, text: str) -> None:
        landing = Landing(
            self._written, self._pacer, self._space, self._clock, self._patience, self._looks
        )
        if self._splitter.takes_long(text):
            await asyncio.to_thread(self._splitter.parts, text, final=True)
        parts = [part.text for part in self._splitter.parts(text, final=True)]
        await landing.write(spot, parts, self._actions, edits=self._capabilities.edits)
        self._landing = landing
        self._landed_at = self._clock.now()


async def _ready() -> None:
    """Nobody has to be asked."""


async def _unheard(_spot: Spot, _refs: tuple[MessageRef, ...]) -> None:
    """Nobody keeps what may happen."""


async def _let_go(_ref: MessageRef) -> None:
    """Nobody has to be told."""
