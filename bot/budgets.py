"""How much may be used in a day and in a minute, and what is said when it is used up. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

from bot.chat import Author, ThreadKey

MICROS = 1_000_000


class Account(StrEnum):
    """Who or what a day's use is counted for."""

    USER = "user"
    CHANNEL = "channel"
    SPACE = "space"
    OUTSIDERS = "outsiders"
    """All guests and people of other organisations in one server or workspace."""


Figure = Literal["tokens", "cost"]


@dataclass(frozen=True, slots=True)
class Most:
    """The most a day may take, in tokens and in millionths of a dollar; None for no limit."""

    tokens: int | None = None
    cost_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    """For whom something is used; without a `user` it is for the space alone."""

    platform: str
    space: str
    channel: str = ""
    user: str = ""
    is_outside: bool = False
    is_admin: bool = False

    @classmethod
    def of(cls, thread: ThreadKey, author: Author | None = None) -> Payer:
        """Somebody in a thread, or the space for what it takes by itself."""
        if author is None:
            return cls(thread.platform, thread.space)
        return cls(
            thread.platform,
            thread.space,
            thread.channel,
            author.id,
            author.is_outside,
            author.is_admin,
        )

    def accounts(self) -> Iterator[tuple[Account, str]]:
        """Where it is counted, the narrowest first; with the id of each within the space."""
        if self.user:
            yield Account.USER, self.user
        if self.channel:
            yield Account.CHANNEL, self.channel
        if self.is_outside:
            yield Account.OUTSIDERS, ""
        yield Account.SPACE, ""


@dataclass(frozen=True, slots=True)
class Budgets:
    """The limits as they were configured; by default there are none."""

    user: Most = Most()
    channel: Most = Most()
    space: Most = Most()
    outsiders: Most = Most()
    requests_per_minute: int | None = None
    exempt_admins: bool = False

    @property
    def on(self) -> bool:
        """Whether anything is limited."""
        lines = (self.user, self.channel, self.space, self.outsiders)
        return self.requests_per_minute is not None or any(line != Most() for line in lines)

    def most(self, account: Account) -> Most:
        """What an account may use in a day."""
        return {
            Account.USER: self.user,
            Account.CHANNEL: self.channel,
            Account.SPACE: self.space,
            Account.OUTSIDERS: self.outsiders,
        }[account]

    def used_up(self, used: Mapping[Account, Used]) -> bool:
        """Whether some account has nothing left of what it may use today."""
        for account, each in used.items():
            most = self.most(account)
            if most.tokens is not None and each.tokens >= most.tokens:
                return True
            if most.cost_micros is not None and each.cost_micros >= most.cost_micros:
                return True
        return False

    def exempts(self, payer: Payer) -> bool:
        """Whether this person is answered over every budget."""
        return payer.is_admin and self.exempt_admins


@dataclass(frozen=True, slots=True)
class Used:
    """What an account has used today: tokens, and cost in millionths of a dollar."""

    tokens: int = 0
    cost_micros: int = 0


@dataclass(frozen=True, slots=True)
class Over:
    """A budget that does not allow what was asked for.

    Amounts are tokens or millionths of a dollar, as `figure` says: `used` so far, reservations of
    running answers included, `limit`, and `wanted` for this one.
    """

    account: Account
    figure: Figure
    used: int
    limit: int
    wanted: int


@dataclass(frozen=True, slots=True)
class TooSoon:
    """One person asks too often; the next request may come in so many seconds."""

    seconds: float


def read_budgets(values: Mapping[str, str]) -> Budgets:
    """The limits in the settings, whose values were checked."""

    def most(account: Account) -> Most:
        prefix = f"BOBBIN_BUDGET_{account.upper()}"
        tokens, cost = values.get(f"{prefix}_TOKENS"), values.get(f"{prefix}_COST")
        return Most(
            None if tokens is None else int(tokens),
            None if cost is None else round(float(cost) * MICROS),
        )

    often = values.get("BOBBIN_REQUESTS_PER_MINUTE")
    return Budgets(
        user=most(Account.USER),
        channel=most(Account.CHANNEL),
        space=most(Account.SPACE),
        outsiders=most(Account.OUTSIDERS),
        requests_per_minute=None if often is None else int(often),
        exempt_admins=values.get("BOBBIN_BUDGET_EXEMPT_ADMINS") == "on",
    )


def day_of(now: float) -> str:
    """The day in UTC as YYYYMMDD."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%d")


def seconds_left(now: float) -> float:
    """Until the next day in UTC."""
    today = datetime.fromtimestamp(now, UTC)
    midnight = (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - today).total_seconds()


_OWN = {
    Account.USER: "you may use",
    Account.CHANNEL: "this channel may use",
    Account.SPACE: "may be used here",
    Account.OUTSIDERS: "guests may use here",
}
_WHOSE = {
    Account.USER: "You have used your share for today",
    Account.CHANNEL: "This channel's share for today is used",
    Account.SPACE: "What may be used here in a day is used",
    Account.OUTSIDERS: "What guests may use here in a day is used",
}


def refusal_text(why: Over | TooSoon, per_minute: int | None, now: float) -> str:
    """What people are told: what is used up, and from when on they can ask again."""
    if isinstance(why, TooSoon):
        times = "once" if per_minute == 1 else f"{per_minute} times"
        return (
            f"You can ask me {times} a minute here. Please ask again in "
            f"{max(1, round(why.seconds + 0.5))} s."
        )
    limit, wanted = amount_text(why.figure, why.limit), amount_text(why.figure, why.wanted)
    if why.wanted > why.limit:
        return (
            f"This would take about {wanted}, and {limit} a day is all that {_OWN[why.account]}. "
            "A shorter question may do, or `!forget`, after which less of this conversation has to "
            "be read."
        )
    used = f"{why.used:,}" if why.figure == "tokens" else amount_text("cost", why.used)
    return (
        f"{_WHOSE[why.account]}: {used} of {limit}, and this would take about {wanted}. It "
        f"begins anew at midnight UTC, in {span_text(seconds_left(now))}. `!usage` shows where "
        "you stand."
    )


def amount_text(figure: Figure, amount: int) -> str:
    """Tokens or dollars."""
    if figure == "tokens":
        return f"{amount:,} tokens"
    dollars = amount / MICROS
    return f"${dollars:.2f}" if dollars >= 1 or not amount else f"${dollars:.4f}"


def span_text(seconds: float) -> str:
    """Hours and minutes, rounded up to a minute."""
    minutes = int(-(-seconds // 60))
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def standing_text(
    used: Mapping[Account, Used], budgets: Budgets, is_admin: bool, now: float
) -> str:
    """How much of each budget is used today, as /usage says it.

    Others than admins see what they have used themselves and what their channel has; `used` names
    the outsiders together for outsiders and admins only.
    """
    names = {
        Account.USER: "you",
        Account.CHANNEL: "this channel",
        Account.OUTSIDERS: "all guests here",
        Account.SPACE: "this whole server or workspace",
    }
    shown = [account for account in names if account in used]
    if not is_admin:
        shown = [account for account in shown if account is not Account.SPACE]
    lines = [f"Used today (UTC, begins anew in {span_text(seconds_left(now))}):"]
    lines += [f"- {names[each]}: {_of(used[each], budgets.most(each))}" for each in shown]
    if budgets.requests_per_minute is not None:
        lines.append(f"- requests a minute for each person: {budgets.requests_per_minute}")
    return "\n".join(lines)


def _of(used: Used, most: Most) -> str:
    tokens, cost = amount_text("tokens", used.tokens), amount_text("cost", used.cost_micros)
    if most.tokens is not None:
        tokens = f"{used.tokens:,} of {amount_text('tokens', most.tokens)}"
    if most.cost_micros is not None:
        cost += f" of {amount_text('cost', most.cost_micros)}"
    return f"{tokens}, {cost}"


def told_budgets(budgets: Budgets) -> str:
    """The limits in words, for `bobbin doctor`."""
    lines: list[str] = []
    for account in Account:
        most = budgets.most(account)
        limits: list[str] = []
        if most.tokens is not None:
            limits.append(amount_text("tokens", most.tokens))
        if most.cost_micros is not None:
            limits.append(amount_text("cost", most.cost_micros))
        if limits:
            lines.append(f"{account} {' and '.join(limits)} a day")
    if budgets.requests_per_minute is not None:
        lines.append(f"{budgets.requests_per_minute} requests a minute for each person")
    if lines and budgets.exempt_admins:
        lines.append("admins are exempt")
    return "; ".join(lines) or "no limits"
