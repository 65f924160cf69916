"""The Redis that docker-compose.yml starts: its user can do what the bot needs, and no more."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.plugins import find_adapters
from bot.records import Entry, Summary, Tally
from bot.settings import read_settings, variables
from bot.storage.binary import find_server
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.types import Done, Restored, Turn
from bot.variables import OPERATION
from tests.servers import wait_for_line

START = Path(__file__).parents[2] / "deploy/redis-start.sh"
KUBERNETES = Path(__file__).parents[2] / "deploy/kubernetes.yml"
THREAD = ThreadKey("discord", "1", "2", "3")


def question(number: int) -> Incoming:
    """A message that addresses the bot."""
    return Incoming(
        event_id=f"e{number}",
        thread=THREAD,
        ref=MessageRef("2", f"m{number}"),
        author=Author("u", "Ada"),
        text="hello",
        at=1.0,
        position=number,
        addressed=True,
        loose=True,
    )


@pytest.fixture
def socket() -> Iterator[str]:
    """A server started by the script of the compose file."""
    with tempfile.TemporaryDirectory(prefix="bobbin-acl-") as directory:
        folder = Path(directory)
        (folder / "bin").mkdir()
        shutil.copy(find_server(), folder / "bin" / "redis-server")
        path = folder / "r.sock"
        process = subprocess.Popen(
            ["/bin/sh", str(START), "--port", "0", "--unixsocket", str(path)],
            env={
                "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
                "BOBBIN_REDIS_PASSWORD": "a-word",
                "BOBBIN_REDIS_DIR": directory,
                "TMPDIR": directory,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_line(process, b"Ready to accept connections")
            yield str(path)
        finally:
            process.terminate()
            process.communicate(timeout=50)


def store(client: Redis) -> Threads:
    """The store as the bot has it."""
    numbers = itertools.count(1)
    return Threads(client, worker="w", clock=lambda: 1.0, new_id=lambda: f"id{next(numbers)}")


async def test_the_user_can_do_everything_that_the_bot_does(socket: str) -> None:
    client = open_redis(f"unix://bobbin:a-word@{socket}")
    threads = store(client)
    await threads.check_schema()
    turn = await threads.begin(question(1))
    assert isinstance(turn, Turn)
    await threads.renew(turn.lease)
    said = Entry(role="assistant", text="hi", at=2.0, message_ids=("m2",))
    asked = Entry(role="user", text="hello", at=1.0, author_id="u", message_ids=("m1",))
    assert (
        await threads.commit(turn.lease, (asked, said), Tally(turns=1), {"u": "Ada"}) is Done.IDLE
    )
    assert await threads.fold(THREAD, Summary(), Summary("## Goal\n- x", 2, 1, "model"))
    second = await threads.begin(question(2))
    assert isinstance(second, Turn)
    await threads.park(second.lease)
    assert await threads.stranded() == [THREAD]
    again = await threads.reclaim(THREAD)
    assert again is not None
    assert await threads.ask_stop(THREAD)
    await threads.rollback(again.lease)
    assert [entry.text async for entry in threads.entries(THREAD)] == ["hello", "hi"]
    assert await threads.recent("discord", "1", "2", "u")
    assert [thread async for thread in threads.all_threads()] == [THREAD]
    await threads.notes("discord").write("a", "b")
    assert await threads.notes("discord").read("a") == "b"
    assert await threads.claim("c", THREAD)
    await threads.sweep()
    assert (await threads.forget(THREAD)).messages == 2
    assert await threads.restore(THREAD, (asked,), Summary(), Tally(), {}) is Restored.DONE
    assert await threads.leave(THREAD)
    await client.aclose()


async def test_the_user_can_do_nothing_else(socket: str) -> None:
    client = open_redis(f"unix://bobbin:a-word@{socket}")
    refused: list[tuple[str, ...]] = [
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("KEYS", "*"),
        ("CONFIG", "GET", "dir"),
        ("SHUTDOWN",),
        ("ACL", "LIST"),
        ("GET", "somebody:else"),
        ("EVAL", "return redis.call('GET', 'somebody:else')", "0"),
        ("FUNCTION", "LIST"),
        ("DEBUG", "SLEEP", "0"),
        ("MONITOR",),
    ]
    for command in refused:
        with pytest.raises(
            (NoPermissionError, ResponseError), match=r"(?i)permission|NOPERM|not allowed"
        ):
            await client.execute_command(*command)
    await client.aclose()


async def test_nobody_else_is_let_in(socket: str) -> None:
    for credentials in ("", "bobbin:another-word@"):
        client = Redis.from_url(f"unix://{credentials}{socket}", protocol=2)
        with pytest.raises(RedisError, match=r"(?i)authentication|WRONGPASS|invalid username"):
            await client.ping()
        await client.aclose()


def test_a_password_that_would_break_the_acl_file_is_refused() -> None:
    for password in ("", "two words", "a#b", ">x"):
        done = subprocess.run(
            ["/bin/sh", str(START)],
            env={"PATH": os.environ["PATH"], "BOBBIN_REDIS_PASSWORD": password},
            capture_output=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 2
        assert b"BOBBIN_REDIS_PASSWORD" in done.stderr


def test_the_health_check_of_the_image_finds_the_bot_of_the_compose_file() -> None:
    dockerfile = (START.parents[1] / "Dockerfile").read_text()
    assert 'CMD ["python", "-m", "bot.ops.ping"]' in dockerfile
    seconds = re.search(r"HEALTHCHECK .*--timeout=(\d+)s", dockerfile)
    assert seconds is not None and int(seconds[1]) > 5
    services = yaml.safe_load((START.parents[1] / "docker-compose.yml").read_text())["services"]
    assert "/tmp" in services["bot"]["tmpfs"]
    assert not {"healthcheck", "command"} & set(services["bot"])


def test_the_example_for_kubernetes_is_about_this_bot() -> None:
    found = {each["kind"]: each for each in yaml.safe_load_all(KUBERNETES.read_text())}
    settings = found["ConfigMap"]["data"]
    specs = find_adapters()
    assert set(settings) <= {variable.name for variable in variables(specs)}
    secrets = {"REDIS_URL": "redis://redis:6379/0", "DISCORD_TOKEN": "a-token"}
    assert read_settings({**settings, **secrets}, specs).unknown == {}
    pod = found["Deployment"]["spec"]["template"]["spec"]
    # Otherwise a Service called bobbin-api would be taken for a setting.
    assert pod["enableServiceLinks"] is False
    (bot,) = pod["containers"]
    (port,) = bot["ports"]
    assert str(port["containerPort"]) == settings["BOBBIN_HTTP_PORT"]
    probes = ("startupProbe", "livenessProbe", "readinessProbe")
    assert {bot[probe]["httpGet"]["path"] for probe in probes} == {"/healthz", "/readyz"}
    grace = next(each for each in OPERATION if each.name == "BOBBIN_GRACE_SECONDS")
    assert pod["terminationGracePeriodSeconds"] >= float(grace.default) + 10
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for kind in ("PodDisruptionBudget", "NetworkPolicy"):
        spec = found[kind]["spec"]
        assert (spec.get("selector") or spec["podSelector"])["matchLabels"] == labels
