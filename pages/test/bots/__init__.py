"""Bots: personalities, tests of them, and scenarios."""
