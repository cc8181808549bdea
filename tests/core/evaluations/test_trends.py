"""The trend of versions: comparable evaluations only, each version with its newest."""

from typing import Any
from uuid import UUID

import pytest

from core.database.db import transaction
from core.datasets.schemas import NewCases
from core.datasets.service import cases
from core.errors import Forbidden
from core.evaluations.errors import TrendUnnamed
from core.evaluations.figures.trend_views import VersionTrend
from core.evaluations.queries import trends
from core.evaluations.views import EvaluationView
from core.executions.runner import Runner
from core.identity.schemas import Actor, Role
from core.prompts.errors import PromptMissing
from tests.factories import bots
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import evaluated
from tests.factories.identity import person
from tests.factories.prompts import create, save

SCORERS = [{"kind": "contains", "values": ["refund"]}]


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


@pytest.fixture
def prompt(actor: Actor) -> UUID:
    """Return a prompt whose second version passes."""
    made = create(actor, "support", "", system_prompt="Be kind.")
    save(actor, made.id, system_prompt="Offer a refund.", note="Names refunds")
    return made.id


def of_prompt(actor: Actor, prompt: UUID) -> list[VersionTrend]:
    with transaction() as session:
        return trends.list_trends(session, prompt_id=prompt, bot_id=None, actor=actor)


def run(
    actor: Actor,
    prompt: UUID,
    version: int,
    *questions: str,
    **more: Any,  # noqa: ANN401
) -> EvaluationView:
    target = {"template_id": str(prompt), "version": version, "model_id": "fake:echo"}
    target |= more.pop("target", {})
    given = {"target": target, "scorers": SCORERS, **more}
    if "dataset_id" in more:
        given["test_cases"] = []
    return evaluated(actor, *(questions or ("one", "two")), **given)


def test_versions_come_in_order_with_what_changed_and_their_evaluation(
    actor: Actor, prompt: UUID
) -> None:
    second, first = run(actor, prompt, 2), run(actor, prompt, 1)
    [trend] = of_prompt(actor, prompt)
    assert (trend.cases, trend.model_id) == ("The same 2 questions", "fake:echo")
    assert [(it.version, it.note, it.success_rate.value) for it in trend.points] == [
        (1, "", 0.0),
        (2, "Names refunds", 1.0),
    ]
    assert [it.evaluation_id for it in trend.points] == [first.id, second.id]


def test_a_version_has_its_newest_evaluation(actor: Actor, prompt: UUID) -> None:
    run(actor, prompt, 1)
    again = run(actor, prompt, 1)
    [[point]] = [trend.points for trend in of_prompt(actor, prompt)]
    assert (point.evaluation_id, point.evaluations) == (again.id, 2)


@pytest.mark.parametrize(
    "other",
    [
        {"scorers": [{"kind": "contains", "values": ["kind"]}]},
        {"threshold": 0.5},
        {"target": {"model_id": "fake:plain"}},
        {"test_cases": [{"input": "three"}]},
    ],
)
def test_what_is_not_comparable_is_another_trend(
    actor: Actor, prompt: UUID, other: dict[str, Any]
) -> None:
    run(actor, prompt, 1)
    run(actor, prompt, 2)
    run(actor, prompt, 2, **other)
    assert [len(trend.points) for trend in of_prompt(actor, prompt)] == [2, 1]


def test_a_dataset_is_one_trend_in_every_version_and_changed_cases_are_marked(
    actor: Actor, prompt: UUID
) -> None:
    made, other = (dataset(actor, question("one"), name=name) for name in ("Refunds", "Other"))
    run(actor, prompt, 1, dataset_id=str(made.id))
    run(actor, prompt, 1, dataset_id=str(other.id))
    with transaction() as session:
        more = NewCases.model_validate({"cases": [question("two")]})
        cases.add_cases(session, made.id, more, actor=actor)
    run(actor, prompt, 2, dataset_id=str(made.id))
    found = {trend.cases: trend.points for trend in of_prompt(actor, prompt)}
    assert [it.has_other_cases for it in found["Refunds"]] == [True, False]
    assert [it.dataset_version for it in found["Refunds"]] == [1, 2]
    assert [it.has_other_cases for it in found["Other"]] == [False]


def test_bots_have_trends(actor: Actor) -> None:
    bot = bots.made(actor)
    evaluated(actor, "one", target={"bot_id": str(bot.id), "model_id": "fake:echo"})
    with transaction() as session:
        [trend] = trends.list_trends(session, prompt_id=None, bot_id=bot.id, actor=actor)
    assert [(it.version, it.success_rate.value) for it in trend.points] == [(1, 0.0)]


def test_evaluations_of_others_are_in_no_trend(actor: Actor) -> None:
    made, other = create(actor, "public", "x", visibility="public"), person().actor
    run(other, made.id, 1)
    assert of_prompt(actor, made.id) == []
    assert len(of_prompt(other, made.id)) == 1
    with pytest.raises(PromptMissing):
        of_prompt(other, create(actor, "private", "x").id)


def test_a_trend_needs_a_prompt_or_a_bot(actor: Actor, prompt: UUID) -> None:
    with transaction() as session:
        for bot_id, prompt_id in ((None, None), (prompt, prompt)):
            with pytest.raises(TrendUnnamed):
                trends.list_trends(session, prompt_id=prompt_id, bot_id=bot_id, actor=actor)
        nobody = person(Role.ANALYST).actor
        with pytest.raises(Forbidden):
            trends.list_trends(session, prompt_id=None, bot_id=None, actor=nobody)
