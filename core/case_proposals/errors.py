"""Errors of proposed cases."""

from core.errors import Invalid, ProviderFailed


class CaseModelUnsuitable(Invalid):
    """This model can't propose cases. Choose another."""


class CaseSubjectMissing(Invalid):
    """Say what the cases are about: this dataset has none to go by."""


class CaseProposalsRefused(ProviderFailed):
    """The model's cases can't be used. Try again, or choose another model."""

    def __init__(self, problem: str, **facts: object) -> None:
        """Say what is wrong with them; `problem` is a clause."""
        super().__init__(
            f"The model's cases can't be used: {problem}. Try again, or choose another model.",
            **facts,
        )
