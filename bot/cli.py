"""The command line: `bobbin run`, `chat`, `export`, `import`, `forget`, `doctor` and others."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import cast

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from bot.app import App
from bot.assembly.memory import memory_service, open_memories
from bot.assembly.store import open_threads
from bot.chat import ThreadKey
from bot.context.tokens import Tokenizer, load_tokenizer
from bot.doctor import examine
from bot.errors import BobbinError, ImportRefused, Problem, SettingsError
from bot.feedback import feedback_lines
from bot.ops.alive import alive_folder, answering, ask_all
from bot.ops.logs import Format, configure
from bot.ops.redact import Redactor, secrets_in
from bot.plugins import find_adapters
from bot.records import Entry
from bot.settings import Settings, read_settings, variables
from bot.settings_page import configuration_page, env_example, write_pages
from bot.shell.files import written_whole
from bot.shell.memory import run_memory
from bot.shell.opened import Opened
from bot.shell.options import add_memory_commands
from bot.shell.persons import forget_memories
from bot.shell.programs import add_program_parsers, check_programs, run_api, run_mcp
from bot.shell.restored import add_restored_parser, run_restored
from bot.shell.tokens import add_tokens_parser, run_tokens, to_stderr
from bot.signals import stop_at_signal
from bot.spec import AdapterSpec, Variable
from bot.storage.departures import forget_everywhere, parse_person
from bot.storage.threads import Threads
from bot.storage.types import Rated, Restored
from bot.transfer import ThreadRecord, export_lines, read_export


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 good, 1 failed, 2 wrong settings or usage."""
    _occupy_standard_descriptors()
    specs = find_adapters()
    arguments = _parser(specs).parse_args(argv)
    try:
        environ = _environ()
        code = asyncio.run(_command(arguments, specs, environ))
        if sys.stdout:
            sys.stdout.flush()
        return code
    except SettingsError as error:
        print("Bobbin can't start, the settings are wrong:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        print("docs/configuration.md explains every variable.", file=sys.stderr)
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


def _parser(specs: Sequence[AdapterSpec]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bobbin", description="A chat bot for Discord, Slack and the terminal."
    )
    parser.add_argument("--version", action="version", version=version("bobbin"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    run = commands.add_parser("run", help="run the bot on every platform that has a token")
    run.add_argument(
        "--no-console", action="store_true", help="without any token fail, don't chat in a terminal"
    )
    for variable in _optional(specs):
        run.add_argument(
            f"--{variable.option}", dest=variable.name, metavar="…", help=variable.help
        )
    commands.add_parser("chat", help="talk to it in this terminal, tokens or not")
    looked_at = "settings, tokens, store, model, embeddings, tokenizer and what is served on ports"
    commands.add_parser("doctor", help=f"check {looked_at}: figures, REST and MCP")
    ping = commands.add_parser("ping", help="exit 0 if the bot that runs here is alive")
    ping.add_argument(
        "--seconds", type=float, default=5.0, help="how long it may take to answer (%(default)g)"
    )
    export = commands.add_parser("export", help="write conversations as JSON")
    export.add_argument("thread", nargs="?", help="platform:space:channel:thread; all without it")
    export.add_argument("-o", "--output", type=Path, help="a file instead of standard output")
    export.add_argument(
        "--feedback", action="store_true", help="what people think of answers, as JSON lines"
    )
    restore = commands.add_parser("import", help="read conversations that `export` wrote")
    restore.add_argument("file", type=Path)
    restore.add_argument(
        "--replace", action="store_true", help="also conversations that are stored already"
    )
    add_restored_parser(commands)
    forget = commands.add_parser(
        "forget", help="erase a conversation, or what somebody said and had remembered"
    )
    what = forget.add_mutually_exclusive_group(required=True)
    what.add_argument("thread", nargs="?", help="platform:space:channel:thread")
    what.add_argument(
        "--user", metavar="platform:space:id", help="with * as space: wherever they have written"
    )
    add_memory_commands(commands, time.time)
    add_tokens_parser(commands)
    add_program_parsers(commands)
    settings = commands.add_parser("settings", help="print the configuration page")
    settings.add_argument("--example", action="store_true", help="print .env.example instead")
    settings.add_argument("--write", action="store_true", help="write both files here")
    return parser


def _optional(specs: Sequence[AdapterSpec]) -> Sequence[Variable]:
    """Variables that `run` has an option for, too."""
    return [each for spec in specs for each in spec.variables if each.option]


def _with_options(
    arguments: argparse.Namespace,
    specs: Sequence[AdapterSpec],
    environ: Mapping[str, str | None],
) -> dict[str, str | None]:
    """The environment, under what the command line says."""
    given = {each.name: getattr(arguments, each.name, None) for each in _optional(specs)}
    return {**environ, **{name: value for name, value in given.items() if value is not None}}


async def _command(
    arguments: argparse.Namespace,
    specs: tuple[AdapterSpec, ...],
    environ: Mapping[str, str | None],
) -> int:
    match arguments.command:
        case "doctor":
            return await _doctor(specs, environ)
        case "settings":
            return _settings(arguments, specs)
        case "ping":
            return await _ping(arguments.seconds)
        case "chat":
            # A chat beside the bot that runs here must not want the same ports.
            environ = {**environ, "BOBBIN_HTTP_PORT": None, "BOBBIN_API_PORT": None}
        case _:
            environ = _with_options(arguments, specs, environ)
    settings = read_settings(environ, _only_console(arguments.command, specs))
    talks = arguments.command != "api" and any(not spec.needs for spec in settings.adapters)
    _log(settings, environ, variables(specs), talks)
    match arguments.command:
        case "run":
            return await _run(settings, specs, console=not arguments.no_console)
        case "chat":
            return await _until_signal(App(settings))
        case "export":
            return await _export(
                settings, arguments.thread, arguments.output, feedback=arguments.feedback
            )
        case "memory":
            return await run_memory(arguments, partial(_memory, settings), time.time())
        case "tokens" | "restored":
            return await _in_store(arguments, settings)
        case "mcp" | "api":
            return await _serve(arguments.command, settings)
        case "forget":
            return await _forget(settings, arguments.thread, arguments.user)
        case _:
            return await _import(settings, arguments.file, replacing=arguments.replace)


async def _in_store(arguments: argparse.Namespace, settings: Settings) -> int:
    """What needs the store and nothing else."""
    async with open_threads(settings) as threads:
        if arguments.command == "tokens":
            return await run_tokens(arguments, threads.tokens, print, to_stderr)
        return await run_restored(arguments, threads.notes("bobbin"), time.time(), print)


async def _serve(command: str, settings: Settings) -> int:
    """What other programs talk to, `mcp` or `api`."""
    check_programs(command, settings)
    name = settings.text("OPENAI_MODEL") or ""
    count = (await asyncio.to_thread(load_tokenizer, name)).count
    async with (
        open_threads(settings) as threads,
        open_memories(settings, threads, count) as memories,
    ):
        serve = run_mcp if command == "mcp" else run_api
        return await serve(settings, threads, memories)


async def _run(settings: Settings, specs: Sequence[AdapterSpec], *, console: bool) -> int:
    """Run on every platform that is configured; on none, as a chat in the terminal."""
    if all(not spec.needs for spec in settings.adapters):
        tokens = ", or ".join(" and ".join((*s.needs, *s.either[:1])) for s in specs if s.needs)
        if not console:
            print(f"Bobbin can't start, no platform is configured: set {tokens}.", file=sys.stderr)
            return 2
        if not (sys.stdin and sys.stdin.isatty()):
            print(
                f"No token is set ({tokens}), so this is a chat in the terminal.", file=sys.stderr
            )
    app = App(settings)
    async with answering(alive_folder(), os.getpid(), app.faults):
        return await _until_signal(app)


async def _until_signal(app: App) -> int:
    stop_at_signal(app.stop)
    return await app.run()


def _only_console(command: str, specs: tuple[AdapterSpec, ...]) -> tuple[AdapterSpec, ...]:
    """`chat` leaves the platforms alone, even when their tokens are set."""
    return tuple(spec for spec in specs if not spec.needs) if command == "chat" else specs


def _environ() -> dict[str, str | None]:
    """The environment over `.env`; a blank variable does not hide the file's value."""
    given = {name: value for name, value in os.environ.items() if value.strip()}
    written: dict[str, str | None] = {}
    if Path(".env").exists():
        try:
            text = Path(".env").read_text(encoding="utf-8")
        except UnicodeDecodeError:
            problem = Problem(".env", "is not UTF-8 text.", "Save it as UTF-8.")
            raise SettingsError([problem]) from None
        broken = [each.original.line for each in parse_stream(StringIO(text)) if each.error]
        if broken:
            fix = "Close its quotes, or write it as NAME=value."
            raise SettingsError(
                [Problem(".env", f"has a line {line} that can't be read.", fix) for line in broken]
            )
        # What is written there is meant as it stands: a password may hold "${".
        written = dotenv_values(stream=StringIO(text), interpolate=False)
    return {**written, **given}


def _log(
    settings: Settings,
    environ: Mapping[str, str | None],
    table: Iterable[Variable],
    talks: bool,
) -> None:
    """Log to standard error; in a terminal chat only what is wrong, unless asked for more."""
    level = logging.getLevelNamesMapping()[settings.values["BOBBIN_LOG_LEVEL"]]
    if talks and not (environ.get("BOBBIN_LOG_LEVEL") or "").strip():
        level = logging.WARNING
    form = cast("Format", settings.values["BOBBIN_LOG_FORMAT"])
    configure(level, form, sys.stderr, Redactor(secrets_in(settings.values, table)))
    # What nobody caught must not bring a secret to light, either.
    sys.excepthook = _log_end
    for name, meant in settings.unknown.items():
        logging.getLogger(__name__).warning(
            "%s is not a variable that I know%s", name, f"; did you mean {meant}?" * bool(meant)
        )


def _log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("ended by an error", exc_info=(kind, error, trace))


async def _doctor(specs: tuple[AdapterSpec, ...], environ: Mapping[str, str | None]) -> int:
    good = True
    async for finding in examine(environ, specs):
        good = good and finding.ok
        mark = "ok  " if finding.ok else "BAD "
        fix = f"  {finding.fix}" if finding.fix else ""
        print(f"{mark} {finding.subject}: {finding.detail}{fix}", flush=True)
    return 0 if good else 1


def _settings(arguments: argparse.Namespace, specs: tuple[AdapterSpec, ...]) -> int:
    if arguments.write:
        for path in write_pages(Path(), specs):
            print(path)
    else:
        print(env_example(specs) if arguments.example else configuration_page(specs), end="")
    return 0


@asynccontextmanager
async def _memory(settings: Settings, counted: bool) -> AsyncGenerator[Opened]:
    """Long-term memory; with `counted` tokens are counted, which takes a moment to make ready."""
    model = settings.text("OPENAI_MODEL") or ""
    tokenizer = await asyncio.to_thread(load_tokenizer, model) if counted else Tokenizer()
    async with (
        open_threads(settings) as threads,
        open_memories(settings, threads, tokenizer.count) as memories,
    ):
        yield Opened(memories, threads, threads.memories().scopes)


async def _ping(seconds: float) -> int:
    told = await ask_all(alive_folder(), seconds)
    if not told:
        print("No bot of this user runs here: start one with `bobbin run`.", file=sys.stderr)
    for each in told:
        line = f"Bobbin (process {each.process}): {each.answer}"
        print(line, file=sys.stdout if each.alive else sys.stderr)
    return 0 if told and all(each.alive for each in told) else 1


async def _export(
    settings: Settings, name: str | None, output: Path | None, *, feedback: bool
) -> int:
    try:
        only = ThreadKey.parse(name) if name else None
    except ValueError as error:
        print(f"{error}; write it as platform:space:channel:thread", file=sys.stderr)
        return 2
    async with open_threads(settings) as threads:
        if only is not None and not await threads.count(only):
            print(f"nothing is stored for {only}", file=sys.stderr)
            return 1
        try:
            with written_whole(output) if output else nullcontext(sys.stdout) as target:
                lines = (
                    feedback_lines(_ratings(threads, only))
                    if feedback
                    else export_lines(_records(threads, only))
                )
                async for line in lines:
                    target.write(line)
        except OSError as error:
            if output is None:
                raise
            print(f"{output}: {error.strerror}", file=sys.stderr)
            return 1
    return 0


async def _records(
    threads: Threads, only: ThreadKey | None
) -> AsyncIterator[tuple[ThreadRecord, AsyncIterator[Entry]]]:
    async for thread in _keys(threads, only):
        now = await threads.take_window(thread)
        record = ThreadRecord(thread, now.summary, now.names, now.tally, ())
        yield record, threads.entries(thread)


async def _ratings(threads: Threads, only: ThreadKey | None) -> AsyncIterator[Rated]:
    async for thread in _keys(threads, only):
        async for rated in threads.ratings(thread):
            yield rated


async def _keys(threads: Threads, only: ThreadKey | None) -> AsyncIterator[ThreadKey]:
    if only is not None:
        yield only
        return
    async for thread in threads.all_threads():
        if await threads.count(thread):
            yield thread


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ImportRefused("this is not UTF-8 text", line=line) from None


async def _forget(settings: Settings, name: str | None, user: str | None) -> int:
    try:
        thread = ThreadKey.parse(name) if name else None
        person = parse_person(user) if user else None
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    async with open_threads(settings) as threads:
        memories = memory_service(settings, threads)
        if thread is not None:
            gone = await memories.forget_thread(thread)
            messages = (await threads.forget(thread)).messages
            where = ""
        else:
            assert person is not None
            gone = await forget_memories(memories, threads.memories().scopes, *person)
            found = await forget_everywhere(threads, *person)
            messages = sum(struck.entries + struck.mail for struck in found)
            where = f" from {len(found)} conversation(s)"
    print(f"{messages} message(s){f' and {gone} memories' if gone else ''} erased{where}")
    return 0 if messages or gone else 1


_NOT_STORED = {
    Restored.BUSY: "left alone, an answer is being written; import it again",
    Restored.TAKEN: "left alone, it is stored already; --replace puts the file's in its place",
    Restored.INCOMPLETE: "not stored, the store took too long; import it again",
}


async def _import(settings: Settings, file: Path, *, replacing: bool) -> int:
    try:
        content = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
        return 1
    records = read_export(_decoded(content))
    left = 0
    async with open_threads(settings) as threads:
        for record in records:
            done = await threads.restore(
                record.thread,
                record.entries,
                record.summary,
                record.tally,
                record.names,
                replacing=replacing,
            )
            if done is not Restored.DONE:
                left += 1
                print(f"{record.thread}: {_NOT_STORED[done]}", file=sys.stderr)
    print(f"{len(records) - left} conversation(s) imported")
    return 1 if left else 0
