"""What every turn works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.access import Access
from bot.adapter import Adapter
from bot.chat import Incoming
from bot.context.tokens import Tokenizer
from bot.engine.allowance import Allowance
from bot.engine.budget import Budget
from bot.engine.capturing import Capturing, Keeper
from bot.engine.enclosed import Attachments
from bot.engine.folding import Folding
from bot.engine.recalling import Recalling
from bot.engine.revising import Withdrawal
from bot.model.port import Model
from bot.presence import audience_of_mail
from bot.reply.enclosures import Enclosures
from bot.reply.pacing import Clock, Pacer
from bot.report import TurnReport
from bot.storage.threads import Threads
from bot.tools import Tool
from bot.tracing import Tracer, Untraced


@dataclass(frozen=True, slots=True)
class Desk:
    """What every turn works with; people are told of waits from `long_wait_seconds` on.

    `tools` are offered to the model in every turn: their names and their order stay the same, or
    no provider's cache would keep a prompt.
    """

    threads: Threads
    model: Model
    tokenizer: Tokenizer
    budget: Budget
    allowance: Allowance
    access: Access
    folding: Folding
    attachments: Attachments
    system: str
    pseudonym: Callable[[str], str]
    clock: Callable[[], float]
    timer: Clock
    new_id: Callable[[], str]
    renew_seconds: float
    lease_seconds: float
    store_patience_seconds: float
    long_wait_seconds: float
    report: Callable[[TurnReport], None]
    tracer: Tracer = field(default_factory=Untraced)
    enclosures: Enclosures = field(default_factory=Enclosures)
    recalling: Recalling | None = None
    capturing: Capturing | None = None
    tools: Sequence[Tool] = ()

    def keeper(self, adapter: Adapter, mail: Sequence[Incoming]) -> Keeper | None:
        """What to remember unasked of the conversation of a turn's mail; None for nothing."""
        if self.capturing is None:
            return None
        audience = audience_of_mail(mail, adapter.capabilities)
        return self.capturing.at(adapter, mail[-1], audience)

    def withdrawal(self, adapter: Adapter, pacer: Pacer) -> Withdrawal:
        """What ends turns whose messages were deleted."""
        return Withdrawal(
            self.threads,
            self.allowance,
            adapter,
            pacer,
            self.timer,
            self.store_patience_seconds,
            self.new_id,
        )
