"""Readers of what other programs export, and of what this one does: bytes in, values out."""
