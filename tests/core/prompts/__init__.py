"""Prompts: the template language, versions, labels, and who may what."""
