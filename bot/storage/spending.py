"""What budgets count: how much of a day's share is used and reserved, atomically."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from bot.budgets import Account, Budgets, Figure, Over, Payer, TooSoon, Used, day_of
from bot.records import Tally
from bot.storage import keys
from bot.storage.codec import to_text
from bot.storage.connect import Link
from bot.storage.scripts import SCRIPTS

KEPT_SECONDS = 2 * 86_400
"""A day's figures: a turn that began before midnight is settled after it."""

DAYS = (-3, -2, -1, 0, 1)
"""Days, from today, of which figures may be there, with an hour's difference between clocks."""

_FIGURES: Mapping[bytes, Figure] = {b"t": "tokens", b"c": "cost"}


class Spending:
    """Figures of one day in UTC, which is told by `clock`; one round trip for each call.

    All of a server's or workspace's are in one hash, so that one script sees all its budgets.

    Args:
        link: Sends scripts.
        clock: Seconds since the epoch.
    """

    def __init__(self, link: Link, clock: Callable[[], float]) -> None:
        self._link = link
        self._clock = clock

    async def reserve(
        self, payer: Payer, turn: str, estimate: Tally, budgets: Budgets
    ) -> Over | TooSoon | None:
        """Reserve what a turn will probably take; once for each turn, however often it is called.

        Args:
            payer: For whom.
            turn: The turn's id, the same for whoever takes it over.
            estimate: What it will probably take.
            budgets: The limits.

        Returns:
            None when it was reserved, else what does not allow it. Raises StoreUnavailable.
        """
        free = budgets.exempts(payer)
        accounts = list(payer.accounts())
        limits: list[str | int] = []
        for account, identity in accounts:
            most = budgets.most(account)
            limits += (
                _field(account, identity),
                -1 if free or most.tokens is None else most.tokens,
                -1 if free or most.cost_micros is None else most.cost_micros,
            )
        often = 0 if free or not payer.user else budgets.requests_per_minute or 0
        tokens, cost = _figures(estimate)
        reply = await self._link.run(
            SCRIPTS["afford"],
            [*self._days(payer, 0, -1), keys.asked_lately(payer.platform, payer.space)],
            (turn, tokens, cost, KEPT_SECONDS, _quoted(payer.user), often, *limits),
        )
        match to_text(reply[0]):
            case "over":
                account, _ = accounts[int(reply[1])]
                figure = _FIGURES[reply[2]]
                wanted = tokens if figure == "tokens" else cost
                return Over(account, figure, int(reply[3]), int(reply[4]), wanted)
            case "soon":
                return TooSoon(int(reply[1]) / 1000)
            case _:
                return None

    async def settle(self, payer: Payer, turn: str, real: Tally) -> bool:
        """Put what a turn took in the place of what it had reserved; safe to repeat.

        Returns:
            Whether there was a reservation. Raises StoreUnavailable.
        """
        fields = [_field(*account) for account in payer.accounts()]
        days = self._days(payer, 0, -1)
        return bool(await self._link.run(SCRIPTS["settle"], days, (turn, *_figures(real), *fields)))

    async def charge(self, payer: Payer, real: Tally, *, nonce: str) -> None:
        """Count what was used without asking; once for each nonce. Raises StoreUnavailable."""
        fields = [_field(*account) for account in payer.accounts()]
        figures = _figures(real)
        await self._link.run(
            SCRIPTS["charge"], self._days(payer, 0), (nonce, *figures, KEPT_SECONDS, *fields)
        )

    async def used(self, payer: Payer) -> Mapping[Account, Used]:
        """What each of the payer's accounts has used today, reservations included.

        Raises StoreUnavailable.
        """
        accounts = list(payer.accounts())
        fields = [f"{_field(*account)}|{figure}" for account in accounts for figure in "tc"]
        [day] = self._days(payer, 0)
        found = [int(value or 0) for value in await self._link.call("HMGET", day, *fields)]
        return {
            account: Used(tokens, cost)
            for (account, _), tokens, cost in zip(accounts, found[::2], found[1::2], strict=True)
        }

    async def forget(self, platform: str, space: str) -> None:
        """Remove all figures of a server or workspace. Raises StoreUnavailable."""
        days = self._days(Payer(platform, space), *DAYS)
        await self._link.call("UNLINK", *days, keys.asked_lately(platform, space))

    def _days(self, payer: Payer, *offsets: int) -> list[str]:
        now = datetime.fromtimestamp(self._clock(), UTC)
        days = (day_of((now + timedelta(days=offset)).timestamp()) for offset in offsets)
        return [keys.spent(payer.platform, payer.space, day) for day in days]


def _figures(tally: Tally) -> tuple[int, int]:
    return tally.prompt + tally.completion, tally.cost_micros


def _field(account: Account, identity: str) -> str:
    return f"{account}:{_quoted(identity)}"


def _quoted(identity: str) -> str:
    return quote(identity, safe="@.-_", errors="surrogatepass")
