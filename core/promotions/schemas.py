"""Gates of labels, moves of labels that have one, and what a gate says of a version."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from core.database.tables import storable
from core.evaluations.schemas import EvaluationSplit
from core.evaluations.views import Estimate
from core.identity.schemas import View
from core.prompts.schemas import LabelTarget
from core.scoring.schemas import ScorerList

MIN_REASON_CHARS = 10
REASON = "Kept in the audit log and in the label's history."
ID = "018f3b1c-7c00-7000-8000-000000000000"

MoveReason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=MIN_REASON_CHARS, max_length=1000),
    AfterValidator(storable),
]


class GateCriteria(BaseModel):
    """What must have answered, and how it must have been scored; stored encrypted, as one text."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    model_id: str | None = Field(
        default=None,
        max_length=300,
        description="Applies to versions without a model; null: an evaluation by any model counts.",
    )
    scorers: ScorerList = Field(default=(), description="Besides those of the cases.")
    threshold: float | None = Field(default=None, ge=0, le=1)


class GateTerms(GateCriteria):
    """The evaluation that a version must pass: its cases, how they are scored, and the least rate.

    A version passes with the newest completed evaluation of exactly that version on these cases,
    of any account. With `by_lower_bound`, the lower bound of its 95 % interval must reach the rate,
    which needs 10 cases.
    """

    dataset_id: UUID = Field(description="A shared dataset.")
    dataset_version: int | None = Field(
        default=None, ge=1, description="Else the newest when a version is to be promoted."
    )
    split: EvaluationSplit = EvaluationSplit.ALL
    least_rate: float = Field(gt=0, le=1)
    by_lower_bound: bool = False

    @property
    def criteria(self) -> GateCriteria:
        fields = {name: getattr(self, name) for name in GateCriteria.model_fields}
        return GateCriteria(**fields)


class NewGate(GateTerms):
    """A gate to set; a reason is needed where the label has one already."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"dataset_id": ID, "least_rate": 0.9}}
    )

    reason: MoveReason | None = Field(default=None, description=REASON)


class NewLabelMove(LabelTarget):
    """A label and the version to move it to; with a reason, it moves past its gate."""

    reason: MoveReason | None = Field(default=None, description=REASON)


class NewRollback(BaseModel):
    """Why a label goes back; needed where the label has a gate."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"reason": "Wrong answers about refunds"}}
    )

    reason: MoveReason | None = Field(default=None, description=REASON)


class GateVerdict(StrEnum):
    """What a gate says of a version."""

    PASSED = "passed"
    NOT_PASSED = "not_passed"
    TOO_FEW_CASES = "too_few_cases"
    INCOMPLETE = "incomplete"
    NOT_EVALUATED = "not_evaluated"
    DATASET_MISSING = "dataset_missing"


class GateView(View):
    """The gate of a label; without `dataset_name`, its dataset is no longer there or not shared."""

    label: str
    dataset_id: UUID
    dataset_name: str | None
    dataset_version: int | None
    split: EvaluationSplit
    model_id: str | None
    scorers: list[dict[str, Any]]
    threshold: float | None
    least_rate: float
    by_lower_bound: bool
    set_by_name: str | None
    set_at: datetime


class GateEvaluation(View):
    """The evaluation that decides: of another account, only its rate is shown; an API key's is own
    to everyone. `attempts` is how many completed evaluations of the version there are on these
    cases.
    """

    id: UUID
    is_own: bool
    owner_name: str
    success_rate: Estimate
    finished_at: datetime
    attempts: int


class GateCheck(View):
    """What a gate says of a version, and why; `to_run` is the evaluation that it asks for."""

    label: str
    version: int
    verdict: GateVerdict
    words: str
    evaluation: GateEvaluation | None
    to_run: dict[str, Any] | None = Field(
        description="A body for `POST evaluation/probabilistic`; null without its dataset."
    )
