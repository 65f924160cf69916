"""How conversations remember and recall: what turns are given of long-term memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.access import Named
from bot.adapter import Adapter
from bot.commands.memory_texts import merge_below, unasked, undo_below
from bot.context.tokens import Tokenizer, tool_tokens
from bot.engine.capturing import Capturing
from bot.engine.recalling import Recalling
from bot.ids import new_id
from bot.memories import MemoryText
from bot.memory.checks import fault_in, normalised
from bot.memory.granting import Granting
from bot.memory.port import Memories
from bot.memory.tools import Recall, Remember
from bot.settings import Settings
from bot.storage.threads import Threads
from bot.tools import Tool

logger = logging.getLogger(__name__)

LEAST_SHARE = 4
"""A prompt holds at least so many times as much as the tools take of each."""


@dataclass(frozen=True, slots=True)
class ConversationMemory:
    """What conversations have of long-term memory.

    Attributes:
        settings: What was configured.
        memories: The memory.
        threads: Where conversations are.
        patience: Seconds that a question waits for what is remembered.
    """

    settings: Settings
    memories: Memories
    threads: Threads
    patience: float

    def recalling(self, observe: Callable[[str], None]) -> Recalling | None:
        """What is put before the model unasked; None where that is switched off.

        `observe` as in `Recalling`.
        """
        tokens = self.settings.integer("BOBBIN_RECALL_TOKENS") or 0
        if not tokens:
            return None
        return Recalling(self.memories, tokens, self.patience, self._granting, observe)

    def tools(self, adapters: Mapping[str, Adapter], tokenizer: Tokenizer) -> tuple[Tool, ...]:
        """What the model may call; none where that is switched off, or leaves no room to talk."""
        if self.settings.text("BOBBIN_MEMORY_TOOLS") != "on":
            return ()

        def per_space(platform: str) -> bool:
            return adapters[platform].capabilities.people_per_space

        tools = (
            Remember(self.memories, self._granting, per_space, undo_below, merge_below),
            Recall(self.memories, self._granting, per_space),
        )
        tokens = tool_tokens([tool.spec for tool in tools], tokenizer)
        if tokens * LEAST_SHARE > self.settings.context_tokens:
            logger.info(
                "The model has no memory tools: they take %d of BOBBIN_CONTEXT_TOKENS=%d",
                tokens,
                self.settings.context_tokens,
            )
            return ()
        return tools

    def capturing(self, system: str, saved: Callable[[int, int], None]) -> Capturing:
        """What is remembered unasked, in channels that want it.

        `system` is the system prompt, `saved` as in `Capturing`.
        """
        return Capturing(
            memories=self.memories,
            threads=self.threads,
            claims=self.threads.claims("bobbin"),
            system=system,
            bots=self._bots,
            unfit=lambda content: fault_in(normalised(MemoryText(content)), time.time()),
            clock=time.time,
            days=self.settings.integer("BOBBIN_CAPTURE_DAYS") or 0,
            buttons=unasked,
            new_id=new_id,
            saved=saved,
        )

    @property
    def _granting(self) -> Granting:
        return Granting(self.threads.links.of)

    def _bots(self, platform: str) -> frozenset[str]:
        rules = self.settings.access.bots
        return frozenset(
            rule.id for rule in rules if rule.platform == platform and rule.kind is Named.USER
        )
