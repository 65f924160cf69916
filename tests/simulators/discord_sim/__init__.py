"""A protocol-level Discord on loopback for tests."""

from tests.simulators.discord_sim.gateway import Gateway, Session
from tests.simulators.discord_sim.interactions import Interaction
from tests.simulators.discord_sim.model import (
    Attachment,
    Channel,
    ChannelType,
    Guild,
    Message,
    Request,
    Role,
    Upload,
    User,
    Version,
)
from tests.simulators.discord_sim.simulator import DiscordSimulator

__all__ = [
    "Attachment",
    "Channel",
    "ChannelType",
    "DiscordSimulator",
    "Gateway",
    "Guild",
    "Interaction",
    "Message",
    "Request",
    "Role",
    "Session",
    "Upload",
    "User",
    "Version",
]
