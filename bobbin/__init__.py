"""Bobbin's memory for Python: the OpenAI client with `client.memory`.

Change the constructor, and nothing else:

    from bobbin import Client

    client = Client(memory_url="http://127.0.0.1:8090/v1", memory_token="bob_…")
    client.memory.create(content="Ada owns the release of 2.4.", kind="fact")

Everything beside `memory` goes to OpenAI as before. Without `memory_url` (or BOBBIN_MEMORY_URL in
the environment) it is asked of `base_url` with `api_key`.
"""

from bobbin.client import AsyncClient, Client
from bobbin.resources import Deleted, Hit, Memory

__all__ = ["AsyncClient", "Client", "Deleted", "Hit", "Memory"]
