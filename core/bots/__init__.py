"""Bots: personalities that produce a system prompt, tests of them, and scenarios."""
