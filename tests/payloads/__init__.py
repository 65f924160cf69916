"""What platforms and models send, written by hand after their documentation, and ways to spoil it.

Whole payloads, one of each shape that matters, for tests that replay or mutate them. Made up:
nobody's messages, nobody's ids.
"""

from pathlib import Path

ANSWERS = sorted((Path(__file__).parent / "answers").glob("*.md"))
"""Answers as models write them: lists within lists, tables, code, several languages."""
