"""Of two answers, one is better only when a judge says so in both orders."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from core.identity.schemas import Role
from core.scoring.model_access import ExecutedModels, JudgeCall, JudgeReply, TextVectors
from tests.factories.identity import person
from tests.factories.scoring import QUESTION, scored, spec


@dataclass
class ShortAnswersJudge:
    """A judge that finds the shorter answer better, and takes a cent for each verdict."""

    asked: list[str] = field(default_factory=list)

    async def ask(self, call: JudgeCall) -> JudgeReply:
        await asyncio.sleep(0)
        message = call.messages[-1].content
        self.asked.append(message)
        first, second = (
            message.split(f"<{tag}>\n")[1].split(f"\n</{tag}>")[0]
            for tag in ("first_answer", "second_answer")
        )
        better = "tie" if len(first) == len(second) else "first"
        if len(second) < len(first):
            better = "second"
        verdict = json.dumps({"rationale": "The shorter one.", "better": better})
        return JudgeReply(text=verdict, model_id="test:judge", cost_usd=Decimal("0.01"))

    async def embed(self, model_id: str | None, texts: Sequence[str]) -> TextVectors:
        raise AssertionError("a pair was compared by vectors")


@pytest.mark.parametrize(
    ("text", "score", "passed"), [("Par", 1, True), ("Parma", 0.5, True), ("It is Paris", 0, False)]
)
def test_a_consistent_verdict_counts(text: str, score: float, passed: bool) -> None:
    judge = ShortAnswersJudge()
    found = scored(spec("pairwise", rubric="Short?"), text, QUESTION, judge)
    assert (found.score, found.passed) == (score, passed)
    assert found.details["position_consistent"] is True
    assert found.cost_usd == Decimal("0.02")
    assert len(judge.asked) == 2


@pytest.mark.parametrize("better", ["first", "second"])
@pytest.mark.usefixtures("runner")
def test_a_verdict_that_depends_on_the_order_is_a_tie(better: str) -> None:
    script = json.dumps({"json": {"rationale": "This one.", "better": better}})
    scorer = spec("pairwise", rubric=f"#fake {script}\nBetter?", judge_model_id="fake:echo")
    found = scored(scorer, "Rome", QUESTION, ExecutedModels(person(Role.ADMIN).actor))
    assert found.score == 0.5
    assert found.details["position_consistent"] is False
    assert found.details["verdicts"] == [better, better]
    assert len(found.details["execution_ids"]) == 2


@pytest.mark.usefixtures("runner")
def test_one_failed_order_leaves_the_pair_without_a_score() -> None:
    scorer = spec("pairwise", rubric='#fake {"fault": "auth", "fail_after": 0}\nBetter?')
    found = scored(scorer, "Rome", QUESTION, ExecutedModels(person(Role.ADMIN).actor))
    assert (found.score, found.passed) == (None, None)


def test_without_another_answer_there_is_nothing_to_compare() -> None:
    case = QUESTION.model_copy(update={"reference": None})
    scorer = spec("pairwise", rubric="Better?")
    assert scored(scorer, "Rome", case, ShortAnswersJudge()).score is None
    with_value = spec("pairwise", rubric="Better?", value="Rome is it")
    assert scored(with_value, "Rome", case, ShortAnswersJudge()).score == 1
