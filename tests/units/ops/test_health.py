"""What makes a process ready, and what does not."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import ModelBusy, ModelError, ModelMisconfigured, QuotaExhausted, StoreUnavailable
from bot.ops.health import FRESH_SECONDS, SILENT_SECONDS, Health, ModelState
from bot.services import CALLS


class Clock:
    """Time that stands still."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Store:
    """A store that can be away, and counts who asks."""

    def __init__(self) -> None:
        self.away: Exception | None = None
        self.asked = 0

    async def ping(self) -> None:
        self.asked += 1
        if self.away:
            raise self.away


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def health(clock: Clock, store: Store) -> Health:
    """One that is ready."""
    health = Health(clock)
    health.stored_in(store.ping)
    health.expect(["slack"])
    health.connected("slack", True, "")
    health.model_answered()
    return health


async def why(health: Health) -> dict[str, str]:
    return {part: why for part, why in (await health.parts()).items() if why is not None}


async def test_nothing_is_ready_at_first(clock: Clock) -> None:
    health = Health(clock)
    health.expect(["discord"])
    assert await why(health) == {
        "store": "not reached yet",
        "model": "not reached yet",
        "discord": "not connected",
    }
    assert health.faults() == {}


async def test_ready(health: Health) -> None:
    assert await why(health) == {}


async def test_every_connection_counts(health: Health) -> None:
    for part, up in (("socket 1", True), ("socket 2", False)):
        health.connected("slack", up, part)
    assert await why(health) == {"slack": "not connected: socket 2"}
    assert health.connections("slack") == (2, 3)
    health.connected("slack", None, "socket 2")
    assert await why(health) == {}


async def test_calls_are_no_connection(clock: Clock) -> None:
    health = Health(clock)
    health.expect(["slack"])
    assert health.connections("slack") == (0, 1)
    health.connected("slack", True, CALLS)
    assert health.connections("slack") == (0, 0)
    assert "slack" not in await why(health)
    health.connected("slack", True, "socket 1")
    assert health.connections("slack") == (1, 1)


async def test_an_adapter_that_ended(health: Health) -> None:
    health.cut("slack")
    assert await why(health) == {"slack": "not connected"}
    health.switched_off("slack", "BadToken")
    health.connected("slack", True, "")
    assert await why(health) == {"slack": "switched off (BadToken)"}


async def test_the_store_is_asked_once_in_a_while(
    health: Health, store: Store, clock: Clock
) -> None:
    await asyncio.gather(*(health.parts() for _ in range(10)))
    assert store.asked == 1
    store.away = StoreUnavailable("x", hint="Redis is not reachable at h:1.")
    clock.now += FRESH_SECONDS
    assert await why(health) == {"store": "Redis is not reachable at h:1."}
    store.away = TimeoutError()
    clock.now += FRESH_SECONDS
    assert await why(health) == {"store": "no answer within 2 s"}
    store.away = None
    clock.now += FRESH_SECONDS
    assert await why(health) == {}


@pytest.mark.parametrize("error", [ModelMisconfigured("no"), QuotaExhausted("no")])
async def test_a_model_that_somebody_has_to_mend(health: Health, error: ModelError) -> None:
    health.model_failed(error)
    assert health.model is ModelState.BAD
    assert await why(health) == {"model": error.hint}
    health.model_answered()
    assert await why(health) == {}


@pytest.mark.parametrize(
    "error",
    [ModelBusy("429", retry_after=1.0), ModelBusy("503", overloaded=True), ModelBusy("reset")],
)
async def test_a_passing_fault_of_the_model_changes_nothing(
    health: Health, error: ModelError
) -> None:
    health.model_failed(error)
    assert await why(health) == {}


async def test_draining_is_not_ready_but_alive(health: Health) -> None:
    health.draining = True
    assert list(await why(health)) == ["process"]
    assert health.faults() == {}


async def test_a_chore_that_ended(health: Health) -> None:
    async def ends() -> None:
        """Over at once."""

    async def waits() -> None:
        await asyncio.Event().wait()

    goes_on = asyncio.create_task(waits())
    over = asyncio.create_task(ends())
    await over
    health.chores({"sweep": over, "tidy": goes_on})
    assert health.faults() == {"sweep": "has ended"}
    goes_on.cancel()


async def test_a_chore_that_hangs(health: Health, clock: Clock) -> None:
    health.beat("looking for abandoned turns")
    clock.now += SILENT_SECONDS
    assert health.faults() == {}
    clock.now += 1.0
    assert health.faults() == {"looking for abandoned turns": "silent for 121 s"}
    health.beat("looking for abandoned turns")
    assert health.faults() == {}
