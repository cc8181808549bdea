"""Scorers: rules and judge models that score an answer."""
