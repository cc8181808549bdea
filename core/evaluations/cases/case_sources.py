"""Where the cases of an evaluation come from: its request, or a version of a dataset."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from core.datasets.queries.cases import cases_of_version
from core.datasets.queries.datasets import checked_version, get_dataset
from core.datasets.schemas import CaseSplit, DatasetCase
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.errors import CasesNotScored, NoCases
from core.evaluations.schemas import EvaluationSplit, NewEvaluation
from core.identity.schemas import Actor
from core.providers.schemas import ChatMessage, MessageRole

SPLITS = {
    EvaluationSplit.ALL: None,
    EvaluationSplit.TUNE: CaseSplit.TUNE,
    EvaluationSplit.HOLDOUT: CaseSplit.HOLDOUT,
}


class CaseSource(NamedTuple):
    """The cases to run, and the version of their dataset, if they have one."""

    cases: list[EvaluatedCase]
    dataset_version: int | None = None


def cases_of(session: Session, new: NewEvaluation, *, actor: Actor) -> CaseSource:
    """Return the cases of an evaluation to start.

    Raises DatasetMissing, DatasetVersionMissing, NoCases or CasesNotScored.
    """
    if new.dataset_id is None:
        return CaseSource([case.case() for case in new.test_cases])
    dataset = get_dataset(session, new.dataset_id, actor=actor)
    version = checked_version(dataset, new.dataset_version)
    found = cases_of_version(session, dataset.id, version, SPLITS[new.split])
    cases = [_case(each) for each in found]
    if not cases:
        raise NoCases
    if not new.scorers and not all(case.assertions for case in cases):
        raise CasesNotScored
    return CaseSource(cases, version)


def _case(row: DatasetCase) -> EvaluatedCase:
    """Return a case up to its last question: what follows is not sent."""
    content = row.content
    asked = list(content.messages)
    # No call takes a last message without a text
    while asked and (asked[-1].role is not MessageRole.USER or not asked[-1].content.strip()):
        asked.pop()
    # Cases keep no calls of tools, without which models take no results as messages
    told = [it.content for it in asked if it.role is MessageRole.TOOL]
    return EvaluatedCase(
        messages=tuple(
            ChatMessage(role=it.role, content=it.content)
            for it in asked
            if it.role is not MessageRole.TOOL
        ),
        context={"tool_results": told} | (content.context or {}) if told else content.context,
        reference=content.reference,
        assertions=content.assertions,
        tags=content.tags,
        case_id=row.id,
    )
