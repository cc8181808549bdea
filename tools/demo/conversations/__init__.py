"""Conversations of the demo: scripts, facts, style and opinions."""
