"""What the simulated Slack holds of a thread, as records for a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from tests.pictures import shown
from tests.pictures.inlines import EMOJI, MARKDOWN, MRKDWN, Dialect, Names, runs
from tests.pictures.marks import blocks
from tests.simulators.slack_sim import Ephemeral, Message, SlackSimulator

CONTROLS = frozenset({"actions", "context_actions"})


def thread(sim: SlackSimulator, root: Message, clock: Sequence[str]) -> shown.Thread:
    """A thread below a message.

    Args:
        sim: Where it is.
        root: Its first message.
        clock: The time of day of each message, oldest first; simulated time passes as fast as
            the machine allows.
    """
    channel = sim.state.channels[root.channel]
    whispers = [
        note
        for note in sim.ephemerals(channel)
        if note.thread_ts == root.ts and note.visible and not note.deleted
    ]
    said: list[Message | Ephemeral] = [*sim.thread(channel, root), *whispers]
    said.sort(key=lambda item: Decimal(item.ts))
    first, *replies = (_message(sim, item, at) for item, at in zip(said, clock, strict=True))
    status = sim.status(root)
    session = sim.session(root)
    return shown.Thread(
        place=f"{sim.workspace.name}  ›  # {channel.name}",
        title=session.title if session and session.title else "Thread",
        root=first,
        replies=tuple(replies),
        status=f"{sim.workspace.bot.display_name} {status}" if status else "",
    )


def _message(sim: SlackSimulator, message: Message | Ephemeral, at: str) -> shown.Message:
    names = _names(sim)
    controls = tuple(_rows(message.blocks))
    if isinstance(message, Ephemeral):
        found = tuple(_written(message.text, message.blocks, MRKDWN, names))
        author = sim.workspace.bot.display_name
        private = sim.state.users[message.user].display_name
        return shown.Message(author, True, at, found, private=private, controls=controls)
    newest = message.versions[-1]
    author = sim.state.users[message.user]
    dialect = MARKDOWN if newest.markdown else MRKDWN
    return shown.Message(
        author=message.username or author.display_name,
        app=author.is_bot,
        at=at,
        blocks=tuple(_written(newest.text, newest.blocks, dialect, names)),
        edited=newest.edited_ts is not None,
        files=tuple(sim.state.files[file].name for file in message.files),
        reactions=tuple(
            shown.Reaction(EMOJI.get(name, f":{name}:"), len(users))
            for name, users in message.reactions.items()
        ),
        controls=controls,
    )


def _names(sim: SlackSimulator) -> Names:
    def name(sign: str, id_: str) -> str:
        if sign == "#":
            channel = sim.state.channels.get(id_)
            return channel.name if channel else "unknown"
        user = sim.state.users.get(id_)
        return user.display_name if user else "unknown"

    return name


def _written(
    text: str, given: Sequence[Any], dialect: Dialect, names: Names
) -> Iterator[shown.Block]:
    """Blocks are what is shown where there are any; the text stands in notifications then."""
    told = [block for block in given if block["type"] not in CONTROLS]
    if not told:
        yield from blocks(text, dialect, names)
    for block in told:
        yield from _block(block, names)


def _block(block: Any, names: Names) -> Iterator[shown.Block]:
    match block["type"]:
        case "markdown":
            yield from blocks(block["text"], MARKDOWN, names)
        case "section":
            for part in filter(None, (block.get("text"), *block.get("fields", ()))):
                yield from blocks(part["text"], _dialect(part), names)
        case "header":
            yield shown.Heading(2, (shown.Run(block["text"]["text"]),))
        case "context":
            for part in block["elements"]:
                if "text" in part:
                    found = runs(part["text"], _dialect(part), names)
                    yield shown.Paragraph(found, small=True)
        case "divider":
            yield shown.Rule()
        case "rich_text":
            yield shown.Paragraph(tuple(_rich(block["elements"], names)))
        case "table":
            header, *rows = ([_cell(cell, names) for cell in row] for row in block["rows"])
            aligns: list[shown.Align] = ["left" for _ in header]
            yield shown.Table(tuple(header), tuple(map(tuple, rows)), tuple(aligns))
        case kind:
            yield shown.Paragraph((shown.Run(_title(block) or f"[{kind}]"),), small=True)


def _title(block: Any) -> str:
    """What a block of another kind says of itself."""
    given = block.get("title") or block.get("alt_text") or ""
    return given if isinstance(given, str) else str(given.get("text", ""))


def _dialect(part: Any) -> Dialect:
    return MRKDWN if part["type"] == "mrkdwn" else MARKDOWN


def _cell(cell: Any, names: Names) -> shown.Runs:
    if cell["type"] == "rich_text":
        return tuple(_rich(cell["elements"], names))
    return (shown.Run(cell["text"]),)


def _rich(elements: Iterable[Any], names: Names) -> Iterator[shown.Run]:
    for element in elements:
        style = element.get("style") if isinstance(element.get("style"), dict) else {}
        words = shown.Run(
            element.get("text", ""),
            bold=bool(style.get("bold")),
            italic=bool(style.get("italic")),
            struck=bool(style.get("strike")),
            code=bool(style.get("code")),
        )
        match element["type"]:
            case "text":
                yield words
            case "link":
                yield shown.Run(element.get("text") or element["url"], hue="link")
            case "user":
                yield shown.Run("@" + names("@", element["user_id"]), hue="mention")
            case "emoji":
                yield shown.Run(EMOJI.get(element["name"], f":{element['name']}:"))
            case _:
                yield from _rich(element.get("elements", ()), names)


def _rows(given: Iterable[Any]) -> Iterator[tuple[shown.Button, ...]]:
    for block in given:
        if block["type"] in CONTROLS:
            yield tuple(button for each in block["elements"] for button in _control(each))


def _control(element: Any) -> Iterator[shown.Button]:
    match element["type"]:
        case "button":
            style = element.get("style")
            yield shown.Button(element["text"]["text"], style or "plain")
        case "feedback_buttons":
            # Slack draws the thumbs itself; the labels are for screen readers.
            yield shown.Button("👍", framed=False)
            yield shown.Button("👎", framed=False)
        case "icon_button":
            yield shown.Button(element["text"]["text"], framed=False)
        case _:
            label = (element.get("placeholder") or {}).get("text", "Choose")
            yield shown.Button(f"{label}  ▾")
