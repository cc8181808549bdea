"""Create, run, cancel and remove A/B tests."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from core.ab_tests import definitions, encrypted_texts
from core.ab_tests.errors import AbTestNotRunning, AbTestRunning
from core.ab_tests.models import AbTestConfiguration
from core.ab_tests.queries.ab_tests import get_row, run_of, variants_of, view
from core.ab_tests.schemas import AbTestChange, NewAbTest
from core.ab_tests.views import AbTestView
from core.evaluations import estimates
from core.evaluations.models import EvaluationTest
from core.evaluations.schemas import EvaluationResume, EvaluationStatus
from core.evaluations.service import claims, evaluations
from core.evaluations.views import EvaluationEstimate
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id


def create(session: Session, new: NewAbTest, *, actor: Actor) -> AbTestView:
    """Store an A/B test with the versions of its variants as they are now; run nothing of it.

    Raises what preparing it raises (definitions.py).
    """
    require(actor, Permission.RUN_MODELS)
    prepared = definitions.prepare(session, new, actor=actor)
    id_ = new_id()
    row = AbTestConfiguration(
        id=id_,
        user_id=actor.id,
        test_name=encrypted_texts.seal_name(new.test_name, id_),
        description=encrypted_texts.seal_description(new.description, id_),
        variants=[variant.model_dump(mode="json") for variant in prepared.variants],
        definition=encrypted_texts.seal_definition(prepared.definition, id_),
    )
    session.add(row)
    session.flush()
    _record(session, "ab_test.create", row, actor)
    return view(row, None)


def estimate(session: Session, new: NewAbTest, *, actor: Actor) -> EvaluationEstimate:
    """Return the calls, cost and time of a run, without storing anything; raise what `create` and
    estimates.py raise.
    """
    require(actor, Permission.RUN_MODELS)
    evaluation = definitions.prepare(session, new, actor=actor).evaluation
    return estimates.estimate(session, evaluation, actor=actor)


def change(session: Session, ab_test_id: UUID, change: AbTestChange, *, actor: Actor) -> AbTestView:
    """Change the name, description or cost limit, also of a run that has not ended.

    Raises AbTestMissing, and for a new limit of such a run CostUnknown.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id, lock=True)
    if change.test_name is not None:
        row.test_name = encrypted_texts.seal_name(change.test_name, row.id)
    if change.description is not None:
        row.description = encrypted_texts.seal_description(change.description, row.id)
    if "cost_limit_usd" in change.model_fields_set:
        _limit(session, row, change.cost_limit_usd, actor)
    session.flush()
    _record(session, "ab_test.change", row, actor)
    return view(row, run_of(session, row))


def _limit(
    session: Session, row: AbTestConfiguration, limit_usd: Decimal | None, actor: Actor
) -> None:
    definition = encrypted_texts.definition_of(row)
    if definition.cost_limit_usd == limit_usd:
        return
    limited = definition.model_copy(update={"cost_limit_usd": limit_usd})
    row.definition = encrypted_texts.seal_definition(limited, row.id)
    last = run_of(session, row)
    if last is not None and claims.count_open(session, last.id):
        evaluations.limit_cost(session, last.id, limit_usd, actor=actor)


def run(session: Session, ab_test_id: UUID, *, actor: Actor) -> AbTestView:
    """Have the worker run an A/B test. A run that was cancelled or has stopped goes on where it
    was; else a new one replaces the results of the last.

    Raises AbTestMissing, AbTestRunning, and what starting an evaluation raises.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id, lock=True)
    last, definition = _idle_run(session, row), encrypted_texts.definition_of(row)
    if last is not None and claims.count_open(session, last.id):
        resume = EvaluationResume(cost_limit_usd=definition.cost_limit_usd)
        evaluations.resume(session, last.id, resume, actor=actor)
    else:
        if last is not None:
            evaluations.remove(session, last.id, actor=actor)
        evaluation = definitions.evaluation_of(
            encrypted_texts.name_of(row), variants_of(row), definition
        )
        row.evaluation_id = evaluations.start(session, evaluation, actor=actor)
        row.start_date = clock.now()
    row.is_running, row.metrics, row.end_date = True, None, None
    session.flush()
    _record(session, "ab_test.run", row, actor)
    return view(row, run_of(session, row))


def cancel(session: Session, ab_test_id: UUID, *, actor: Actor) -> None:
    """Stop a run; the answers so far stay, and `run` goes on with it.

    Raises AbTestMissing or AbTestNotRunning.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id, lock=True)
    last = run_of(session, row)
    if last is None or not EvaluationStatus(last.status).is_going_on:
        raise AbTestNotRunning
    evaluations.cancel(session, last.id, actor=actor)
    _record(session, "ab_test.cancel", row, actor)


def remove(session: Session, ab_test_id: UUID, *, actor: Actor) -> None:
    """Remove an A/B test with its results and its evaluation; raise AbTestMissing or
    AbTestRunning.
    """
    require(actor, Permission.RUN_MODELS)
    row = get_row(session, ab_test_id, owner=actor.id, lock=True)
    last = _idle_run(session, row)
    _record(session, "ab_test.delete", row, actor)
    session.delete(row)
    session.flush()
    if last is not None:
        evaluations.remove(session, last.id, actor=actor)


def _idle_run(session: Session, row: AbTestConfiguration) -> EvaluationTest | None:
    """Return the last run, if there is one; raise AbTestRunning."""
    last = run_of(session, row)
    if last is not None and EvaluationStatus(last.status).is_going_on:
        raise AbTestRunning
    return last


def _record(session: Session, action: str, row: AbTestConfiguration, actor: Actor) -> None:
    audit.record(session, action, actor, targets={"ab_test_id": str(row.id)})
