"""Views of annotation figures, shared by the API and the pages."""

from datetime import date, datetime
from uuid import UUID

from core.annotations.agreement import Agreement, Disagreement
from core.identity.schemas import View

NONE = "none"
UNDISCLOSED = "undisclosed"  # the value of annotations whose blind review is still open


class AnnotationShare(View):
    """A value, and how many annotations have it."""

    value: str
    count: int


class ReviewDay(View):
    """Annotations by type on a day of the reporting time zone."""

    day: date
    by_type: dict[str, int]


class ModelAgreement(View):
    """The agreement of reviewers on one model's answers."""

    model: str
    agreement: Agreement


class DisputedMessage(View):
    """A message with different verdicts and their counts; decided after adjudication."""

    message_id: UUID
    conversation_id: UUID
    model: str
    said: dict[str, int]
    is_decided: bool
    at: datetime


class ReviewPace(View):
    """The speed of all reviewers together; no one is named or ranked.

    `median_seconds` is the median time between an annotation and the same reviewer's next one,
    without breaks of half an hour or more; None for fewer than ten.
    """

    days: int
    per_day: float | None
    median_seconds: float | None


class ReviewSummary(View):
    """All figures of annotations; for reviewers, those of their own, and the agreement of others
    with them.

    Annotations with an open blind review count with the type and severity `undisclosed` and without
    tags; filters by these leave them out. Agreement is based on all annotations, also those that
    filters by type, status and tag leave out.
    """

    is_own: bool
    annotations: int
    messages: int
    conversations: int
    reviewers: int
    by_type: list[AnnotationShare]
    by_severity: list[AnnotationShare]
    by_status: list[AnnotationShare]
    by_tag: list[AnnotationShare]
    by_model: list[AnnotationShare]
    by_prompt_version: list[AnnotationShare]
    by_experiment_arm: list[AnnotationShare]
    over_time: list[ReviewDay]
    agreement: Agreement
    severity_agreement: Agreement
    disagreements: list[Disagreement]
    by_model_agreement: list[ModelAgreement]
    disputed: list[DisputedMessage]
    pace: ReviewPace
