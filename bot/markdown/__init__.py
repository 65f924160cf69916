"""Markdown as a tree: read once, written for each platform in its own way."""
