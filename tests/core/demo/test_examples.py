"""The demo has a prompt, bots, a dataset and an ended evaluation in Test; they go with it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from core.bots.queries import bots
from core.database import settings
from core.database.db import Database, transaction
from core.demo import jobs, queries, service
from core.demo.ingest import examples
from core.demo.rows import rows
from core.demo.schemas import DemoExamples
from core.digests.models import WeeklyDigest
from core.evaluations import runner as evaluation_runner
from core.evaluations.figures.comparison_views import EvaluationComparison
from core.evaluations.queries import reports
from core.evaluations.schemas import EvaluationStatus
from core.evaluations.views import EvaluationView
from core.executions.runner import Runner
from core.identity.schemas import Role
from core.imports.parsed import RowKind
from core.imports.service import imports
from core.platform import clock
from core.prompts.queries import labels, prompts, versions
from core.statistics.paired import Verdict
from tests.core.demo.test_loading import do_what_is_due
from tests.factories.identity import Person, person

TABLES = (
    "bot_configurations",
    "dataset_cases",
    "datasets",
    "evaluation_results",
    "evaluation_tests",
    "prompt_label_moves",
    "digests",
)
CASES = 32


@pytest.fixture
def owner(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Load the demo's conversations, for an account that has signed in, on the first day of a
    week: the least of it is there then. Its other rows have no part in the examples.
    """
    monkeypatch.setattr(
        jobs,
        "rows",
        lambda until: (row for row in rows(until) if row.kind is RowKind.CONVERSATIONS),
    )
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 16, 0, 5, tzinfo=UTC))
    found = person(Role.SUPER_ADMIN)
    with transaction() as session:
        service.load(session, actor=found.actor)
    do_what_is_due()
    return found


def counts() -> dict[str, int]:
    with transaction() as session:
        return {
            table: session.execute(text(f"select count(*) from {table}")).scalar_one()
            for table in TABLES
        }


def stored() -> DemoExamples:
    with transaction() as session:
        return settings.read(session, DemoExamples)


def evaluated(id_: UUID, reader: Person) -> tuple[EvaluationView, EvaluationComparison]:
    evaluation_runner.work(id_, may_go_on=lambda: True)
    with transaction() as session:
        view = reports.get_evaluation(session, id_, actor=reader.actor)
        return view, reports.compare(session, id_, id_, baseline_target=1, actor=reader.actor)


def test_the_demo_has_examples_in_test_and_they_go_with_it(
    owner: Person,
) -> None:
    reader, found = person(Role.ADMIN), stored()
    assert found.evaluation_id is not None
    view, comparison = evaluated(found.evaluation_id, owner)
    assert (view.status, view.cases, view.progress.failed) == (EvaluationStatus.COMPLETED, CASES, 0)
    rates = [target.success_rate.value for target in view.results]
    assert rates == pytest.approx([9 / CASES, 28 / CASES])
    assert [each.passes.verdict for each in comparison.targets] == [Verdict.BETTER]
    with transaction() as session:
        prompt = prompts.get_prompt(session, "concierge", actor=reader.actor)
    assert prompt.version == 9
    assert {label.name: label.version for label in prompt.labels} == {
        "production": 9,
        "previous": 8,
    }

    with transaction() as session, transaction(Database.AI) as ai:
        examples.store(session, ai, clock.now())
    assert stored() == found

    with transaction() as session:
        at = clock.now()
        session.add(
            WeeklyDigest(week=at.date(), starts_at=at, ends_at=at, time_zone="UTC", content={})
        )
        row = queries.find_row(session)
        assert row is not None
        imports.undo(session, row.id, actor=owner.actor)
    do_what_is_due()
    assert set(counts().values()) <= {0, 1}
    assert counts()["digests"] == 0
    assert stored() == DemoExamples()


def test_versions_were_promoted_when_answers_began_to_name_them(owner: Person) -> None:
    # Moved as the demo was loaded, the effect of a promotion had no version before it
    prompt_id = stored().prompt_id
    assert prompt_id is not None
    first = text("select min(created_at) from messages where prompt_version = '9'")
    with transaction() as session:
        promotion = labels.list_moves(session, prompt_id)[0]
        began = session.execute(first).scalar_one()
        saved = versions.list_versions(session, prompt_id, actor=owner.actor)
    assert (promotion.label, promotion.from_version, promotion.to_version) == ("production", 8, 9)
    assert timedelta() <= began - promotion.moved_at < timedelta(hours=12)
    by_number = sorted(saved, key=lambda version: version.number)
    assert by_number == sorted(saved, key=lambda version: version.created_at)
    assert by_number[-1].created_at < promotion.moved_at


def test_the_first_account_of_a_demo_has_a_default_bot_too(owner: Person) -> None:
    # It owned the demo's bots, and was therefore not given one
    with transaction() as session:
        active = bots.get_active(session, actor=owner.actor)
        others = [bot.is_active for bot in bots.list_bots(session, actor=owner.actor)[1:]]
    assert active.bot_name == "Attune assistant"
    assert others == [False, False]
