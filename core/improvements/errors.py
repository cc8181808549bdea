"""Errors of proposals."""

from core.errors import Invalid, ProviderFailed


class NothingToImprove(Invalid):
    """No reviewed annotations outside the hold-out split are about this prompt, and the checks
    found nothing. Add a note that says what to improve.
    """


class ModelUnsuitable(Invalid):
    """This model can't propose prompts. Choose another."""


class ImprovementFailed(ProviderFailed):
    """The model made no proposal. Try again, or choose another model."""


class ProposalRefused(ProviderFailed):
    """The model's proposal can't be used. Try again, or choose another model."""

    def __init__(self, problem: str, **facts: object) -> None:
        """Say what is wrong with it; `problem` is a clause."""
        super().__init__(
            f"The model's proposal can't be used: {problem}. Try again, or choose another model.",
            **facts,
        )
