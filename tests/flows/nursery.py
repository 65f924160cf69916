"""Processes of the bot that start at once, since what they import has been imported before.

One process, the nursery, imports everything and then forks for each start. What is forked is a
process like any other: it reads its environment, is killed, frozen and ended by its own id, and
shares nothing with the others. Starts from nothing are tested in test_cli_*.py.

`python -m tests.flows.nursery N` serves requests on descriptor N: a JSON object with `module`,
`arguments`, `env` and `folder`, and four descriptors: standard input, output, error, and a line on
which the process's id and, when it has ended, its exit code are told.
"""

from __future__ import annotations

import gc
import json
import os
import random
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

HEAVY = (
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


class Nursery:
    """Asks a nursery for processes. It ends when this object's process does.

    Args:
        folder: Where the code lies.
        env: The environment that all its processes start from.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                (sys.executable, "-m", "tests.flows.nursery", str(theirs.fileno())),
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )

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
    """The nursery of this test process, started on first use."""
    return Nursery(folder, dict(env))


def _import_everything() -> None:
    for name in HEAVY:
        import_module(name)
    load_tokenizer = import_module("bot.context.tokens").load_tokenizer
    for model in MODELS:
        load_tokenizer(model)
    gc.collect()
    gc.freeze()


def _serve(requests: socket.socket) -> list[str]:
    """Fork for every request; only a forked process returns, with its module and arguments."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, descriptors, _, _ = socket.recv_fds(requests, MOST_BYTES, 4)
        if not data:
            os._exit(0)
        if os.fork() == 0:
            requests.close()
            return _keep(json.loads(data), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


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
    _import_everything()
    module, *arguments = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")
