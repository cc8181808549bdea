"""The request for cases, the model's answer, and the cases made from it."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.datasets.schemas import CaseMessage, CaseOrigin, CaseText
from core.executions.schemas import NewExecution
from core.identity.schemas import View
from core.presentation.money import Usd
from core.prompts.estimates import CallEstimate
from core.prompts.schemas import Words

MOST_PROPOSED = 50


class CaseRequest(BaseModel):
    """The model to ask, how many cases, and what they are about.

    Without `note`, they resemble the dataset's cases.
    """

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={
            "example": {"model_id": "fake:echo", "count": 10, "note": "Refunds of damaged goods"}
        },
    )

    model_id: str = Field(min_length=1, max_length=300)
    count: int = Field(default=10, ge=1, le=MOST_PROPOSED)
    note: Words = Field(default="", max_length=4000)


@dataclass(frozen=True)
class CaseCall:
    """A call that is ready to be made, and the questions that the dataset has already, folded."""

    present: frozenset[str]
    execution: NewExecution
    estimate: CallEstimate


class ProposedCase(BaseModel):
    """A case as the model answers it."""

    model_config = ConfigDict(frozen=True)

    question: CaseText
    reference: CaseText = ""
    tags: tuple[CaseText, ...] = ()


class ProposedCases(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(frozen=True)

    # A model may answer with more cases than it was asked for
    cases: tuple[ProposedCase, ...] = Field(max_length=10 * MOST_PROPOSED)


class CaseProposal(View):
    """A case that can be added as it is."""

    messages: tuple[CaseMessage, ...]
    reference: str | None
    tags: tuple[str, ...]
    origin: Literal[CaseOrigin.MODEL] = CaseOrigin.MODEL


class CaseProposals(View):
    """Cases that a model proposes; none is saved. `repeated` counts duplicates left out."""

    execution_id: UUID
    cases: list[CaseProposal]
    repeated: int
    cost_usd: Usd | None
