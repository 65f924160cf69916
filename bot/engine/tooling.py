"""Calling the tools that a model asks for: checked, side by side, each within its time.

A call and its result live within one turn. Neither is stored: the log keeps what was said in the
end, so that no window can part a call from its result, and nothing a tool has found is sent again
by turns that did not ask for it. A successor of a process that died asks the model anew; a call
that it makes once more has the same `ToolContext.key`, and does nothing twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, cast

from bot.context.render import shorten
from bot.context.tokens import Tokenizer, tool_tokens
from bot.errors import BobbinError
from bot.model.port import Message, ToolCall, ToolSpec
from bot.plugins import resolve
from bot.tasks import end
from bot.tools import Tool, ToolContext

logger = logging.getLogger(__name__)

MOST_ROUNDS = 4
"""Times that tools are called for one answer; then the model has to do with what it knows."""

MOST_CALLS = 8
"""Calls of one round that are made; the others are told to come again."""

TOOL_SECONDS = 20.0
"""How long one call may take."""

LEAST_RESULT = 200
"""Tokens that any result may have."""

MOST_FAULTS = 3
"""Of one call's arguments that the model is told."""

LONGEST_FAULT = 300
"""Characters of one of them."""

NO_SUCH_TOOL = "There is no tool with that name. There are: {names}."
NOT_JSON = "The arguments are not a JSON object. Nothing was done; call it again with one."
WRONG = "The arguments do not fit. Nothing was done. {faults}"
TOO_SLOW = "It took too long and was given up. It may have been done or not."
TOO_OFTEN = (
    "This was not done: {name} is called {most} times for one answer at most. Say what was left "
    "out; people can ask for it again."
)
TOO_MANY = "Too many calls at once: this one was not made. Call again if you still need it."
NOT_DONE = "That did not work: {why}"

VALIDATOR = "jsonschema:Draft202012Validator"
"""It takes a tenth of a second to import, which only those pay who call tools."""


class _Fault(Protocol):
    @property
    def json_path(self) -> str: ...

    @property
    def message(self) -> str: ...


class _Validator(Protocol):
    def iter_errors(self, instance: object) -> Iterable[_Fault]: ...


class Toolbox:
    """The tools of a turn.

    Args:
        tools: Those there are, by name each once.
        tokenizer: Counts what they take of a prompt.
        seconds: How long one call may take.
    """

    def __init__(
        self, tools: Sequence[Tool], tokenizer: Tokenizer, seconds: float = TOOL_SECONDS
    ) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}
        self._tokenizer = tokenizer
        self._seconds = seconds
        self._made: dict[str, int] = {}
        self._called: dict[str, int] = {}
        self.specs: tuple[ToolSpec, ...] = tuple(tool.spec for tool in tools)
        self.tokens = tool_tokens(self.specs, tokenizer)

    async def call(
        self, calls: Sequence[ToolCall], context: ToolContext, room: int
    ) -> tuple[Message, ...]:
        """Make calls side by side; a message for each, in their order, which says how it went.

        Args:
            calls: As the model wants them.
            context: For whom; which call it is is filled in.
            room: Tokens that all results together may have.
        """
        each = max(LEAST_RESULT, room // max(1, len(calls)))
        tasks = [
            asyncio.create_task(self._call(call, context, n), name=f"tool {call.name}")
            for n, call in enumerate(calls)
        ]
        try:
            results = await asyncio.gather(*tasks)
        finally:
            await end(*tasks)
        count = self._tokenizer.count
        return tuple(
            Message("tool", shorten(result, each, count), call_id=call.id)
            for call, result in zip(calls, results, strict=True)
        )

    async def _call(self, call: ToolCall, context: ToolContext, place: int) -> str:
        tool = self._tools.get(call.name)
        if tool is None:
            return NO_SUCH_TOOL.format(names=", ".join(self._tools))
        if place >= MOST_CALLS:
            return TOO_MANY
        arguments = _object_of(call.arguments)
        if arguments is None:
            return NOT_JSON
        context = self._named(call, arguments, context)
        if faults := await _faults_in(arguments, tool.spec.parameters):
            return WRONG.format(faults=" ".join(faults))
        if tool.spec.most and self._called.get(call.name, 0) >= tool.spec.most:
            return TOO_OFTEN.format(name=call.name, most=tool.spec.most)
        self._called[call.name] = self._called.get(call.name, 0) + 1
        try:
            async with asyncio.timeout(self._seconds):
                return await tool.call(arguments, context)
        except TimeoutError:
            logger.warning("the tool %s took over %.0f s", call.name, self._seconds)
            return TOO_SLOW
        except BobbinError as error:
            logger.info("the tool %s failed: %s", call.name, error)
            return NOT_DONE.format(why=error.user_text)

    def _named(
        self, call: ToolCall, arguments: Mapping[str, object], context: ToolContext
    ) -> ToolContext:
        told = json.dumps([call.name, arguments], sort_keys=True, ensure_ascii=False)
        asked = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        number = self._made[asked] = self._made.get(asked, 0) + 1
        return replace(context, asked=asked, call=number)


def _object_of(arguments: str) -> Mapping[str, object] | None:
    """The arguments that a model wrote; none at all are an empty object."""
    try:
        read: object = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, object]", read) if isinstance(read, dict) else None


async def _faults_in(arguments: Mapping[str, object], schema: Mapping[str, object]) -> list[str]:
    make = cast(
        "Callable[[Mapping[str, object]], _Validator]", await asyncio.to_thread(resolve, VALIDATOR)
    )
    faults = list(make(schema).iter_errors(arguments))
    told = (f"{fault.json_path}: {fault.message}" for fault in faults[:MOST_FAULTS])
    return [line[:LONGEST_FAULT].rstrip(".") + "." for line in told]
