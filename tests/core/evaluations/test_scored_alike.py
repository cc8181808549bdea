"""A comparison says when the two evaluations were not scored alike."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.evaluations.exports import as_markdown
from core.evaluations.figures.comparison_views import EvaluationComparison
from core.evaluations.queries import reports
from core.executions.runner import Runner
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import CONTAINS, answering, evaluated, read
from tests.factories.identity import Person, person

GOOD = answering("good")
OTHER = {"kind": "contains", "values": ["bad"]}


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def compared(one: Person, this: UUID, baseline: UUID) -> EvaluationComparison:
    with transaction() as session:
        return reports.compare(session, this, baseline, baseline_target=1, actor=one.actor)


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, None),
        ({"runs": 2, "target": {"model_id": "fake:plain"}}, None),
        ({"scorers": [CONTAINS, OTHER]}, "other scorers"),
        ({"threshold": 0.5}, "another threshold"),
        ({"scorers": [OTHER], "threshold": 0.5}, "other scorers, another threshold"),
    ],
)
def test_other_scorers_and_another_threshold_are_said(
    one: Person, changes: dict[str, Any], note: str | None
) -> None:
    baseline, this = (evaluated(one.actor, GOOD, **more).id for more in ({}, changes))
    found = compared(one, this, baseline).scoring_note
    words = f"Not scored alike: {note}. A difference may come from that." if note else None
    assert found == words


def test_another_version_of_the_dataset_is_said(one: Person) -> None:
    made = dataset(one.actor, question(GOOD, assertions=[CONTAINS]))
    with transaction() as session:
        session.execute(text("update datasets set version = 2"))
        session.execute(
            text("insert into dataset_versions select id, 2, 1, 0, 0, '', null from datasets")
        )
    first, again, second = (
        evaluated(one.actor, test_cases=[], dataset_id=made.id, dataset_version=version).id
        for version in (1, 1, 2)
    )
    assert compared(one, again, first).scoring_note is None
    assert "another version of the dataset" in (compared(one, second, first).scoring_note or "")


def test_a_report_says_it_before_the_verdicts(one: Person) -> None:
    baseline, this = (
        evaluated(one.actor, GOOD, scorers=scorers).id for scorers in ([OTHER], [CONTAINS])
    )
    report = "".join(as_markdown(read(one.actor, this), compared(one, this, baseline)))
    assert "## Against the baseline\n\nNot scored alike: other scorers." in report
