"""What the SDK loads at its first use is loaded when a model is opened, not when it is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKED = """
import sys
from bot.model.client import client_of
from bot.model.port import Message, Prompt
from bot.model.settings import ModelSettings
from bot.plugins import resolve

settings = ModelSettings("some-model", "some-key")
api, client = resolve(sys.argv[1])(settings), client_of(settings, 1.0, 0.0)
before = set(sys.modules)
api.ask(client, Prompt((Message("user", "Hello"),)), {})
print(*sorted(name for name in set(sys.modules) - before if name.startswith("openai")))
"""


@pytest.mark.parametrize("api", ["bot.model.chat:ChatApi", "bot.model.responses:ResponsesApi"])
def test_the_first_question_waits_for_no_import(api: str) -> None:
    command = [sys.executable, "-c", ASKED, api]
    asked = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert asked.stdout.split() == []
