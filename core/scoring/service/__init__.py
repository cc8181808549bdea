"""Scores of production messages."""
