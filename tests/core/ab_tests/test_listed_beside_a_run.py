"""Cases of an A/B test that are listed while a new run replaces them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from core.ab_tests.queries import results
from core.database.db import read_session
from core.database.paging import Window
from core.evaluations.queries import results as evaluation_results
from core.evaluations.queries.results import CaseQuestion
from core.executions.runner import Runner
from tests.factories.ab_tests import BAD, GOOD, case, finished, started
from tests.factories.identity import person


def test_cases_that_a_new_run_has_just_removed_are_not_listed(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its evaluation is removed between two statements of the list
    actor = person().actor
    test = finished(actor, [case(GOOD, BAD)])
    questions = evaluation_results.questions

    def after_a_new_run(
        session: Session, evaluation_id: UUID, positions: Sequence[int]
    ) -> Mapping[int, CaseQuestion]:
        started(actor, test.id)
        return questions(session, evaluation_id, positions)

    monkeypatch.setattr(evaluation_results, "questions", after_a_new_run)
    with read_session() as session:
        assert results.list_cases(session, test.id, Window(10), actor=actor).items == []
