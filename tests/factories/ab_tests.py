"""A/B tests of prompts whose versions make the fake provider answer as each case says."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from core.ab_tests import jobs
from core.ab_tests.queries import ab_tests as queries
from core.ab_tests.queries import results
from core.ab_tests.schemas import NewAbTest
from core.ab_tests.service import ab_tests, count_results
from core.ab_tests.views import AbTestOutcome, AbTestView
from core.bots.schemas import Trait
from core.database.db import Database, transaction
from core.identity.schemas import Actor
from core.jobs import outbox
from core.providers.schemas import ModelCall
from tests.factories import prompts
from tests.factories.bots import Judge
from tests.factories.evaluations import run

JUDGE = "fake:constrained"
GOOD, BAD = "It is good.", "It is bad."
DUE = text(
    "delete from procrastinate_jobs where task_name = :name returning args ->> 'evaluation_id'"
)
ANSWER = re.compile(r"<answer>\n(.*?)\n</answer>", re.DOTALL)


def case(a: str | Mapping[str, Any], b: str | Mapping[str, Any], **more: object) -> dict[str, Any]:
    """Return a case that A and B answer with these texts, or by these scripts; `good` passes."""
    scripts = [{"text": each} if isinstance(each, str) else dict(each) for each in (a, b)]
    return {
        "input": "question",
        "context": dict(zip("ab", map(json.dumps, scripts), strict=True)),
        "expected_output": {"type": "contains", "value": "good"},
        **more,
    }


def variants(actor: Actor, name: str = "support") -> list[dict[str, Any]]:
    """Create a prompt whose first version answers by each case's `a`, and its second by `b`."""
    created = prompts.create(actor, name, "#fake {{a}}\n{{input}}")
    prompts.save(actor, created.id, prompt="#fake {{b}}\n{{input}}")
    reference = {"template_id": str(created.id), "model_id": "fake:echo"}
    return [reference | {"version": version} for version in (1, 2)]


def new(actor: Actor, cases: Sequence[Mapping[str, Any]], **more: object) -> NewAbTest:
    given = {"test_name": "Warmth", "test_cases": list(cases), **more}
    if "variants" not in given:
        given["variants"] = variants(actor)
    return NewAbTest.model_validate(given)


def created(actor: Actor, cases: Sequence[Mapping[str, Any]], **more: object) -> AbTestView:
    """Store an A/B test, and run nothing of it."""
    wanted = new(actor, cases, **more)
    with transaction() as session:
        return ab_tests.create(session, wanted, actor=actor)


def started(actor: Actor, ab_test_id: UUID) -> UUID:
    """Queue a run, and return its evaluation."""
    with transaction() as session:
        started = ab_tests.run(session, ab_test_id, actor=actor)
    assert started.evaluation_id is not None
    return started.evaluation_id


def count_ended() -> int:
    """Deliver what has ended, and do the queued jobs; return how many there were."""
    assert jobs  # which handle the end of evaluations
    outbox.relay(Database.CORE)
    with transaction() as session:
        due = list(session.scalars(DUE, {"name": count_results.TASK}))
    for evaluation_id in due:
        count_results.count(UUID(evaluation_id))
    return len(due)


def finished(actor: Actor, cases: Sequence[Mapping[str, Any]], **more: object) -> AbTestView:
    """Create and run a whole A/B test."""
    ab_test = created(actor, cases, **more)
    run(started(actor, ab_test.id))
    count_ended()
    return read(actor, ab_test.id)


def read(actor: Actor, ab_test_id: UUID) -> AbTestView:
    with transaction() as session:
        return queries.get_ab_test(session, ab_test_id, actor=actor)


def outcome(actor: Actor, ab_test_id: UUID) -> AbTestOutcome:
    with transaction() as session:
        return results.get_outcome(session, ab_test_id, actor=actor)


class Judges(Judge):
    """Answers for the fake provider as a judge, by the text of the answer: a score from 1 to 5, and
    four traits; None is no JSON.
    """

    def __init__(
        self,
        scores: Mapping[str, int | None] | None = None,
        traits: Mapping[str, Sequence[int] | None] | None = None,
    ) -> None:
        super().__init__()
        self.scores, self.traits = scores or {}, traits or {}

    def answer(self, call: ModelCall) -> str:
        found = next(filter(None, (ANSWER.search(each.content) for each in call.messages)))
        answer, verdict = found[1], dict[str, Any]()
        if "score" in (call.response_schema or {})["properties"]:
            score = self.scores.get(answer, 3)
            verdict = {} if score is None else {"score": score}
        elif (traits := self.traits.get(answer, (50, 50, 50, 50))) is not None:
            verdict = {f"{trait}_score": it for trait, it in zip(Trait, traits, strict=True)}
        return json.dumps({"rationale": f"About: {answer}", **verdict}) if verdict else "no JSON"
