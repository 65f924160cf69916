"""Processes of their own: the simulators, the bot, the bare SDK; and what they cost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

LONGEST_LINE = 64 * 1024 * 1024
TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30.0


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used so far, in user space and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Worker:
    """A Python process that was started here and ends with its block.

    CPU and memory are read from /proc, so they are known on Linux only.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self._process.returncode is None

    def cpu_seconds(self) -> float:
        """CPU time it has used so far, in user space and in the kernel."""
        return cpu_seconds(self.pid)

    def memory(self, field: str = "VmRSS") -> float:
        """Resident memory in MiB; `VmHWM` gives the most it ever had."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) / 1024
        raise LookupError(field)

    async def order(self, name: str, **details: Any) -> Any:
        """Have a simulator's process do something, and return what it answers.

        Raises:
            RuntimeError: It ended instead.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        line = json.dumps({"order": name, **details}) + "\n"
        self._process.stdin.write(line.encode())
        await self._process.stdin.drain()
        answer = await self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process ended at the order {name!r}")
        return json.loads(answer)

    async def until_line(self, sign: str) -> None:
        """Wait until it has printed this line.

        Raises:
            RuntimeError: It ended instead.
        """
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.decode().strip() == sign:
                return
        raise RuntimeError(f"the process ended before it said {sign!r}")

    async def write_line(self, line: str) -> None:
        """Write to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def read_all(self) -> str:
        """Wait for its end and return what it printed.

        Raises:
            RuntimeError: It failed.
        """
        out, _ = await self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"a process failed with {self._process.returncode}")
        return out.decode()

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()

    async def close(self) -> None:
        """Ask it to end; insist after a while."""
        if self.running:
            self._process.terminate()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def cpu_of(pid: int) -> float:
    """CPU time that a process has used so far, in user space and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@asynccontextmanager
async def worker(
    module: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    log: Path | None = None,
) -> AsyncIterator[Worker]:
    """Run `python -m module`; its errors go to `log`, to this process's own without one."""
    errors = log.open("ab") if log else None
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            cwd=folder or ROOT,
            env=_environment(env or {}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=LONGEST_LINE,
        )
        running = Worker(process)
        try:
            yield running
        finally:
            await running.close()
    finally:
        if errors is not None:
            errors.close()


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """An environment in which none of this machine's settings for a bot are seen."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return kept | {"HOME": str(ROOT), "PYTHONPATH": str(ROOT)} | dict(extra)
