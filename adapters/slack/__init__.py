"""Slack: threads opened by a mention, direct messages, slash commands, over Socket Mode.

This module imports no SDK, so that settings can be checked and documented without one.
"""

from bot.spec import AdapterSpec, IdForm, Named, Variable, VariableKind

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
            "App-level token with the scope connections:write, page Basic Information. "
            "Socket Mode, by which the bot hears from Slack, needs it.",
            VariableKind.SECRET,
            pattern=r"xapp-\S+",
            expects="an app-level token, which begins with xapp-",
        ),
        Variable(
            "SLACK_SIGNING_SECRET",
            "Signing secret of the Slack app. Socket Mode does not use it; it may stay empty, and "
            "it does not replace SLACK_APP_TOKEN.",
            VariableKind.SECRET,
            pattern=r"\S+",
            expects="one word",
        ),
        Variable(
            "SLACK_API_URL",
            "Address of the Web API, for a proxy. Empty: Slack itself.",
            VariableKind.URL,
        ),
    ),
    needs=("SLACK_BOT_TOKEN",),
    either=("SLACK_APP_TOKEN",),
    ids=(
        IdForm(Named.SPACE, "workspace", r"[TE][A-Z0-9]+", "T and more, as in its address"),
        IdForm(Named.CHANNEL, "channel", r"[CGD][A-Z0-9]+", "C and more (at the end of its page)"),
        IdForm(Named.ROLE, "role", r"S[A-Z0-9]+", "a user group's id, S and more"),
        IdForm(Named.USER, "user", r"[UWB][A-Z0-9]+", "U and more (Copy member ID)"),
    ),
)
