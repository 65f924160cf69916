"""What holds for the whole suite: the profiles of hypothesis, and how workers begin."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
from collections.abc import Generator
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings

from tests.examples import PROFILE, TIMES

settings.register_profile("suite", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=30 * TIMES["thorough"], deadline=None)
settings.load_profile(PROFILE)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As it is for what a shell runs in the background. Programs that tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def _uncollected() -> Generator[None]:
    """Spare the collector what lives until the end: it would look through all of it many times."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests."""
    with _uncollected():
        return (yield)


def pytest_collection_finish() -> None:
    """Leave the collector what comes from now on.

    A look at everything took half a second: thousands of tests, and all SDKs. Now it costs little,
    and would come ten times as often; it is to come as often as before.
    """
    gc.freeze()
    gc.set_threshold(700, 10, 40)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each of several workers import the whole suite from another file on.

    All of them import all of it. What one has compiled, which takes most of that time, the others
    read; if they went side by side, each would compile everything.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or list(session.config.args) != session.config.getini("testpaths"):
        return
    root = session.config.rootpath
    names = [
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in sorted(Path(__file__).parent.rglob("test_*.py"))
    ]
    first = len(names) * int(worker[2:]) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    with _uncollected():
        for name in names[first:] + names[:first]:
            # What cannot be imported is told when it is collected.
            with contextlib.suppress(ImportError, SyntaxError):
                import_module(name)
