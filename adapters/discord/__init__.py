"""Discord: threads opened by a mention, direct messages, commands, menus.

This module imports no SDK, so that settings can be checked and documented without one.
"""

from adapters.discord.shards import is_plan
from adapters.discord.values import DIRECT_SPACE
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
        Variable(
            "DISCORD_SHARDS",
            "Which servers this process hears: 3/8 is shard 3 of 8, counted from 0; auto shares "
            "all shards with the other processes, auto/8 says how many there are. Empty: all "
            "servers over one connection.",
            pattern=r"auto(/[1-9]\d{0,4})?|\d{1,5}/[1-9]\d{0,4}",
            expects="auto, auto/8, or a shard and their number like 3/8, the first being 0/8",
            accepts=is_plan,
            option="shard",
        ),
        Variable(
            "DISCORD_PRESENTATION",
            "How answers look: plain is ordinary text, in messages of up to 2,000 characters; "
            "components lets a message that grows beyond that go on to 4,000, as Components V2.",
            default="plain",
            pattern="plain|components",
            expects="plain or components",
        ),
        Variable(
            "DISCORD_IDENTIFY_SECONDS",
            "Seconds between two log-ins at the gateway that Discord counts together. Its rule is "
            "5; less is for a gateway proxy, and 0 for one that logs in by itself: nothing is "
            "counted then.",
            VariableKind.NUMBER,
            default="5",
            least=0,
            most=60,
        ),
    ),
    needs=("DISCORD_TOKEN",),
    ids=(
        IdForm(Named.SPACE, "server", _SNOWFLAKE, _A_NUMBER),
        IdForm(Named.CHANNEL, "channel", _SNOWFLAKE, _A_NUMBER),
        IdForm(Named.ROLE, "role", _SNOWFLAKE, _A_NUMBER),
        IdForm(Named.USER, "user", _SNOWFLAKE, _A_NUMBER),
    ),
    uses=("BOBBIN_LEASE_SECONDS",),
    direct_space=DIRECT_SPACE,
)
