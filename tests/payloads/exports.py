"""What other programs export, as they shape it: ChatGPT, Claude, mem0, the MCP memory server."""

from __future__ import annotations

from typing import Any

MEM0_ITEM: dict[str, Any] = {
    "id": "8d0c1f0e-6e3b-4c55-9f0e-6e2f0a6d2c11",
    "memory": "Prefers linen warp over cotton",
    "hash": "5c1f2f8a0d9d4a0f8d6a54e2b1c3d4e5",
    "metadata": {"category": "weaving", "type": "preference", "tags": ["Warp"]},
    "score": 0.31,
    "created_at": "2025-03-02T09:15:27.123456-07:00",
    "updated_at": None,
    "user_id": "ada",
    "agent_id": None,
    "run_id": "run-7",
    "categories": ["Hobbies", "personal details"],
}
MEM0_FULL: dict[str, Any] = {
    "results": [MEM0_ITEM, {"id": "b2", "memory": "Has two looms", "created_at": None}],
    "relations": [{"source": "ada", "relationship": "owns", "target": "loom"}],
}
MEM0_PLATFORM: dict[str, Any] = {
    "count": 1,
    "next": None,
    "previous": None,
    "results": [{**MEM0_ITEM, "expiration_date": "2031-01-31", "structured_attributes": {"d": 2}}],
}

ENTITY: dict[str, Any] = {
    "type": "entity",
    "name": "Ada_Loom",
    "entityType": "person",
    "observations": ["Weaves on Tuesdays", "Ada_Loom speaks Latvian"],
}
RELATION: dict[str, Any] = {
    "type": "relation",
    "from": "Ada_Loom",
    "to": "Guild",
    "relationType": "is_member_of",
}
BARE_ENTITY: dict[str, Any] = {
    "type": "entity",
    "name": "Guild",
    "entityType": "organization",
    "observations": [],
}


def node(
    name: str,
    parent: str | None,
    role: str,
    parts: list[Any],
    at: float | None,
    *,
    kind: str = "text",
    recipient: str = "all",
    **metadata: Any,
) -> dict[str, Any]:
    """A message of ChatGPT's tree."""
    return {
        "id": name,
        "message": {
            "id": name,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": at,
            "update_time": None,
            "content": {"content_type": kind, "parts": parts},
            "status": "finished_successfully",
            "end_turn": True,
            "weight": 1.0,
            "metadata": metadata,
            "recipient": recipient,
            "channel": None,
        },
        "parent": parent,
        "children": [],
    }


def chatgpt(name: str = "67f0c0de-1111-8001-9a9a-000000000001") -> dict[str, Any]:
    """A conversation with a branch not taken, hidden parts, a tool, a picture."""
    model = {"model_slug": "gpt-5-thinking"}
    nodes = [
        {"id": "root", "message": None, "parent": None, "children": ["sys"]},
        node("sys", "root", "system", [""], None, is_visually_hidden_from_conversation=True),
        node("me", "sys", "user", ["Write like a weaver"], None, kind="user_editable_context"),
        node("q1", "me", "user", ["How many shafts has a floor loom?"], 1743800000.5),
        node("old", "q1", "assistant", ["No idea."], 1743800001.0, **model),
        node("think", "q1", "assistant", ["hm"], 1743800002.0, kind="thoughts", **model),
        node("call", "think", "assistant", ["search(looms)"], None, recipient="web", **model),
        node("tool", "call", "tool", ["results of looms"], 1743800003.0),
        node("a1", "tool", "assistant", ["Four or eight, mostly."], 1743800004.25, **model),
        node(
            "q2",
            "a1",
            "user",
            [
                {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-1"},
                "And this one? 🧶",
            ],
            1743800100.0,
            kind="multimodal_text",
        ),
        node("a2", "q2", "assistant", ["That is a rigid heddle."], 1743800101.0, **model),
    ]
    return {
        "title": "Floor looms",
        "create_time": 1743800000.0,
        "update_time": 1743800101.0,
        "mapping": {each["id"]: each for each in nodes},
        "moderation_results": [],
        "current_node": "a2",
        "plugin_ids": None,
        "conversation_id": name,
        "conversation_template_id": None,
        "gizmo_id": None,
        "is_archived": False,
        "safe_urls": [],
        "default_model_slug": "auto",
        "id": name,
    }


def claude(name: str = "0b7f3f0a-2222-4c4c-8d8d-000000000002") -> dict[str, Any]:
    """A conversation with thoughts, a tool, an attachment and a file."""
    return {
        "uuid": name,
        "name": "Dyeing with madder",
        "summary": "",
        "created_at": "2025-06-01T10:00:00.000000Z",
        "updated_at": "2025-06-01T10:05:00.000000Z",
        "account": {"uuid": "acc"},
        "chat_messages": [
            {
                "uuid": "m1",
                "text": "What mordant does madder need?",
                "content": [
                    {
                        "start_timestamp": "2025-06-01T10:00:00Z",
                        "stop_timestamp": "2025-06-01T10:00:00Z",
                        "type": "text",
                        "text": "What mordant does madder need?",
                        "citations": [],
                    }
                ],
                "sender": "human",
                "created_at": "2025-06-01T10:00:00.000000Z",
                "updated_at": "2025-06-01T10:00:00.000000Z",
                "attachments": [
                    {
                        "file_name": "recipe.txt",
                        "file_size": 21,
                        "file_type": "txt",
                        "extracted_content": "alum, 10 % of weight",
                    }
                ],
                "files": [{"file_name": "swatch.png"}],
            },
            {
                "uuid": "m2",
                "text": "Alum.",
                "content": [
                    {"type": "thinking", "thinking": "madder is a root"},
                    {"type": "tool_use", "name": "search", "input": {"q": "madder"}},
                    {"type": "text", "text": "Alum, and a little chalk."},
                ],
                "sender": "assistant",
                "created_at": "2025-06-01T10:00:09.500000Z",
                "updated_at": "2025-06-01T10:00:09.500000Z",
                "attachments": [],
                "files": [],
            },
        ],
    }
