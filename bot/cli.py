"""The command line: `bobbin run`, `chat`, `export`, `import`, `forget`, `doctor` and others.

Here it is read. What carries a command out is found by name: loading everything takes a second.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import cast

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from bot.errors import BadRequest, BobbinError, Problem, SettingsError
from bot.ops.ping import SECONDS
from bot.plugins import find_adapters, resolve
from bot.shell.command import Command, Typed, optional
from bot.shell.options import add_memory_commands
from bot.shell.programs import add_program_parsers
from bot.shell.restored import add_restored_parser
from bot.shell.tokens import add_tokens_parser
from bot.signals import raise_interrupts
from bot.spec import AdapterSpec

COMMANDS: Mapping[str, str] = {
    "run": "bot.shell.running:run",
    "chat": "bot.shell.running:chat",
    "doctor": "bot.shell.examining:run",
    "ping": "bot.shell.pinging:run",
    "export": "bot.shell.conversations:take_out",
    "import": "bot.shell.conversations:bring_in",
    "restored": "bot.shell.stored:restored",
    "forget": "bot.shell.forgetting:run",
    "memory": "bot.shell.remembering:run",
    "tokens": "bot.shell.stored:tokens",
    "api": "bot.shell.serving:api",
    "mcp": "bot.shell.serving:mcp",
    "settings": "bot.shell.pages:run",
}
"""What carries out each command, a `bot.shell.command.Command`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 good, 1 failed, 2 wrong settings or usage."""
    _occupy_standard_descriptors()
    specs = find_adapters()
    arguments = command_line(specs).parse_args(argv)
    command = cast("Command", resolve(COMMANDS[arguments.command]))
    try:
        raise_interrupts()
        code = asyncio.run(command(Typed(arguments, specs, _environ())))
        if sys.stdout:
            sys.stdout.flush()
        return code
    except SettingsError as error:
        print("Bobbin can't start, the settings are wrong:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        print("docs/configuration.md explains every variable.", file=sys.stderr)
        return 2
    except BadRequest as error:
        # Its hint is for whoever runs what others make requests to.
        print(error, file=sys.stderr)
        return 2
    except BobbinError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; there is nothing left to say to anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _occupy_standard_descriptors() -> None:
    """Whoever closed one of them must not make a socket or a lock file take its number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def command_line(specs: Sequence[AdapterSpec]) -> argparse.ArgumentParser:
    """What every command takes."""
    parser = argparse.ArgumentParser(
        prog="bobbin", description="A chat bot for Discord, Slack and the terminal."
    )
    parser.add_argument("--version", action="version", version=version("bobbin"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(name: str, told: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")

    run = command("run", "run the bot on every platform that has a token")
    run.add_argument(
        "--no-console", action="store_true", help="without any token fail, don't chat in a terminal"
    )
    for variable in optional(specs):
        run.add_argument(
            f"--{variable.option}", dest=variable.name, metavar="…", help=variable.help
        )
    command("chat", "talk to it in this terminal, tokens or not")
    looked_at = "settings, tokens, store, model, embeddings, tokenizer and what is served on ports"
    command("doctor", f"check {looked_at}: figures, REST and MCP")
    alive = command("ping", "exit 0 if the bot that runs here is alive")
    alive.add_argument(
        "--seconds",
        type=_seconds,
        default=SECONDS,
        help="how long it may take to answer (%(default)g)",
    )
    export = command("export", "write conversations as JSON")
    export.add_argument("thread", nargs="?", help="platform:space:channel:thread; all without it")
    export.add_argument("-o", "--output", type=Path, help="a file instead of standard output")
    export.add_argument(
        "--feedback", action="store_true", help="what people think of answers, as JSON lines"
    )
    restore = command("import", "read conversations that `export` wrote")
    restore.add_argument("file", type=Path, help='JSON; "-" for standard input')
    restore.add_argument(
        "--replace", action="store_true", help="also conversations that are stored already"
    )
    add_restored_parser(commands)
    forget = command("forget", "erase a conversation, or what somebody said and had remembered")
    what = forget.add_mutually_exclusive_group(required=True)
    what.add_argument("thread", nargs="?", help="platform:space:channel:thread")
    what.add_argument(
        "--user", metavar="platform:space:id", help="with * as space: wherever they have written"
    )
    add_memory_commands(commands, time.time)
    add_tokens_parser(commands)
    add_program_parsers(commands)
    settings = command("settings", "print docs/configuration.md as of this version")
    settings.add_argument("--example", action="store_true", help="print .env.example instead")
    settings.add_argument(
        "--write", action="store_true", help="write both files, in the folder of Bobbin's source"
    )
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _environ() -> dict[str, str | None]:
    """The environment over `.env`; a blank variable does not hide the file's value."""
    given = {name: value for name, value in os.environ.items() if value.strip()}
    text = _dotenv()
    broken = [each.original.line for each in parse_stream(StringIO(text)) if each.error]
    if broken:
        fix = "Close its quotes, or write it as NAME=value."
        raise SettingsError(
            [Problem(".env", f"has a line {line} that can't be read.", fix) for line in broken]
        )
    # What is written there is meant as it stands: a password may hold "${".
    return {**dotenv_values(stream=StringIO(text), interpolate=False), **given}


def _dotenv() -> str:
    """The text of `.env`, empty where there is none."""
    try:
        return Path(".env").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        problem = Problem(".env", "is not UTF-8 text.", "Save it as UTF-8.")
    except OSError as error:
        fix = "It has to be a file that this user may read."
        problem = Problem(".env", f"cannot be read ({error.strerror}).", fix)
    raise SettingsError([problem])
