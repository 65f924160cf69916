"""What `bobbin doctor` says of the rules and the budgets."""

from __future__ import annotations

from contextlib import aclosing

from bot.doctor import examine
from bot.plugins import find_adapters
from bot.spec import Finding


async def looked_at(environ: dict[str, str], subject: str) -> list[Finding]:
    """The findings about one subject, before anything outside the settings is looked at."""
    found: list[Finding] = []
    async with aclosing(examine(environ, find_adapters())) as findings:
        async for finding in findings:
            if finding.subject == "console":
                break
            found.append(finding)
    return [finding for finding in found if finding.subject == subject]


async def test_the_rules_are_shown_as_they_count() -> None:
    environ = {
        "BOBBIN_ALLOW": "discord:server:2, discord:role:99",
        "BOBBIN_BOTS": "discord:user:7",
        "BOBBIN_OUTSIDERS": "on",
    }
    assert [(finding.ok, finding.detail) for finding in await looked_at(environ, "access")] == [
        (True, "answers only discord role 99, discord space 2"),
        (True, "other bots answered: discord user 7"),
        (True, "the platforms' admins count, direct messages are on, outsiders on"),
        (True, "rules name discord, which does not run"),
    ]


async def test_budgets_that_cannot_work_are_named() -> None:
    [good] = await looked_at({}, "budgets")
    assert (good.ok, good.detail) == (True, "no limits")
    environ = {
        "BOBBIN_BUDGET_USER_TOKENS": "5000",
        "BOBBIN_BUDGET_SPACE_COST": "1",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_MODEL": "home-made",
    }
    shown, small, unpriced = await looked_at(environ, "budgets")
    assert shown.detail == "user 5,000 tokens a day; space $1.00 a day"
    assert not small.ok and small.detail.startswith("5,000 tokens a day are less than")
    assert not unpriced.ok and "home-made" in unpriced.detail
    assert small.fix and unpriced.fix


async def test_a_bad_entry_is_a_finding_with_its_fix() -> None:
    [finding] = await looked_at({"BOBBIN_DENY": "discord:user:Ada"}, "BOBBIN_DENY")
    assert not finding.ok
    assert finding.detail == "'discord:user:Ada' has an id that does not look right."
    assert finding.fix == "A user has a number (Copy ID, with the developer mode on)."
