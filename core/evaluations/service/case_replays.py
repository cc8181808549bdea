"""Replay a case of an evaluation in the playground, beside the answer that a target gave."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.datasets.queries.cases import find_conversation, find_without_users
from core.errors import Forbidden
from core.evaluations import encrypted_texts
from core.evaluations.cases.case_schemas import ReplayedRun
from core.evaluations.errors import EvaluationCaseMissing, TargetNumberMissing
from core.evaluations.models import EvaluationCase, EvaluationResult, EvaluationTest
from core.evaluations.queries.evaluations import get_row
from core.evaluations.runs import targets
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.playground.errors import NotReplayable
from core.playground.replay_schemas import CaseReplay, ReplaySource, StartedReplay
from core.playground.schemas import Draft
from core.playground.service import case_replays


def start(
    session: Session, evaluation_id: UUID, case_id: UUID, wanted: ReplayedRun, *, actor: Actor
) -> StartedReplay:
    """Send a case to the model and the prompt of a target, in a new playground session; it answers
    once this transaction is committed.

    Raises Forbidden, EvaluationMissing, EvaluationCaseMissing, TargetNumberMissing, NotReplayable
    for a service or an own app, and what rendering a prompt and sending a message raise.
    """
    require(actor, Permission.RUN_MODELS)
    if actor.is_program:
        raise Forbidden("API keys can't replay cases. Sign in instead.")
    evaluation = get_row(session, evaluation_id, actor=actor)
    row = session.get(EvaluationCase, case_id)
    if row is None or row.evaluation_id != evaluation_id:
        raise EvaluationCaseMissing
    found = encrypted_texts.definition_of(evaluation).targets
    if wanted.target > len(found):
        raise TargetNumberMissing
    target, case = found[wanted.target - 1], encrypted_texts.case_of(row)
    if target.service_id is not None or target.app is not None:
        raise NotReplayable("Only answers of models can be replayed.")
    result = _result(session, row, wanted)
    before = encrypted_texts.earlier_of(result) if result else ()
    asked = case.with_answers([each.text for each in before])
    call = targets.execution_of(
        session, target, asked, run=wanted.run, evaluation_id=evaluation_id, actor=actor
    )
    replayed = CaseReplay(
        title=f"Case {row.position}: {case.question}",
        question=call.prompt,
        earlier=call.messages,
        answer=_answer(result),
        reference=case.reference,
        model=target.model_id,
        prompt_name=target.prompt_name,
        is_from_users=_is_from_users(session, evaluation, row),
    )
    source = ReplaySource(
        evaluation_id=evaluation_id,
        case_id=case_id,
        conversation_id=_conversation(session, evaluation, row),
    )
    draft = Draft(
        model=target.model_id, parameters=call.parameters, custom_prompt=call.system_prompt
    )
    return case_replays.start(session, replayed, source, draft, actor=actor)


def _conversation(session: Session, evaluation: EvaluationTest, row: EvaluationCase) -> UUID | None:
    if evaluation.dataset_id is None or row.case_id is None:
        return None
    return find_conversation(session, evaluation.dataset_id, row.case_id)


def _is_from_users(session: Session, evaluation: EvaluationTest, row: EvaluationCase) -> bool:
    """Whether a case may have messages of users: so may one that its dataset no longer has."""
    if evaluation.dataset_id is None:
        return False
    if row.case_id is None:
        return True
    return not find_without_users(session, evaluation.dataset_id, [row.case_id])


def _result(session: Session, row: EvaluationCase, wanted: ReplayedRun) -> EvaluationResult | None:
    of_run = (
        EvaluationResult.evaluation_id == row.evaluation_id,
        EvaluationResult.position == row.position,
        EvaluationResult.target == wanted.target,
        EvaluationResult.run == wanted.run,
    )
    return session.scalar(select(EvaluationResult).where(*of_run))


def _answer(result: EvaluationResult | None) -> str:
    """Return what the target answered, else why its call failed; empty before it was made."""
    answer = encrypted_texts.answer_of(result) if result else None
    return answer.text or answer.error or "" if answer else ""
