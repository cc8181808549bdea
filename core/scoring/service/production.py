"""Score a sample of production messages, within a daily budget, each once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from hashlib import blake2b
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from core.annotations.sampling import in_sample
from core.conversations.ingest.conversations import LATE
from core.database import settings
from core.database.db import read_session, transaction
from core.database.tables import storable
from core.identity.permissions import Permission, may
from core.identity.queries import actor_of, find_account
from core.identity.schemas import Actor, Caller
from core.jobs import outbox, queue
from core.platform import clock
from core.scores.ingest import OwnScore, store_own
from core.scores.schemas import ScoreSource
from core.scoring.queries import sampled_answers
from core.scoring.queries.sampled_answers import AT_ONCE, Place, ProductionAnswer
from core.scoring.results import name_of
from core.scoring.schemas import JudgeScorer, PairwiseScorer, ScoreResult, ScorerSpec
from core.scoring.scorers import score
from core.scoring.service.budgeted_models import BudgetedModels
from core.scoring.settings import (
    ProductionScoring,
    ProductionScoringState,
    flat,
    lock_state,
)

LOW = "scoring.low"
SAMPLED = 3  # whose dice: independent of the samples of the review queue
LONGEST_BACKLOG = timedelta(days=1)
OVERLAP = LATE + timedelta(minutes=5)  # messages have their senders' times
FIRST_ID, SCORES = UUID(int=0), UUID("7b0f6d52-6a2b-5c0e-9f57-5b1c3a1f0c11")
NO_ACCOUNT = "The account that set this up may not run models any more. Save the settings again."
KEPT_DETAILS = ("position_consistent", "verdicts", "measure", "rating", "unfit_judge", "cut")


def score_due_messages() -> None:
    """Score the sampled messages that came since the last run; raise nothing when models fail."""
    with read_session() as core:
        chosen = settings.read(core, ProductionScoring)
        state = settings.read(core, ProductionScoringState).of_today()
        actor = _active_actor(core, state.account_id)
    if not chosen.is_active or not chosen.scorers:
        return
    if actor is None:
        _note(problem=NO_ACCOUNT)
        return
    # Messages that arrive while others are scored are due in the next run
    begun, skipped = clock.now(), 0
    for created_at, message_id in _sampled(chosen, state):
        if queue.stopping.is_set():
            return
        missing = _score_message(message_id, chosen)
        if missing is None:
            return
        # The next runs try later messages again
        if created_at <= begun - OVERLAP:
            skipped += missing
    _note(looked_until=begun, skipped=skipped)


def _active_actor(core: Session, account_id: UUID | None) -> Actor | None:
    """Return the account as it may run models now, or None."""
    account = find_account(core, account_id) if account_id is not None else None
    actor = actor_of(account, Caller()) if account is not None and account.is_active else None
    return actor if actor is not None and may(actor, Permission.RUN_MODELS) else None


def _sampled(chosen: ProductionScoring, state: ProductionScoringState) -> Iterator[Place]:
    """Yield the places of sampled messages without all of their scores, oldest first."""
    until = clock.now()
    starts = [
        until - LONGEST_BACKLOG,
        state.since,
        state.looked_until and state.looked_until - OVERLAP,
    ]
    place: Place | None = (max(filter(None, starts)), FIRST_ID)
    while place is not None:
        with read_session() as core:
            due = sampled_answers.list_due(core, chosen.environment, place, until)
            sampled = [each for each in due if in_sample(chosen.sample_share, each[1], SAMPLED)]
            wanted = {id_: {_score_id(id_, spec) for spec in chosen.scorers} for _, id_ in sampled}
            stored = sampled_answers.stored_ids(
                core, [each for ids in wanted.values() for each in ids]
            )
        # Outside the session, because scoring a message can take minutes
        yield from (each for each in sampled if wanted[each[1]] - stored)
        place = due[-1] if len(due) == AT_ONCE else None


def _score_message(message_id: UUID, chosen: ProductionScoring) -> int | None:
    """Score a message by the scorers that have not; return how many were skipped, or None when the
    settings have changed, or their account may not run models any more, which the next run says.
    """
    with read_session() as core:
        found = sampled_answers.find_answer(core, message_id)
        ids = {_score_id(message_id, spec): spec for spec in chosen.scorers}
        stored = sampled_answers.stored_ids(core, list(ids))
        state = settings.read(core, ProductionScoringState).of_today()
        actor = _active_actor(core, state.account_id)
        if settings.read(core, ProductionScoring) != chosen or actor is None:
            return None
    if found is None:
        return 0
    models = BudgetedModels(actor, chosen.daily_budget_usd - state.spent_usd)
    specs = [spec for id_, spec in ids.items() if id_ not in stored]
    results = asyncio.run(_score_by_all(specs, found, models))
    with transaction() as core:
        _store(core, found, results, chosen)
        _count(core, results, models, is_new=not stored)
    return sum(result is None for _, result in results)


async def _score_by_all(
    specs: list[ScorerSpec], found: ProductionAnswer, models: BudgetedModels
) -> list[tuple[ScorerSpec, ScoreResult | None]]:
    """Return the result of each scorer; None when a model could not be called for it, which is the
    problem of `models` then.
    """
    results, problem = list[tuple[ScorerSpec, ScoreResult | None]](), None
    for spec in specs:
        # Of this scorer alone: an answer that a rule can't score is no skipped call of a model
        models.problem = None
        result = await score(spec, found.answer, found.case, models)
        is_refused = models.problem is not None or queue.stopping.is_set()
        is_skipped = result.score is None and is_refused
        # A later scorer that needs no model would clear it, and nothing would say the reason
        problem = models.problem if is_skipped else problem
        results.append((spec, None if is_skipped else result))
    models.problem = problem
    return results


def _store(
    core: Session,
    found: ProductionAnswer,
    results: list[tuple[ScorerSpec, ScoreResult | None]],
    chosen: ProductionScoring,
) -> None:
    """Store the scores; low ones join the review queue through the outbox."""
    done = [(spec, result) for spec, result in results if result is not None]
    store_own(core, [_row(found, spec, result) for spec, result in done])
    values = [result.score for _, result in done if result.score is not None]
    if chosen.review_below is not None and values and min(values) < chosen.review_below:
        outbox.add(core, LOW, {"ids": [str(found.id)]})


def _count(
    core: Session,
    results: list[tuple[ScorerSpec, ScoreResult | None]],
    models: BudgetedModels,
    *,
    is_new: bool,
) -> None:
    """Count what was spent, and the message with its first scores."""
    state = lock_state(core)
    found = [result for _, result in results]
    figures = {
        "spent_usd": state.spent_usd + models.spent_usd,
        "messages": state.messages + (is_new and any(found)),
        "problem": models.problem if None in found else state.problem,
    }
    settings.write(core, state.model_copy(update=figures), by=None)


def _row(found: ProductionAnswer, spec: ScorerSpec, result: ScoreResult) -> OwnScore:
    is_judged = any(isinstance(each, JudgeScorer | PairwiseScorer) for each in flat((spec,)))
    label = "not scored" if result.passed is None else "pass" if result.passed else "fail"
    return OwnScore(
        id=_score_id(found.id, spec),
        message_id=found.id,
        conversation_id=found.conversation_id,
        user_id=found.user_id,
        name=name_of(spec),
        value=result.score,
        label=label,
        source=ScoreSource.JUDGE if is_judged else ScoreSource.RULE,
        comment=storable(result.reason),
        evaluator=result.details.get("judge_model_id") or spec.kind,
        evaluator_version=version_of(spec),
        cost_usd=result.cost_usd,
        environment=found.environment,
        app=found.app,
        release=found.release,
        attributes={name: result.details[name] for name in KEPT_DETAILS if name in result.details},
    )


def version_of(spec: ScorerSpec) -> str:
    """Return the version of a scorer: a hash of what it is."""
    return blake2b(spec.model_dump_json().encode(), digest_size=6).hexdigest()


def _score_id(message_id: UUID, spec: ScorerSpec) -> UUID:
    # The same in each run, so that a message is scored once by each scorer
    return uuid5(SCORES, f"{message_id}:{name_of(spec)}:{version_of(spec)}")


def _note(*, skipped: int = 0, **changes: object) -> None:
    with transaction() as core:
        state = lock_state(core)
        changes["skipped"] = state.skipped + skipped
        settings.write(core, state.model_copy(update=changes), by=None)
