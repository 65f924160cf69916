"""`make chaos`: prove that nothing is lost and nothing is doubled, or print what was.

    python -m tests.chaos [--size full|short] [--seed N] [--seeds COUNT]

A seed repeats a run's plan: what is said when, and what fails, dies and comes back when. How the
processes get on with it differs from run to run. Without a seed one is made up, and printed first.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
from dataclasses import fields, replace

from tests.chaos.plan import SIZES, Plan, Size, make_plan
from tests.chaos.run import Outcome, run
from tests.chaos.table import line, table

MOST_SHOWN = 30


def main() -> int:
    """Run the seeds one after the other; 1 if one of them failed."""
    options = _options()
    size = _size(options)
    first = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    summary: list[str] = []
    good = True
    for seed in range(first, first + options.seeds):
        print(f"chaos: SEED={seed}", flush=True)
        plan = make_plan(seed, size)
        outcome = asyncio.run(_run(plan))
        print(table(outcome.result), flush=True)
        if not outcome.result.good:
            good = False
            _explain(plan, outcome)
        if options.verbose:
            _show(outcome)
        summary.append(line(outcome.result))
        print(summary[-1], flush=True)
    if len(summary) > 1:
        print("\n".join(["", *summary]))
    return 0 if good else 1


async def _run(plan: Plan) -> Outcome:
    """Run a plan; nothing is left behind when this process is asked to end."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(plan)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after the other")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument(
        "--verbose", action="store_true", help="show who waited longest, and all logs"
    )
    for name in ("messages", "threads", "kills", "restarts", "processes", "faults", "upsets"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--seconds", type=float, help="over which people talk")
    return parser.parse_args()


def _size(options: argparse.Namespace) -> Size:
    given = vars(options)
    names = {each.name for each in fields(Size)}
    changed = {name: value for name, value in given.items() if name in names and value is not None}
    return replace(SIZES[options.size], **changed)


def _explain(plan: Plan, outcome: Outcome) -> None:
    """Everything that helps to find out why."""
    shown = [str(each) for each in outcome.result.verdict.violations]
    print("\n".join(shown[:MOST_SHOWN]))
    if len(shown) > MOST_SHOWN:
        print(f"… and {len(shown) - MOST_SHOWN} more")
    for trouble in outcome.result.trouble[:MOST_SHOWN]:
        print(trouble)
    for number, transcript in outcome.transcripts.items():
        print(f"\nthread {number}:\n{transcript}")
    print("\nkilled:\n" + "\n".join(outcome.deaths))
    print("\nplan:\n" + "\n".join(plan.told()))


def _show(outcome: Outcome) -> None:
    """What also a storm that passed has to tell."""
    for slow in outcome.slowest:
        print(f"\nlongest wait: {slow}")
    for name, log in sorted(outcome.logs.items()):
        print(f"\nprocess {name}:\n{log}")


if __name__ == "__main__":
    sys.exit(main())
