"""Scores of messages, conversations and AI requests by rules, judges, programs and people."""
