"""Bobbin: one conversation engine behind Discord, Slack and the terminal."""
