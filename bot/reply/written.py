"""What one reply has on the platform, and the calls that change it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.adapter import Adapter
from bot.capabilities import Call
from bot.chat import MessageRef, Spot
from bot.controls import PLAIN, Presentation
from bot.errors import PlatformBusy, PlatformError
from bot.reply.pacing import Clock, Pacer

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a reply insists, in seconds.

    Attributes:
        opening: On opening its spot.
        edit_slot: On a slot for the final edit; without one the answer is posted instead.
        edit: On a final edit that the platform is too busy for.
        post: On the final text being posted.
        tidy: On deleting what is left over, once the answer stands.
        grace: On a call that is under way when the reply is abandoned, and on clearing the sign.
    """

    opening: float = 60.0
    edit_slot: float = 3.0
    edit: float = 20.0
    post: float = 120.0
    tidy: float = 120.0
    grace: float = 3.0


@dataclass(frozen=True, slots=True)
class ReplyFigures:
    """What one reply took; times by the reply's clock, None if it has not happened.

    Attributes:
        posts: Messages posted.
        edits: Edits made.
        skipped: Texts that a newer one overtook before they could be shown.
        first_text_at: When the first text of this process was visible.
        final_at: When the platform had accepted the whole answer.
        busy: Calls that failed for now.
        reposted: Times the end of the answer was posted anew because an edit was refused.
    """

    posts: int = 0
    edits: int = 0
    skipped: int = 0
    first_text_at: float | None = None
    final_at: float | None = None
    busy: int = 0
    reposted: int = 0


class Written:
    """The messages of one reply.

    Attributes:
        adapter: Makes the calls.
        refs: The messages, in order.
        shown: What each one shows; None if that is not known.
        looks: What each one carries beside its text; None if that is not known.
        at: When each one was last written.
        posted: All messages so far, those that are left over as well.
        unsure: One more than `posted` may stand there.
        posting: A post is under way, which may be seen before we are told.
        leftovers: Messages that no longer belong to the answer and are to be deleted.
        not_before: No interim call before this time.
    """

    def __init__(
        self,
        adapter: Adapter,
        pacer: Pacer,
        space: str,
        clock: Clock,
        key: Callable[[int], str],
        on_posted: Callable[[Spot, tuple[MessageRef, ...]], Awaitable[None]],
        on_posting: Callable[[Spot, tuple[MessageRef, ...]], Awaitable[None]],
        refs: Sequence[MessageRef],
        again: bool,
        unsure: bool,
        confirm: Callable[[], Awaitable[None]],
    ) -> None:
        """See `ProgressiveReply`."""
        self.adapter = adapter
        self._pacer = pacer
        self._space = space
        self._clock = clock
        self._key = key
        self._on_posted = on_posted
        self._on_posting = on_posting
        self._confirm = confirm
        self._again = again
        self._pause = _FIRST_PAUSE
        self.posted = list(refs)
        self.unsure = unsure
        self.posting = False
        self.refs = list(refs)
        self.shown: list[str | None] = [None] * len(self.refs)
        self.looks: list[Presentation | None] = [None] * len(self.refs)
        self.at = [-math.inf] * len(self.refs)
        self.leftovers: list[MessageRef] = []
        self.not_before = -math.inf
        self.posts = 0
        self.edits = 0
        self.busy = 0
        self.reposted = 0
        self.first_text_at: float | None = None

    def known(self, texts: Sequence[str], look: Presentation) -> None:
        """What the messages show, but for the last: they were written as one text of this form."""
        for index, text in enumerate(texts[: len(self.refs) - 1]):
            self.shown[index], self.looks[index] = text, look

    def doubt(self) -> None:
        """The last call may have been carried out unheard: what seems new may stand there."""
        self._again = True

    async def confirm(self) -> None:
        """Wait until something may be written. Before a slot: held for long it would be stale."""
        await self._confirm()

    async def post(self, spot: Spot, text: str, look: Presentation = PLAIN) -> None:
        """Post the next message.

        Posts are numbered through all the processes that have worked on the reply, so that a
        message that replaces another has a key of its own. The first is found again by its key,
        since every answer has one; that there may be another is told before.
        """
        key = self._key(len(self.posted))
        unsure = self.unsure
        if self.posted and not unsure:
            self.unsure = True
            await self._on_posting(spot, tuple(self.posted))
        await self._confirm()
        self.posting = True
        try:
            ref = await self.adapter.post(spot, text, key=key, again=self._again, look=look)
        except PlatformBusy as busy:
            # Only a refusal with a time to wait is sure not to have been carried out.
            self._again = self._again or busy.retry_after is None
            self.unsure = unsure or busy.retry_after is None
            raise
        finally:
            self.posting = False
        self._again = self.unsure = False
        self.posted.append(ref)
        self.refs.append(ref)
        self.shown.append(text)
        self.looks.append(look)
        self.at.append(self._clock.now())
        self.posts += 1
        self._succeeded()

    async def edit(self, index: int, text: str, look: Presentation = PLAIN) -> None:
        """Give a message its new text and look."""
        await self._confirm()
        self.at[index] = self._clock.now()
        self.shown[index] = self.looks[index] = None
        await self.adapter.edit(self.refs[index], text, look=look)
        self.shown[index], self.looks[index] = text, look
        self.edits += 1
        self._succeeded()

    def counted(self, call: Call, index: int) -> Call:
        """What a call for this message is counted as."""
        if call != "edit":
            return call
        ref = self.refs[index]
        return self.adapter.capabilities.edits_count_as(ref.channel, ref.message)

    async def tell(self, spot: Spot) -> None:
        """Report every message of the reply, in the order in which they stand.

        Those that are left over are among them. A successor edits them from the start and deletes
        what it does not need, and the answer stands in order whichever those are.
        """
        await self._on_posted(spot, tuple(self.posted))

    def drop_from(self, index: int) -> None:
        """From this message on they no longer belong to the answer."""
        self.leftovers.extend(self.refs[index:])
        del self.refs[index:], self.shown[index:], self.looks[index:], self.at[index:]

    def told_to_wait(
        self, error: PlatformError, call: Call | None = None, channel: str = ""
    ) -> float:
        """Count a failure that may pass; seconds to wait before another try.

        A rate limit holds for the other replies of its scope as well, other faults for this one.
        """
        self.busy += 1
        if isinstance(error, PlatformBusy) and error.retry_after is not None:
            if call is not None:
                self._pacer.penalise(call, channel, self._space, error.retry_after)
            return error.retry_after
        pause = self._pause
        self._pause = min(2 * pause, _LONGEST_PAUSE)
        return pause

    def _succeeded(self) -> None:
        self._pause = _FIRST_PAUSE
        if self.first_text_at is None:
            self.first_text_at = self._clock.now()
