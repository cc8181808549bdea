"""Checks of a prompt's text, without calling a model."""
