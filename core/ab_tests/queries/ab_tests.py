"""Read A/B tests with the state of their last run."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.ab_tests import encrypted_texts, winner
from core.ab_tests.errors import AbTestMissing
from core.ab_tests.models import AbTestConfiguration
from core.ab_tests.schemas import Variant
from core.ab_tests.views import AbMetric, AbTestFigures, AbTestListItem, AbTestView
from core.database.paging import Page, Window
from core.evaluations import encrypted_texts as evaluation_texts
from core.evaluations.models import EvaluationTest
from core.evaluations.queries.reports import progress_of
from core.evaluations.schemas import EvaluationStatus
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor


def get_row(
    session: Session, ab_test_id: UUID, *, owner: UUID, lock: bool = False
) -> AbTestConfiguration:
    """Return an A/B test of this owner; raise AbTestMissing."""
    own = (AbTestConfiguration.id == ab_test_id, AbTestConfiguration.user_id == owner)
    query = select(AbTestConfiguration).where(*own)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise AbTestMissing
    return row


def list_ab_tests(session: Session, window: Window, *, actor: Actor) -> Page[AbTestListItem]:
    """Return the actor's A/B tests, the newest first; raise Forbidden."""
    require(actor, Permission.RUN_MODELS)
    own = AbTestConfiguration.user_id == actor.id
    newest = (AbTestConfiguration.created_at.desc(), AbTestConfiguration.id.desc())
    rows = session.execute(
        select(AbTestConfiguration, EvaluationTest)
        .outerjoin(EvaluationTest, EvaluationTest.id == AbTestConfiguration.evaluation_id)
        .where(own)
        .order_by(*newest)
        .limit(window.limit)
        .offset(window.offset)
    ).all()
    counting = select(func.count()).select_from(AbTestConfiguration).where(own)
    total = window.total(len(rows), lambda: session.scalar(counting) or 0)
    return window.page([_item(*row) for row in rows], total)


def get_ab_test(session: Session, ab_test_id: UUID, *, actor: Actor) -> AbTestView:
    """Return an A/B test with its progress; raise Forbidden or AbTestMissing."""
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id)
    return view(row, run_of(session, row))


def run_of(session: Session, row: AbTestConfiguration) -> EvaluationTest | None:
    """Return the evaluation of the last run; None before it, or when it was deleted."""
    return session.get(EvaluationTest, row.evaluation_id) if row.evaluation_id else None


def status_of(row: AbTestConfiguration, run: EvaluationTest | None) -> EvaluationStatus | None:
    """Return the status of the last run, which goes on until its figures are counted."""
    if run is None:
        return None
    status = EvaluationStatus(run.status)
    return status if status.is_going_on or not row.is_running else EvaluationStatus.RUNNING


def figures_of(row: AbTestConfiguration, run: EvaluationTest | None) -> AbTestFigures | None:
    """Return the figures of the last run, None as long as there are none."""
    status = status_of(row, run)
    if status is None or status.is_going_on or row.metrics is None:
        return None
    return AbTestFigures.model_validate(row.metrics)


def variants_of(row: AbTestConfiguration) -> tuple[Variant, Variant]:
    a, b = (Variant.model_validate(each) for each in row.variants)
    return a, b


def view(row: AbTestConfiguration, run: EvaluationTest | None) -> AbTestView:
    definition, status = encrypted_texts.definition_of(row), status_of(row, run)
    return AbTestView(
        id=row.id,
        test_name=encrypted_texts.name_of(row),
        description=encrypted_texts.description_of(row),
        variants=variants_of(row),
        case_count=run.cases if run else len(definition.test_cases) or None,
        dataset_id=definition.dataset_id,
        dataset_version=run.dataset_version if run else definition.dataset_version,
        split=definition.split if definition.dataset_id else None,
        scenario_ids=definition.scenario_ids,
        judge_model_id=definition.judge_model_id,
        rubric=definition.rubric if definition.judge_model_id else None,
        runs=definition.runs,
        cost_limit_usd=definition.cost_limit_usd,
        is_running=status is not None and status.is_going_on,
        status=status,
        progress=progress_of(run, evaluation_texts.definition_of(run)) if run else None,
        error=evaluation_texts.error_of(run) if run else None,
        spent_usd=run.spent_usd if run else Decimal(0),
        unpriced=run.unpriced if run else 0,
        evaluation_id=row.evaluation_id,
        start_date=row.start_date,
        end_date=row.end_date,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _item(row: AbTestConfiguration, run: EvaluationTest | None) -> AbTestListItem:
    figures = figures_of(row, run)
    return AbTestListItem(
        id=row.id,
        test_name=encrypted_texts.name_of(row),
        variants=variants_of(row),
        status=status_of(row, run),
        progress=progress_of(run, evaluation_texts.definition_of(run)) if run else None,
        winner=winner.winner_of(figures) if figures else None,
        verdict=winner.verdict_of(figures.of(AbMetric.QUALITY)) if figures else None,
        spent_usd=run.spent_usd if run else Decimal(0),
        unpriced=run.unpriced if run else 0,
        created_at=row.created_at,
        end_date=row.end_date,
    )
