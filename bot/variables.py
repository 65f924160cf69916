"""The engine's own variables, by subject; adapters bring theirs in their `AdapterSpec`."""

from __future__ import annotations

from collections.abc import Mapping

from bot.spec import Variable, VariableKind


def _switch(name: str, text: str, default: str) -> Variable:
    return Variable(name, text, default=default, pattern="on|off", expects="on or off")


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
        "OPENAI_API",
        "Over which API the model is asked: responses, chat (completions), or auto: responses at "
        "OpenAI itself, whose newer models take tools only there, and chat at other addresses.",
        default="auto",
        pattern="auto|chat|responses",
        expects="auto, chat or responses",
    ),
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
    Variable(
        "OPENAI_TRANSCRIPTION_MODEL",
        "Name of the model that writes down voice messages and other recordings; off: they are not "
        "listened to. Empty: gpt-transcribe at OpenAI itself, and off at other addresses.",
    ),
)
"""The model that answers."""

IMAGES: tuple[Variable, ...] = (
    Variable(
        "OPENAI_IMAGE_MODEL",
        "Name of the model that makes images, such as gpt-image-2.5-flare. Empty: /imagine is not "
        "offered.",
    ),
    Variable(
        "OPENAI_IMAGE_SIZE",
        "Size of the images.",
        default="1024x1024",
        pattern=r"auto|[1-9]\d{1,3}x[1-9]\d{1,3}",
        expects="auto, or width and height in pixels as in 1024x1024",
    ),
    Variable(
        "BOBBIN_IMAGE_PRICE",
        "US dollars that one image costs; budgets count it. Empty: not known.",
        VariableKind.NUMBER,
        least=0,
        most=100,
    ),
    Variable(
        "BOBBIN_IMAGES_PER_DAY",
        "Most images for one person in a day. 0: no limit.",
        VariableKind.INTEGER,
        default="10",
        least=0,
        most=10_000,
    ),
)
"""Images that people ask for."""

STORE: tuple[Variable, ...] = (
    Variable(
        "REDIS_URL",
        "Redis or Valkey to keep conversations in: redis:// (rediss:// with TLS), unix://, "
        "redis+cluster:// or redis+sentinel://. Empty: a bundled server, its data in "
        "BOBBIN_DATA_DIR.",
        VariableKind.REDIS_URL,
        private=True,
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
        private=False,
    ),
    Variable(
        "BOBBIN_RETENTION_DAYS",
        "A conversation is deleted this many days after its last message.",
        VariableKind.INTEGER,
        default="90",
        least=1,
        most=36_500,
    ),
    Variable(
        "BOBBIN_IMPORT_RETENTION_DAYS",
        "A conversation that was brought from another assistant is deleted this many days after it "
        "came. 0: it stays until somebody deletes it.",
        VariableKind.INTEGER,
        default="0",
        least=0,
        most=36_500,
    ),
    Variable(
        "BOBBIN_MEMORIES_PER_SCOPE",
        "Most memories that one person, conversation, channel or server may have; then no more are "
        "taken, and none is thrown out. What was corrected does not count among them; as many of "
        "these are kept again. 0: no limit.",
        VariableKind.INTEGER,
        default="10000",
        least=0,
        most=10_000_000,
    ),
)
"""Where conversations and memories are kept, and how long."""

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
        "BOBBIN_RECALL_TOKENS",
        "Most tokens of memories and earlier conversations that go along with a question; at most "
        "an eighth of BOBBIN_CONTEXT_TOKENS. 0: none do.",
        VariableKind.INTEGER,
        default="500",
        least=0,
        most=100_000,
    ),
    _switch(
        "BOBBIN_MEMORY_TOOLS",
        "Whether the model may remember what it is asked to and search what is remembered. Switch "
        "it off for servers without tool calling; it is off where BOBBIN_CONTEXT_TOKENS is below "
        "some 1200.",
        "on",
    ),
    Variable(
        "BOBBIN_CAPTURE_DAYS",
        "What is remembered unasked, in channels with /settings memory=on, is forgotten after so "
        "many days unless somebody keeps it.",
        VariableKind.INTEGER,
        default="90",
        least=1,
        most=36_500,
    ),
    Variable(
        "BOBBIN_SILENCE_HOURS",
        "In a conversation that was silent this long it waits to be mentioned again. 0: never. "
        "/settings changes it for a channel.",
        VariableKind.NUMBER,
        default="72",
        least=0,
        most=8760,
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
    Variable(
        "BOBBIN_ATTACHMENT_MB",
        "Largest attachment that is read, in megabytes; those of one answer may have twice that "
        "together. 0: attachments are named, but none is read.",
        VariableKind.INTEGER,
        default="20",
        least=0,
        most=100,
    ),
    Variable(
        "BOBBIN_FILE_PARTS",
        "An answer of more messages than this, or one that is a long block of code, is also handed "
        "over as a file. 0: none is.",
        VariableKind.INTEGER,
        default="3",
        least=0,
        most=100,
    ),
)
"""What the model is sent, and how its answers are handed over."""

MEMORY: tuple[Variable, ...] = (
    Variable(
        "BOBBIN_EMBEDDINGS",
        "Whether memories and past conversations are also searched by meaning. off: by words "
        "alone. local: with a small English model on this computer, which `bobbin doctor` helps "
        "to install. openai: what is searched is sent to OPENAI_EMBEDDING_MODEL.",
        default="off",
        pattern="off|local|openai",
        expects="off, local or openai",
    ),
    Variable(
        "OPENAI_EMBEDDING_MODEL",
        "Name of the model of embeddings, for BOBBIN_EMBEDDINGS=openai. Memories are embedded "
        "anew when it changes.",
        default="text-embedding-3-small",
    ),
    Variable(
        "OPENAI_EMBEDDING_BASE_URL",
        "Address of the server that offers it, up to and including /v1. Empty: as for the model.",
        VariableKind.URL,
    ),
    Variable(
        "OPENAI_EMBEDDING_API_KEY",
        "Key for that server. OPENAI_API_KEY is only sent to the model's own.",
        VariableKind.SECRET,
    ),
)
"""Long-term memory."""


def _tokens(name: str, text: str) -> Variable:
    return Variable(name, text, VariableKind.INTEGER, least=1)


def _dollars(name: str, text: str) -> Variable:
    return Variable(name, text, VariableKind.NUMBER, least=0.0001)


ACCESS: tuple[Variable, ...] = (
    Variable(
        "BOBBIN_ALLOW",
        "Where and whom it answers, as platform:kind:id with commas between, such as "
        "discord:server:123, discord:role:99, slack:workspace:T1, slack:channel:C2, "
        "slack:user:U7. Empty: everywhere and everybody.",
    ),
    Variable("BOBBIN_DENY", "Where and whom it never answers, written in the same way. Wins."),
    Variable(
        "BOBBIN_ADMINS",
        "Users and roles that count as admins, written in the same way.",
    ),
    _switch(
        "BOBBIN_PLATFORM_ADMINS",
        "Whether those who manage a server, channel or workspace count as admins, too.",
        "on",
    ),
    _switch("BOBBIN_DIRECT_MESSAGES", "Whether direct messages are answered.", "on"),
    Variable(
        "BOBBIN_BOTS",
        "Other bots that are answered, as platform:user:id with commas between. Empty: none.",
    ),
    Variable(
        "BOBBIN_BOT_MESSAGES",
        "After so many messages of other bots in a row in a conversation, or in all conversations "
        "of one channel together, it does not answer bots there until a person writes. The count "
        "of a channel also ends an hour after the last one that was answered.",
        VariableKind.INTEGER,
        default="6",
        least=1,
        most=1000,
    ),
    _switch(
        "BOBBIN_OUTSIDERS",
        "Whether guests and people of other organisations are answered. They are never admins.",
        "off",
    ),
)
"""Who may talk to it, and where."""

BUDGETS: tuple[Variable, ...] = (
    _tokens(
        "BOBBIN_BUDGET_USER_TOKENS", "Most tokens a day (UTC) for one person. Empty: no limit."
    ),
    _dollars("BOBBIN_BUDGET_USER_COST", "Most US dollars a day for one person."),
    _tokens("BOBBIN_BUDGET_CHANNEL_TOKENS", "Most tokens a day for one channel with its threads."),
    _dollars("BOBBIN_BUDGET_CHANNEL_COST", "Most US dollars a day for one channel."),
    _tokens("BOBBIN_BUDGET_SPACE_TOKENS", "Most tokens a day for one server or workspace."),
    _dollars("BOBBIN_BUDGET_SPACE_COST", "Most US dollars a day for one server or workspace."),
    _tokens(
        "BOBBIN_BUDGET_OUTSIDERS_TOKENS",
        "Most tokens a day for all outsiders of one server or workspace together.",
    ),
    _dollars(
        "BOBBIN_BUDGET_OUTSIDERS_COST",
        "Most US dollars a day for all outsiders of one server or workspace together.",
    ),
    Variable(
        "BOBBIN_REQUESTS_PER_MINUTE",
        "How often one person may ask in a minute. Empty: no limit.",
        VariableKind.INTEGER,
        least=1,
        most=6000,
    ),
    _switch("BOBBIN_BUDGET_EXEMPT_ADMINS", "Whether admins are answered over every budget.", "off"),
)
"""How much may be used."""

OPERATION: tuple[Variable, ...] = (
    Variable(
        "BOBBIN_WAITING_MESSAGES",
        "So many messages of one conversation wait for its next answer at most. Further ones are "
        "not taken, and people are told so once. What was said while nobody listened is taken.",
        VariableKind.INTEGER,
        default="100",
        least=1,
        most=10_000,
    ),
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
    Variable(
        "BOBBIN_LOG_FORMAT",
        "How a log line looks: text for people, json for programs; auto is text on a terminal.",
        default="auto",
        pattern="auto|json|text",
        expects="auto, json or text",
    ),
)
"""How the processes run and what they tell."""

OUTSIDE: tuple[Variable, ...] = (
    Variable(
        "BOBBIN_HTTP_PORT",
        "Port of /healthz, /readyz and /metrics. Empty: they are off. 0: any free one, which the "
        "log names.",
        VariableKind.INTEGER,
        least=0,
        most=65_535,
    ),
    Variable(
        "BOBBIN_HTTP_HOST",
        "Address to serve them at. They ask for no password: let only your own network reach it.",
        default="127.0.0.1",
        pattern=r"[A-Za-z0-9.:_-]+",
        expects="a host name or an IP address",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "Base address of an OTLP/HTTP receiver for OpenTelemetry spans, which need the extra: "
        ".venv/bin/pip install 'bobbin[otel]'. Empty: no spans.",
        VariableKind.URL,
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "Headers for that receiver, as in name=value,name=value.",
        VariableKind.SECRET,
    ),
)
"""What is seen of a process from outside."""

API: tuple[Variable, ...] = (
    Variable(
        "BOBBIN_API_PORT",
        "Port of REST and MCP, by which other programs use memories; docs/memory-api.md tells how. "
        "Empty: they are off. 0: any free one, which the log names.",
        VariableKind.INTEGER,
        least=0,
        most=65_535,
    ),
    Variable(
        "BOBBIN_API_HOST",
        "Address to serve them at. Beyond this computer put a proxy with TLS in front: tokens "
        "travel with each request.",
        default="127.0.0.1",
        pattern=r"[A-Za-z0-9.:_-]+",
        expects="a host name or an IP address",
    ),
    Variable(
        "BOBBIN_API_URL",
        "Where other programs reach them, such as https://bobbin.example.com. Empty: host and port "
        "as above.",
        VariableKind.URL,
    ),
    Variable(
        "BOBBIN_API_PER_MINUTE",
        "Most requests with one token in a minute.",
        VariableKind.INTEGER,
        default="300",
        least=1,
        most=100_000,
    ),
    Variable(
        "BOBBIN_TOKEN",
        "The token that `bobbin mcp` works with; the bot itself needs none. `bobbin tokens create` "
        "makes one.",
        VariableKind.SECRET,
    ),
)
"""How other programs use memories."""

SECTIONS: Mapping[str, tuple[Variable, ...]] = {
    "Model": MODEL,
    "Images": IMAGES,
    "Store": STORE,
    "Conversation": CONVERSATION,
    "Memory": MEMORY,
    "Access": ACCESS,
    "Budgets": BUDGETS,
    "Operation": OPERATION,
    "Seen from outside": OUTSIDE,
    "Open to other programs": API,
}
"""All of them, as the pages show them."""

CORE: tuple[Variable, ...] = tuple(each for group in SECTIONS.values() for each in group)
