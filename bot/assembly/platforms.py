"""The platforms of a process: their adapters are built, and kept running through faults."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import cast

from bot.adapter import Adapter
from bot.errors import NeedsOperator, PlatformError
from bot.inbox import Inbox
from bot.ops.health import Health
from bot.plugins import resolve, values_for
from bot.settings import Settings
from bot.spec import AdapterFactory, AdapterSpec
from bot.tasks import end
from bot.timing import Timing

logger = logging.getLogger(__name__)


def create_adapter(spec: AdapterSpec, settings: Settings) -> Adapter:
    """Build the adapter that a spec names, which imports its SDK."""
    factory = cast("AdapterFactory", resolve(spec.create))
    return factory(values_for(spec, settings.values))


class Platforms:
    """Runs adapters, each one again after a fault, and none because of another's.

    Args:
        adapters: By name.
        inboxes: What each of them hands in to, by its name.
        health: Told who is cut off and who is switched off.
        timing: How long to wait before another try.
    """

    def __init__(
        self,
        adapters: Mapping[str, Adapter],
        inboxes: Mapping[str, Inbox],
        health: Health,
        timing: Timing,
    ) -> None:
        self._adapters = adapters
        self._inboxes = inboxes
        self._health = health
        self._timing = timing

    async def run(self, stop: asyncio.Event) -> bool:
        """Until all have ended or `stop` is set; False when none of them could do its work."""
        runs = [
            asyncio.create_task(self._keep_running(adapter, self._inboxes[name]), name=name)
            for name, adapter in self._adapters.items()
        ]
        stopping = asyncio.create_task(stop.wait())
        everything = asyncio.gather(*runs)
        try:
            await asyncio.wait({everything, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped = not everything.done()
            await end(*runs, stopping, everything)
            results = await asyncio.gather(*runs, return_exceptions=True)
        return stopped or any(result is True for result in results)

    async def _keep_running(self, adapter: Adapter, inbox: Inbox) -> bool:
        """Run one adapter, again after a fault; True when its input ended by itself."""
        pause = self._timing.first_retry
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await adapter.run(inbox)
                return True
            except NeedsOperator as error:
                logger.error("%s is switched off: %s. %s", adapter.name, error, error.hint)
                self._health.switched_off(adapter.name, type(error).__name__)
                return False
            except PlatformError as error:
                logger.warning("%s lost its connection: %s", adapter.name, error)
            except Exception:
                logger.exception("%s failed and is started again", adapter.name)
            self._health.cut(adapter.name)
            if loop.time() - began > self._timing.longest_retry:
                pause = self._timing.first_retry
            await asyncio.sleep(pause)
            pause = min(self._timing.longest_retry, pause * 2)
