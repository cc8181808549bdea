"""Prompts: the list, and one prompt with its editor, versions, labels and sharing."""
