"""From a request body to what a message will say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulators.discord_sim.errors import ApiError, invalid_field
from tests.simulators.discord_sim.layouts import check_kept, check_legacy, check_v2
from tests.simulators.discord_sim.model import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    SUPPRESS_EMBEDS,
    Attachment,
    Channel,
    Message,
    Upload,
    User,
    Version,
)
from tests.simulators.discord_sim.rest import FILE_BYTES, REQUEST_BYTES
from tests.simulators.discord_sim.world import World


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it is posted, or the next state of one."""

    version: Version
    attachments: list[Attachment]
    embeds: list[dict[str, Any]]


def draft(
    world: World,
    channel: Channel,
    body: Mapping[str, Any],
    files: Mapping[int, Upload],
    *,
    before: Message | None = None,
    replied: User | None = None,
) -> Draft:
    """Return what a checked body makes of a new or existing message.

    Args:
        before: the message when it is an edit; fields that are missing stay as they are.
        replied: author of the message replied to.

    Raises:
        ApiError: nothing would be shown, a file is too large or not there, or Components V2 are
            mixed with content.
    """
    content = body.get("content", before.content if before else "") or ""
    components = body.get("components", before.components if before else ()) or ()
    embeds = body.get("embeds", before.embeds if before else ()) or []
    flags = _flags(body, before)
    attachments = _attachments(world, body, files, before)
    if flags & COMPONENTS_V2:
        # What an edit leaves as it was counts, too.
        check_v2({**body, "content": content, "embeds": embeds}, components)
    elif not (content.strip() or components or embeds or attachments or body.get("sticker_ids")):
        raise ApiError(50006)
    else:
        check_legacy(components)
    if before is not None:
        check_kept(flags, before.versions[-1].flags)
    version = world.version(
        channel,
        world.bot,
        content,
        flags=flags,
        components=components,
        rules=body.get("allowed_mentions"),
        replied=replied,
    )
    return Draft(version, attachments, list(embeds))


def _flags(body: Mapping[str, Any], before: Message | None) -> int:
    if before is None:
        return body.get("flags") or 0
    old = before.versions[-1].flags
    if body.get("flags") is None:
        return old & ~LOADING
    # Everything but these two is decided when the message is made.
    kept = old & ~(SUPPRESS_EMBEDS | COMPONENTS_V2 | LOADING)
    return kept | body["flags"] & ~EPHEMERAL | old & EPHEMERAL


def _attachments(
    world: World,
    body: Mapping[str, Any],
    files: Mapping[int, Upload],
    before: Message | None,
) -> list[Attachment]:
    sizes = [len(file.data) for file in files.values()]
    if any(size > FILE_BYTES for size in sizes) or sum(sizes) > REQUEST_BYTES:
        raise ApiError(40005)
    old = {item.id: item for item in before.attachments} if before else {}
    listed = body.get("attachments")
    if listed is None:
        return [*old.values(), *world.attachments([files[at] for at in sorted(files)])]
    kept: list[Attachment] = []
    described: dict[int, str] = {}
    names: dict[int, str] = {}
    for at, item in enumerate(listed):
        number = int(item["id"])
        if number in old:
            kept.append(old[number])
        elif number in files:
            described[number] = item.get("description")
            names[number] = item.get("filename") or files[number].filename
        else:
            raise invalid_field(
                f"attachments.{at}.id",
                "ATTACHMENT_NOT_FOUND",
                f"Attachment data for id {number} was not found",
            )
    for number in sorted(files):
        upload = files[number]
        name = names.get(number, upload.filename)
        made = world.attachments([Upload(name, upload.data, upload.content_type)])[0]
        made.description = described.get(number)
        kept.append(made)
    if len(kept) > 10:
        raise invalid_field("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    return kept
