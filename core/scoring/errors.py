"""Errors of scorers."""

from core.errors import Invalid


class NoJudge(Invalid):
    """There is no model that can judge. Add a provider in Settings."""
