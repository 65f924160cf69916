"""Slack: threads opened by a mention, direct messages, slash commands.

Events come over Socket Mode, or by HTTP to an address of the bot's own.

This module imports no SDK, so that settings can be checked and documented without one.
"""

from typing import Literal

from bot.spec import AdapterSpec, IdForm, Named, Variable, VariableKind

LOOPBACK = "127.0.0.1"
PATH = "/slack/events"
"""Where Slack posts events, commands and choices in HTTP mode."""

INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
"""Where people install the app in further workspaces, and where Slack sends them back."""

StreamMode = Literal["auto", "native", "edit", "off"]
STREAM_MODES: tuple[StreamMode, ...] = ("auto", "native", "edit", "off")
"""How people see an answer grow; see SLACK_STREAMING below."""

SPEC = AdapterSpec(
    name="slack",
    title="Slack",
    create="adapters.slack.adapter:create",
    check="adapters.slack.check:check",
    variables=(
        Variable(
            "SLACK_BOT_TOKEN",
            "Bot token of the Slack app, page OAuth & Permissions.",
            VariableKind.SECRET,
            pattern=r"xoxb-\S+",
            expects="a bot token, which begins with xoxb-",
        ),
        Variable(
            "SLACK_APP_TOKEN",
            "App-level token with the scope connections:write, page Basic Information. For Socket "
            "Mode, by which the bot hears from Slack without an address of its own.",
            VariableKind.SECRET,
            pattern=r"xapp-\S+",
            expects="an app-level token, which begins with xapp-",
        ),
        Variable(
            "SLACK_SIGNING_SECRET",
            "Signing secret of the Slack app, page Basic Information. For HTTP mode; Socket Mode "
            "does not use it.",
            VariableKind.SECRET,
            pattern=r"\S{16,}",
            expects="the secret as Slack shows it, one word",
        ),
        Variable(
            "SLACK_CLIENT_ID",
            "Client ID of the Slack app, page Basic Information. Setting it in the place of "
            "SLACK_BOT_TOKEN makes the bot answer in every workspace that installs the app, by the "
            "page /slack/install on SLACK_HTTP_PORT.",
            pattern=r"\d+\.\d+",
            expects="the id as Slack shows it, two numbers with a dot between them",
        ),
        Variable(
            "SLACK_CLIENT_SECRET",
            "Client secret of the Slack app, page Basic Information. For many workspaces.",
            VariableKind.SECRET,
            pattern=r"\S{16,}",
            expects="the secret as Slack shows it, one word",
        ),
        Variable(
            "SLACK_INSTALL_KEYS",
            "What the tokens of the workspaces are encrypted with in Redis: 32 random bytes in "
            "base64, as `openssl rand -base64 32` makes them. To replace the key put a new one in "
            "front of it, with a comma, and remove the old one after a restart.",
            VariableKind.SECRET,
            pattern=r"[\w+/-]{43}=(?:[,\s]+[\w+/-]{43}=)*",
            expects="one or more keys of 44 characters, with commas between them",
        ),
        Variable(
            "SLACK_HTTP_PORT",
            "Port on which Slack's requests are taken, at the path /slack/events. Setting it "
            "chooses HTTP mode, and SLACK_APP_TOKEN is not needed. Empty: Socket Mode. With "
            "SLACK_CLIENT_ID the page for installing is served there too, also in Socket Mode, "
            "which SLACK_APP_TOKEN chooses then.",
            VariableKind.INTEGER,
            least=1,
            most=65_535,
        ),
        Variable(
            "SLACK_HTTP_HOST",
            "Address of this machine to listen on in HTTP mode. 0.0.0.0: all of them.",
            default=LOOPBACK,
            pattern=r"\S+",
            expects="one address",
        ),
        Variable(
            "SLACK_STREAMING",
            "How people see an answer grow. auto: by Slack's own streams in direct messages, by "
            "edits elsewhere, since only one person sees a stream grow. native: by streams "
            "everywhere. edit: by edits everywhere. off: not at all, it comes when it is complete.",
            default="auto",
            pattern="|".join(STREAM_MODES),
            expects="auto, native, edit or off",
        ),
        Variable(
            "SLACK_HISTORY",
            "How much of the past Slack lets the app read. full: for an app that you have made for "
            "your own workspaces. scarce: 15 messages a minute, for an app that is given to others "
            "without being in Slack's Marketplace; of a thread that I am called into I then know "
            "the first ones only.",
            default="full",
            pattern="full|scarce",
            expects="full or scarce",
        ),
        Variable(
            "SLACK_API_URL",
            "Address of the Web API, for a proxy. Empty: Slack itself.",
            VariableKind.URL,
        ),
    ),
    needs=("SLACK_BOT_TOKEN",),
    instead=(("SLACK_BOT_TOKEN", "SLACK_CLIENT_ID"),),
    either=("SLACK_APP_TOKEN", "SLACK_HTTP_PORT"),
    implies=(
        ("SLACK_HTTP_PORT", "SLACK_SIGNING_SECRET"),
        ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"),
        ("SLACK_CLIENT_ID", "SLACK_INSTALL_KEYS"),
    ),
    uses=("BOBBIN_ALLOW", "BOBBIN_DENY", "BOBBIN_ADMINS"),
    ids=(
        IdForm(Named.SPACE, "workspace", r"[TE][A-Z0-9]+", "T and more, as in its address"),
        IdForm(Named.CHANNEL, "channel", r"[CGD][A-Z0-9]+", "C and more (at the end of its page)"),
        IdForm(Named.ROLE, "role", r"S[A-Z0-9]+", "a user group's id, S and more"),
        IdForm(Named.USER, "user", r"[UWB][A-Z0-9]+", "U and more (Copy member ID)"),
    ),
)
