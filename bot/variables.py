"""The engine's own variables, by subject; adapters bring theirs in their `AdapterSpec`."""

from __future__ import annotations

from collections.abc import Mapping

from bot.spec import Variable, VariableKind

MODEL: tuple[Variable, ...] = (
    Variable(
        "OPENAI_API_KEY",
        "Key for the model's provider. Without it and without OPENAI_BASE_URL a built-in demo "
        "model answers.",
        VariableKind.SECRET,
    ),
    Variable(
        "OPENAI_BASE_URL",
        "Address of an OpenAI-compatible server, up to and including /v1. Empty: OpenAI itself.",
        VariableKind.URL,
    ),
    Variable("OPENAI_MODEL", "Name of the model.", default="gpt-6-luna"),
    Variable(
        "OPENAI_TEMPERATURE",
        "Sampling temperature. Leave it empty for models that do not take one.",
        VariableKind.NUMBER,
        least=0,
        most=2,
    ),
    Variable(
        "OPENAI_MAX_OUTPUT_TOKENS",
        "Longest answer in tokens. Empty: the model's own limit.",
        VariableKind.INTEGER,
        least=16,
    ),
)
"""The model that answers."""

STORE: tuple[Variable, ...] = (
    Variable(
        "REDIS_URL",
        "Redis or Valkey to keep conversations in. Empty: a bundled server, its data in "
        "BOBBIN_DATA_DIR.",
        VariableKind.URL,
        schemes=("redis", "rediss", "unix"),
    ),
    Variable(
        "BOBBIN_DATA_DIR",
        "Folder of the bundled server's data. Give each bot its own.",
        VariableKind.PATH,
        default="~/.local/share/bobbin",
    ),
    Variable(
        "BOBBIN_REDIS_PASSWORD",
        "Password of the Redis that docker-compose.yml starts; the bot itself reads REDIS_URL. "
        "Empty: a fixed one, which only these containers can use.",
        VariableKind.SECRET,
        pattern=r"[A-Za-z0-9_.~-]+",
        expects="letters, digits and _ . ~ - only",
    ),
    Variable(
        "BOBBIN_RETENTION_DAYS",
        "A conversation is deleted this many days after its last message.",
        VariableKind.INTEGER,
        default="90",
        least=1,
        most=36_500,
    ),
)
"""Where conversations are kept, and how long."""

CONVERSATION: tuple[Variable, ...] = (
    Variable(
        "BOBBIN_CONTEXT_TOKENS",
        "Most tokens of conversation sent to the model; past it the oldest part is summarised.",
        VariableKind.INTEGER,
        default="8000",
        least=1000,
        most=1_000_000,
    ),
    Variable(
        "BOBBIN_SYSTEM_PROMPT",
        "What the model is told about itself and this place. Empty: a short built-in text.",
    ),
    Variable(
        "BOBBIN_SYSTEM_PROMPT_FILE",
        "A file with that text; use one or the other.",
        VariableKind.PATH,
    ),
)
"""What the model is sent."""

OPERATION: tuple[Variable, ...] = (
    Variable(
        "BOBBIN_LEASE_SECONDS",
        "A process that stays silent this long has lost its answers to another process.",
        VariableKind.NUMBER,
        default="15",
        least=0.5,
        most=300,
    ),
    Variable(
        "BOBBIN_GRACE_SECONDS",
        "How long running answers may take to finish when the process is told to end; the rest "
        "goes to another process.",
        VariableKind.NUMBER,
        default="25",
        least=0,
        most=3600,
    ),
    Variable(
        "BOBBIN_LOG_LEVEL",
        "How much is logged: DEBUG, INFO, WARNING or ERROR.",
        default="INFO",
        pattern="DEBUG|INFO|WARNING|ERROR",
        expects="DEBUG, INFO, WARNING or ERROR",
    ),
)
"""How the processes run and what they tell."""

SECTIONS: Mapping[str, tuple[Variable, ...]] = {
    "Model": MODEL,
    "Store": STORE,
    "Conversation": CONVERSATION,
    "Operation": OPERATION,
}
"""All of them, as the pages show them."""

CORE: tuple[Variable, ...] = tuple(each for group in SECTIONS.values() for each in group)
