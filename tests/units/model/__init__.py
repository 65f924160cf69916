"""Tests of bot.model against the simulated server."""
