"""Processes of the bot that start at once, since what they import has been imported before.

One process, the nursery, imports everything and then forks for each start. What is forked is a
process like any other: it reads its environment, is killed, frozen and ended by its own id, and
shares nothing with the others. Starts from nothing are tested in test_cli_*.py.

The workers of a test run share one, since its imports take as long as dozens of tests: whoever
needs it first starts it, and it ends with the last of them.

`python -m tests.flows.nursery N` accepts clients on descriptor N, a listening socket, greets each
and serves its requests: a JSON object with `module`, `arguments`, `env` and `folder`, and four
descriptors: standard input, output, error, and a line on which the process's id and, when it has
ended, its exit code are told.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import hashlib
import json
import os
import random
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

HEAVY = (
    "bot.shell.running",
    "bot.shell.conversations",
    "bot.shell.forgetting",
    "bot.shell.remembering",
    "bot.shell.serving",
    "bot.shell.stored",
    "bot.cli",
    "bot.model.chat",
    "bot.model.responses",
    "openai.resources.chat.completions.completions",
    "openai.resources.responses.responses",
    "httpcore2",
    "anyio._backends._asyncio",
    "snowballstemmer",
    "adapters.console.adapter",
    "adapters.discord.adapter",
    "adapters.slack.adapter",
    "bot.ops.outside",
    "bot.api.serving",
    "bot.api.stdio",
)
"""What is found by name, or imported by an SDK on first use, and takes more than a moment."""

MODELS = ("gpt-6-luna", "demo")
MOST_BYTES = 1 << 17
CLIENTS = 64
MOST_STARTS = 3
GREETING = b"here"
PATIENCE = 60.0
"""Seconds until somebody comes, and until somebody is greeted: everything is imported before."""


class Nursery:
    """Asks a nursery for processes. It ends when all processes that ask it have.

    Args:
        name: Under which it is found; started under it unless it is there.
        folder: Where the code lies.
        env: The environment that all its processes start from.
    """

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        # In Linux's own space of names: nothing is left in a folder, and one process gets a name.
        address = f"\0bobbin-nursery-{name}"
        starts = 0
        while (line := _greeted(address)) is None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                try:
                    listener.bind(address)
                    listener.listen(CLIENTS)
                except OSError:
                    # Another one may be about to listen there, or about to end.
                    continue
                if starts == MOST_STARTS:
                    raise RuntimeError("the nursery does not start; see what it has written")
                starts += 1
                _start(listener, folder, env)
        self._ours = line
        atexit.register(line.close)

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        streams: Sequence[int],
    ) -> socket.socket:
        """Start `python -m module …`.

        Args:
            module: Its name.
            arguments: Of the command line.
            env: All of its environment.
            folder: Where it runs.
            streams: Descriptors for its standard input, output and error; the caller closes them.

        Returns:
            The line on which the process's id and, later, its exit code are told.
        """
        request = {
            "module": module,
            "arguments": list(arguments),
            "env": dict(env),
            "folder": str(folder),
        }
        line, end = socket.socketpair()
        with end:
            socket.send_fds(self._ours, [json.dumps(request).encode()], [*streams, end.fileno()])
        return line


@cache
def nursery(folder: Path, env: tuple[tuple[str, str], ...]) -> Nursery:
    """The nursery of this test run, started on first use."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    kind = hashlib.sha256(repr((folder, env)).encode()).hexdigest()[:16]
    return Nursery(f"{run}-{kind}", folder, dict(env))


def _start(listener: socket.socket, folder: Path, env: Mapping[str, str]) -> None:
    subprocess.run(
        (sys.executable, "-m", "tests.flows.nursery", str(listener.fileno())),
        cwd=folder,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        pass_fds=(listener.fileno(),),
        check=True,
    )


def _greeted(address: str) -> socket.socket | None:
    """A line to the nursery at an address, or None if none is there that goes on."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.settimeout(PATIENCE)
        line.connect(address)
        if line.recv(len(GREETING)) == GREETING:
            line.settimeout(None)
            return line
    except ConnectionError:
        pass
    except BaseException:
        line.close()
        raise
    line.close()
    return None


def _import_everything() -> None:
    for name in HEAVY:
        import_module(name)
    load_tokenizer = import_module("bot.context.tokens").load_tokenizer
    for model in MODELS:
        load_tokenizer(model)
    gc.collect()
    gc.freeze()


def _serve(listener: socket.socket) -> list[str]:
    """Fork for every request; only a forked process returns, with its module and arguments."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    clients: set[socket.socket] = set()
    while True:
        # Whoever has started it is on the way; later on, nobody may be left.
        ready, _, _ = select.select([listener, *clients], [], [], None if clients else PATIENCE)
        if not ready:
            os._exit(0)
        for line in ready:
            if line is listener:
                clients |= _welcomed(listener)
                continue
            data, descriptors = _asked(line)
            if not data:
                clients.remove(line)
                line.close()
                if not clients:
                    os._exit(0)
                continue
            if os.fork() == 0:
                listener.close()
                for client in clients:
                    client.close()
                return _keep(json.loads(data), descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


def _asked(line: socket.socket) -> tuple[bytes, list[int]]:
    """A request with its descriptors; empty when the client has gone."""
    with contextlib.suppress(ConnectionError):
        data, descriptors, _, _ = socket.recv_fds(line, MOST_BYTES, 4)
        return data, descriptors
    return b"", []


def _welcomed(listener: socket.socket) -> set[socket.socket]:
    """A client, greeted; nobody, if it has gone or belongs to another user of this machine."""
    line, _ = listener.accept()
    _, user, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    with contextlib.suppress(ConnectionError):
        if user == os.getuid():
            line.send(GREETING)
            return {line}
    line.close()
    return set()


def _keep(request: dict[str, object], descriptors: Sequence[int]) -> list[str]:
    """Fork once more, wait for that process and tell how it ended; it returns what to run."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, line = descriptors
    child = os.fork()
    if child:
        for descriptor in streams:
            os.close(descriptor)
        os.write(line, b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        os.write(line, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(line)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    # The nursery's own were opened on something else, and remember what that could do.
    sys.stdin = open(0, encoding=sys.stdin.encoding, errors=sys.stdin.errors, closefd=False)
    sys.stdout = open(1, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)
    sys.stderr = open(
        2, "w", 1, encoding=sys.stderr.encoding, errors=sys.stderr.errors, closefd=False
    )
    os.chdir(str(request["folder"]))
    env, arguments = request["env"], request["arguments"]
    assert isinstance(env, dict) and isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(env)
    random.seed()
    return [str(request["module"]), *map(str, arguments)]


if __name__ == "__main__":
    # Whoever starts it may end before it does, and need not wait for what it imports.
    if os.fork():
        os._exit(0)
    _import_everything()
    module, *arguments = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")
