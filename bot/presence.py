"""Who reads along where something is said: from what an adapter tells to an `Audience`. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.audience import Audience, person_of
from bot.capabilities import Capabilities
from bot.chat import Author, CommandCall, Incoming, ThreadKey


def audience_of(event: Incoming, capabilities: Capabilities) -> Audience:
    """Who reads the answer to a message."""
    thread = event.thread
    per_space = capabilities.people_per_space
    alone = None
    if event.direct:
        alone = person_of(thread.platform, thread.space, event.author.id, per_space=per_space)
    return Audience(
        thread.platform,
        thread.space,
        thread.channel,
        thread,
        alone,
        direct=event.direct,
        members=_is_within(event.author, event.direct, per_space) and not event.shared,
        confined=event.confined,
    )


def audience_of_mail(mail: Sequence[Incoming], capabilities: Capabilities) -> Audience:
    """Who reads the answer to all of these messages of one conversation.

    Where the messages differ everybody whom one of them tells of reads along.
    """
    audiences = [audience_of(event, capabilities) for event in mail]
    newest = audiences[-1]
    alone = newest.alone if all(each.alone == newest.alone for each in audiences) else None
    return Audience(
        newest.platform,
        newest.space,
        newest.channel,
        newest.thread,
        alone,
        direct=newest.direct,
        members=all(each.members for each in audiences),
        confined=any(each.confined for each in audiences),
    )


def audience_of_call(
    call: CommandCall, capabilities: Capabilities, *, private: bool = True
) -> Audience:
    """Who reads the reply to a command.

    A conversation elsewhere, which the caller has only named, is no part of the place.

    Args:
        call: The command.
        capabilities: Of the platform that it was called on.
        private: The reply is shown to the caller only.
    """
    per_space = capabilities.people_per_space
    person = person_of(call.platform, call.space, call.author.id, per_space=per_space)
    within = _is_within(call.author, call.direct, per_space)
    thread = call.thread
    if thread is not None and not _is_in(thread, call):
        thread = None
    return Audience(
        call.platform,
        call.space,
        call.channel if thread is None else thread.channel,
        thread,
        person if private or call.direct else None,
        direct=call.direct,
        members=within and (private or not call.shared),
        confined=call.confined,
    )


def _is_in(thread: ThreadKey, call: CommandCall) -> bool:
    """A command was called in a conversation, or in the channel that it lies in."""
    return (thread.platform, thread.space) == (call.platform, call.space) and call.channel in (
        thread.channel,
        thread.thread,
    )


def _is_within(author: Author, direct: bool, per_space: bool) -> bool:
    """Somebody belongs to the space; direct messages may belong to none."""
    return not author.is_outside and (per_space or not direct)
