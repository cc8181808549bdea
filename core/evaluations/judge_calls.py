"""The calls of models that scoring an answer takes, for estimates and limits of cost."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from sqlalchemy.orm import Session

from core.bots import judging as bot_judging
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.evaluations.runs.scored_runs import to_score
from core.evaluations.schemas import EvaluationDefinition, NewEvaluation
from core.executions.schemas import NewExecution
from core.providers import catalogue
from core.scoring import judge_prompts
from core.scoring.errors import NoJudge
from core.scoring.model_access import find_default_judge, judge_parameters
from core.scoring.schemas import (
    AllScorer,
    AnyScorer,
    JudgeScorer,
    PairwiseScorer,
    ScoredAnswer,
    ScorerSpec,
    SimilarityScorer,
)
from core.scoring.scorers import embedded_texts
from core.scoring.settings import flat


class JudgeQuestion(NamedTuple):
    """What a judge is asked; without a model, the default judge is."""

    model_id: str | None
    system_prompt: str
    text: str


def count_judge_calls(new: NewEvaluation, case: EvaluatedCase) -> int:
    """Return how many calls of judges an answer to a case takes."""
    asked = sum(
        # Judges prefer the first or the last answer, so each pair is judged in both orders
        1 if isinstance(spec, JudgeScorer) else 2
        for spec in _judges((*new.scorers, *case.assertions))
    )
    return asked + int(new.personality_judge_id is not None)


def list_judges(
    session: Session, definition: EvaluationDefinition, cases: Iterable[EvaluatedCase]
) -> set[str]:
    """Return the IDs of the models that judge answers to these cases; raise NoJudge."""
    specs = chain(definition.scorers, *(case.assertions for case in cases))
    wanted = {spec.judge_model_id for spec in _judges(specs)}
    if definition.personality_judge_id is not None:
        wanted.add(definition.personality_judge_id)
    return {_judge_id(session, model_id) for model_id in wanted}


def list_judge_questions(
    new: NewEvaluation | EvaluationDefinition, case: EvaluatedCase, answer: str
) -> Iterator[JudgeQuestion]:
    """Yield what judges are asked about an answer to a case."""
    asked, scored = to_score(case), ScoredAnswer(text=answer)
    for spec in _judges((*new.scorers, *case.assertions)):
        if isinstance(spec, JudgeScorer):
            text = judge_prompts.absolute(spec.rubric, scored, asked)
            yield JudgeQuestion(spec.judge_model_id, judge_prompts.ABSOLUTE, text)
            continue
        other = spec.value or case.reference or ""
        for pair in ((answer, other), (other, answer)):
            text = judge_prompts.comparison(spec.rubric, *pair, asked)
            yield JudgeQuestion(spec.judge_model_id, judge_prompts.PAIRWISE, text)
    if new.personality_judge_id is not None:
        text = bot_judging.trait_question(case.messages, answer)
        yield JudgeQuestion(new.personality_judge_id, bot_judging.TRAIT_INSTRUCTIONS, text)


def judge_call(session: Session, question: JudgeQuestion) -> NewExecution:
    """Return the call of a judge; raise NoJudge or ModelMissing."""
    model = catalogue.find_route(session, _judge_id(session, question.model_id)).model
    return NewExecution(
        model_id=model.id,
        system_prompt=question.system_prompt,
        prompt=question.text,
        parameters=judge_parameters(model),
    )


def list_embedding_calls(
    new: NewEvaluation | EvaluationDefinition, case: EvaluatedCase, answer: str
) -> Iterator[tuple[str | None, list[str]]]:
    """Yield the model and the texts of each comparison by meaning that an answer takes."""
    for spec in flat((*new.scorers, *case.assertions)):
        if not isinstance(spec, SimilarityScorer):
            continue
        if expected := spec.value or case.reference:
            yield spec.model_id, embedded_texts(answer, expected)


def _judges(specs: Iterable[ScorerSpec]) -> Iterator[JudgeScorer | PairwiseScorer]:
    for spec in specs:
        if isinstance(spec, AllScorer | AnyScorer):
            yield from _judges(spec.scorers)
        elif isinstance(spec, JudgeScorer | PairwiseScorer):
            yield spec


def _judge_id(session: Session, model_id: str | None) -> str:
    model_id = model_id or find_default_judge(session)
    if model_id is None:
        raise NoJudge
    return model_id
