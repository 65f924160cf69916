"""Talk to the bot in a terminal or through a pipe; runs when no platform token is set."""

from bot.spec import AdapterSpec

SPEC = AdapterSpec(
    name="console",
    title="The terminal",
    create="adapters.console.adapter:create",
    uses=("BOBBIN_DATA_DIR",),
)
