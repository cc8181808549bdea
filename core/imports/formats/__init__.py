"""Shapes of files that are known: what other programs export, and how people write down
dialogues.
"""
