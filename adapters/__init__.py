"""Platforms in front of the engine, one package each, found by entry point."""
