"""The objects of a chain in words, with the pages that show them."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core.evaluations.schemas import EvaluationStatus
from core.evaluations.views import Estimate, EvaluationSummary
from core.insights.chains.chain_views import ChainKind, ChainLink
from core.insights.queries.chains.chain_hops import (
    AnnotationHop,
    CaseHop,
    EvaluationHop,
    PromotionHop,
    VersionHop,
)
from core.platform import clock
from core.presentation.periods import day_of, end_of_day, in_address, midnight

LONGEST_BEFORE = timedelta(days=30)  # how long before a promotion its effect is looked at


def of_annotation(found: AnnotationHop, zone: str) -> ChainLink:
    return ChainLink(
        kind=ChainKind.ANNOTATION,
        id=str(found.id),
        words=f"annotation of {_day(found.created_at, zone)}",
        page="tuning",
        query={"view": "annotations", "row": str(found.id)},
        others=found.others,
    )


def of_dataset(dataset_id: UUID, name: str) -> ChainLink:
    return ChainLink(
        kind=ChainKind.DATASET,
        id=str(dataset_id),
        words=name,
        page="datasets",
        query={"dataset": str(dataset_id)},
    )


def of_case(found: CaseHop) -> ChainLink:
    return ChainLink(
        kind=ChainKind.CASE,
        id=str(found.id),
        words=f"case {found.position} of {found.dataset_name}",
        page="datasets",
        query={"dataset": str(found.dataset_id), "row": str(found.id)},
        others=found.others,
    )


def of_version(found: VersionHop) -> ChainLink:
    page = {"bot": str(found.owner_id)}
    if not found.is_bot:
        page = {"prompt": str(found.owner_id), "version": str(found.number)}
    return ChainLink(
        kind=ChainKind.VERSION,
        id=str(found.id),
        words=f"{found.name} v{found.number}",
        page="bots" if found.is_bot else "prompts",
        query=page,
    )


def of_evaluation(found: EvaluationHop) -> ChainLink:
    return ChainLink(
        kind=ChainKind.EVALUATION,
        id=str(found.id),
        words=f"evaluation {_outcome(found)}",
        page="evaluations",
        query={"evaluation": str(found.id)},
        others=found.others,
    )


def of_promotion(found: PromotionHop, zone: str) -> ChainLink:
    since = _day(found.moved_at, zone)
    until = _day(found.until, zone) if found.until is not None else None
    span = f"since {since}" if until is None else f"{since} to {until}"
    words = f"{found.label} {f'on {since}' if since == until else span}"
    return ChainLink(
        kind=ChainKind.PROMOTION,
        id=str(found.id),
        words=words,
        page="prompts",
        query={"prompt": str(found.prompt_id), "section": "Labels"},
        others=found.others,
    )


def of_effect(found: PromotionHop, version: VersionHop, zone: str) -> ChainLink:
    """Lead to AI metrics of the version: whole days, as many before the promotion as after it."""
    until = end_of_day(found.until or clock.now(), zone)
    before = min(until - found.moved_at, LONGEST_BEFORE)
    since = midnight(day_of(found.moved_at - before, zone), zone)
    return ChainLink(
        kind=ChainKind.EFFECT,
        id=version.title,
        words="effect",
        page="ai-metrics",
        query={
            "prompt_version": version.title,
            "start": in_address(since),
            "end": in_address(until),
        },
    )


def _outcome(found: EvaluationHop) -> str:
    """Return the pass rate of the version with its interval and, of several targets, the best rate
    of the others; else how the evaluation stands.
    """
    if found.status != EvaluationStatus.COMPLETED or found.summary is None:
        return found.status
    rates = [it.success_rate for it in EvaluationSummary.model_validate(found.summary).targets]
    if found.target is None and len(rates) > 1:
        return f"best of {len(rates)} targets {_rate(max(rates, key=_by_value))}"
    own = rates.pop((found.target or 1) - 1)
    return _rate(own) + (f", best other {_rate(max(rates, key=_by_value))}" if rates else "")


def _by_value(rate: Estimate) -> float:
    return -1 if rate.value is None else rate.value


def _rate(rate: Estimate) -> str:
    if rate.value is None:
        return "not scored"
    if rate.low is None or rate.high is None:
        return f"{rate.value:.0%} of {rate.n}"
    return f"{rate.value:.0%} ({100 * rate.low:.0f} to {100 * rate.high:.0f})"


def _day(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%-d %b}"
