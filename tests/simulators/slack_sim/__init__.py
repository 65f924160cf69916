"""A Slack that runs on loopback: Web API, Socket Mode, and people who use them."""

from tests.simulators.slack_sim.model import (
    Ack,
    App,
    Channel,
    Ephemeral,
    File,
    Message,
    Request,
    ResponseUrl,
    Session,
    Shown,
    Status,
    User,
    Version,
    View,
    Workspace,
)
from tests.simulators.slack_sim.people import Interaction, SlashCall
from tests.simulators.slack_sim.simulator import SlackSimulator
from tests.simulators.slack_sim.state import Timing

__all__ = [
    "Ack",
    "App",
    "Channel",
    "Ephemeral",
    "File",
    "Interaction",
    "Message",
    "Request",
    "ResponseUrl",
    "Session",
    "Shown",
    "SlackSimulator",
    "SlashCall",
    "Status",
    "Timing",
    "User",
    "Version",
    "View",
    "Workspace",
]
