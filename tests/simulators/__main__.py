"""Run the simulators for a person: `python -m tests.simulators`.

Prints the environment a bot needs to live in them, and then takes lines such as
`discord general ada: @Bobbin hello`. See `--help`, and `help` in the console.
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from tests.simulators.console.discord_town import DiscordTown
from tests.simulators.console.session import Session, typed_lines
from tests.simulators.console.slack_town import SlackTown
from tests.simulators.console.town import Town
from tests.simulators.discord_sim import DiscordSimulator
from tests.simulators.openai_sim import OpenAISimulator
from tests.simulators.slack_sim import SlackSimulator

NAMES = ("discord", "slack", "openai")
PEOPLE = ("Ada", "Grace")
MODEL = "gpt-6-luna"


def _names(text: str) -> tuple[str, ...]:
    wanted = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(NAMES)}")
    return wanted


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate < float("inf"):
        raise argparse.ArgumentTypeError("a rate is 0 or more")
    return rate


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulators",
        description="Simulated Discord, Slack and OpenAI on this computer, for trying a bot.",
    )
    parser.add_argument(
        "--only", type=_names, default=NAMES, metavar="NAMES", help="e.g. discord,openai"
    )
    parser.add_argument(
        "--tokens-per-second",
        type=_rate,
        default=30.0,
        metavar="RATE",
        help="how fast the model writes; 0 writes at once (default: 30)",
    )
    parser.add_argument(
        "--env-file", type=Path, metavar="PATH", help="write the export lines there as well"
    )
    parser.add_argument(
        "--no-console", action="store_true", help="read no lines, serve until SIGTERM"
    )
    return parser.parse_args(words)


def _write(line: str) -> None:
    print(line, flush=True)


async def _serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        towns: dict[str, Town] = {}
        environment: dict[str, str] = {}
        model: OpenAISimulator | None = None
        if "discord" in options.only:
            discord = await stack.enter_async_context(DiscordSimulator())
            towns["discord"] = await DiscordTown.build(discord, PEOPLE)
            environment |= discord.environment()
        if "slack" in options.only:
            slack = await stack.enter_async_context(SlackSimulator())
            towns["slack"] = SlackTown(slack, PEOPLE)
            environment |= slack.environment()
        if "openai" in options.only:
            model = OpenAISimulator(tokens_per_second=options.tokens_per_second)
            await stack.enter_async_context(model)
            environment |= model.environment() | {"OPENAI_MODEL": MODEL}
        _announce(environment, options)
        await _until_stopped(towns, model, options, stopped)


def _announce(environment: dict[str, str], options: argparse.Namespace) -> None:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    if options.env_file is not None:
        options.env_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for line in lines:
        _write(line)
    where = f"run `. {options.env_file}`" if options.env_file else "paste the lines above"
    _write(f"# In another terminal {where}, then start the bot there: make run")
    if not options.no_console:
        _write(
            "# Type here what people do: discord general ada: @Bobbin hello (or: help, show, quit)"
        )


async def _until_stopped(
    towns: dict[str, Town],
    model: OpenAISimulator | None,
    options: argparse.Namespace,
    stopped: asyncio.Event,
) -> None:
    waiting = asyncio.create_task(stopped.wait())
    if options.no_console or sys.__stdin__ is None:
        await waiting
        return
    session = Session(towns, _write, model.transcript if model is not None else str)
    session.watch()
    typing = asyncio.create_task(session.run(typed_lines(sys.__stdin__.fileno())))
    try:
        await asyncio.wait({waiting, typing}, return_when=asyncio.FIRST_COMPLETED)
        quit_typed = typing.done() and typing.result()
        if not quit_typed:
            await waiting
    finally:
        for task in (waiting, typing):
            task.cancel()
        await asyncio.gather(waiting, typing, return_exceptions=True)
        await session.unwatch()


def main() -> None:
    """Start what is asked for and stay until `quit` or SIGTERM."""
    asyncio.run(_serve(_arguments(sys.argv[1:])))


if __name__ == "__main__":
    main()
