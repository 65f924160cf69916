"""Discord: threads opened by a mention, direct messages, slash commands.

This module imports no SDK, so that settings can be checked and documented without one.
"""

from bot.spec import AdapterSpec, IdForm, Named, Variable, VariableKind

_SNOWFLAKE = r"[0-9]{1,20}"
_A_NUMBER = "a number (Copy ID, with the developer mode on)"

SPEC = AdapterSpec(
    name="discord",
    title="Discord",
    create="adapters.discord.adapter:create",
    check="adapters.discord.check:check",
    variables=(
        Variable(
            "DISCORD_TOKEN",
            "Bot token from the Discord developer portal, page Bot.",
            VariableKind.SECRET,
            pattern=r"\S+",
            expects="one word, without Bot before it",
        ),
        Variable(
            "DISCORD_API_URL",
            "Address of the REST API with its version, for a proxy. Empty: Discord itself.",
            VariableKind.URL,
        ),
        Variable(
            "DISCORD_GATEWAY_URL",
            "Address of the gateway, for a proxy. Empty: Discord itself.",
            VariableKind.URL,
            schemes=("ws", "wss"),
        ),
    ),
    needs=("DISCORD_TOKEN",),
    ids=(
        IdForm(Named.SPACE, "server", _SNOWFLAKE, _A_NUMBER),
        IdForm(Named.CHANNEL, "channel", _SNOWFLAKE, _A_NUMBER),
        IdForm(Named.ROLE, "role", _SNOWFLAKE, _A_NUMBER),
        IdForm(Named.USER, "user", _SNOWFLAKE, _A_NUMBER),
    ),
)
