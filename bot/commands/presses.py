"""What the controls under an answer do: stop it, give it again, note what people think of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.chat import CommandReply, Incoming, MessageRef, Press
from bot.commands import texts
from bot.commands.stopping import Stopped, stop
from bot.controls import Action
from bot.engine.again import askers_of, question_of
from bot.engine.engine import Engine
from bot.engine.running import Running
from bot.errors import BobbinError
from bot.records import Entry
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.storage.types import Again, Conversation, Draft, NotAgain, Noted, Rated, Rating, Turn

AGAIN_SECONDS = 10.0
"""How long a control tries to reach a store that is away."""

STOPPED: Mapping[Stopped, str] = {
    Stopped.STOPPING: texts.STOPPING,
    Stopped.NOT_RUNNING: texts.FINISHED,
    Stopped.NOT_ASKED: texts.NOT_ASKED,
}
NOT_AGAIN: Mapping[NotAgain, str] = {
    NotAgain.DUPLICATE: texts.UNDER_WAY,
    NotAgain.RUNNING: texts.BUSY,
    NotAgain.STALE: texts.NOT_LAST,
    NotAgain.FOLDED: texts.SUMMED_UP,
}
NOTED: Mapping[Noted, str] = {
    Noted.NEW: texts.NOTED,
    Noted.CHANGED: texts.NOTED_ANEW,
    Noted.SAME: texts.NOTED_BEFORE,
    Noted.NOTHING: texts.NOTHING_STORED,
}
UNDER_WAY: Mapping[Again, str] = {
    Again.REGENERATE: texts.ANEW,
    Again.CONTINUE: texts.GOING_ON,
    Again.RETRY: texts.RETRYING,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A turn that a control asks for.

    Attributes:
        again: What for.
        mail: See `Turn.again`.
        askers: Who had asked the question.
        draft: Where the old answer stands.
    """

    again: Again
    mail: tuple[Incoming, ...]
    askers: frozenset[str]
    draft: Draft


class Presses:
    """Does what controls say; one object serves every platform.

    Args:
        threads: The store.
        running: Turns of this process.
        engine: Runs the turns that are begun.
        new_id: Makes nonces.
        rated: Told platform and rating of each opinion that is new or has changed.
    """

    def __init__(
        self,
        threads: Threads,
        running: Running,
        engine: Engine,
        new_id: Callable[[], str],
        rated: Callable[[str, Rating], None] = lambda platform, rating: None,
    ) -> None:
        self._threads = threads
        self._running = running
        self._engine = engine
        self._new_id = new_id
        self._rated = rated

    async def pressed(self, press: Press) -> CommandReply:
        """Do what the control says. Failures come back as a reply."""
        try:
            return CommandReply(await self._pressed(press), harmless=True)
        except BobbinError as error:
            return CommandReply(error.user_text, harmless=True)

    async def _pressed(self, press: Press) -> str:
        match press.action:
            case Action.STOP:
                thread, author = press.thread, press.author
                return STOPPED[await stop(self._threads, self._running, thread, author, press.turn)]
            case Action.REGENERATE | Action.CONTINUE:
                return await self._again(press)
            case Action.GOOD:
                return await self._rate(press, Rating.GOOD)
            case Action.BAD:
                return await self._rate(press, Rating.BAD)

    async def _again(self, press: Press) -> str:
        seen = await self._threads.take_window(press.thread)
        wanted = wanted_by(press, seen)
        if isinstance(wanted, str):
            return wanted
        nonce = self._new_id()
        begun = await patiently(
            lambda: self._threads.begin_again(
                press.event_id,
                seen,
                wanted.again,
                wanted.mail,
                wanted.draft,
                wanted.askers,
                nonce=nonce,
            ),
            AGAIN_SECONDS,
        )
        if not isinstance(begun, Turn):
            return NOT_AGAIN[begun]
        self._engine.start(begun)
        return UNDER_WAY[wanted.again]

    async def _rate(self, press: Press, rating: Rating) -> str:
        answer = await self._threads.answer_of(press.thread, press.turn)
        if answer is None:
            return texts.TOO_OLD
        nonce = self._new_id()
        rated = Rated(
            press.thread, press.turn, press.author.id, rating, press.at, model=answer.model
        )
        noted = await patiently(lambda: self._threads.rate(rated, nonce=nonce), AGAIN_SECONDS)
        if noted in (Noted.NEW, Noted.CHANGED):
            self._rated(press.thread.platform, rating)
        return NOTED[noted]


def wanted_by(press: Press, seen: Conversation) -> Wanted | str:
    """The turn that a control asks for in a thread as it stands, or what is said instead.

    Only the last answer can be given again: what was said after it builds on it. Everybody who is
    answered there may let one go on, as by asking for it; only whoever asked, or an admin, may
    have one replaced.
    """
    if seen.running:
        return texts.BUSY
    if seen.failed == press.turn and seen.mail and press.action is Action.REGENERATE:
        askers = frozenset(event.author.id for event in seen.mail if not event.aside)
        draft = Draft(refs=(press.ref,))
        wanted = Wanted(Again.RETRY, seen.mail, askers, draft)
        return wanted if _may(press, askers) else texts.NOT_ASKED
    if not seen.newest:
        return texts.NOTHING_STORED
    if not seen.window:
        return texts.SUMMED_UP
    answer = seen.window[-1]
    if answer.role != "assistant" or answer.turn != press.turn:
        return texts.NOT_LAST
    return _replacing(press, seen.window, answer)


def _replacing(press: Press, window: tuple[Entry, ...], answer: Entry) -> Wanted | str:
    asked = question_of(window[:-1])
    askers = askers_of(asked)
    goes_on = press.action is Action.CONTINUE
    if not asked or answer.seq != asked[-1].seq + 1:
        return texts.SUMMED_UP
    if goes_on and not answer.interrupted:
        return texts.WHOLE
    if not goes_on and not _may(press, askers):
        return texts.NOT_ASKED
    wish = Incoming(
        event_id=press.event_id,
        thread=press.thread,
        ref=press.ref,
        author=press.author,
        text="",
        at=press.at,
        position=press.position,
        addressed=True,
        direct=press.direct,
        shared=press.shared,
        confined=press.confined,
    )
    refs = tuple(
        MessageRef(press.ref.channel, message, press.ref.space)
        for message in answer.message_ids
        if message not in answer.enclosed
    )
    again = Again.CONTINUE if goes_on else Again.REGENERATE
    return Wanted(again, (wish,), askers, Draft(refs=refs))


def _may(press: Press, askers: frozenset[str]) -> bool:
    return press.author.id in askers or press.author.is_admin
