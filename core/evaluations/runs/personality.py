"""How an answer sounds, by the judge of bots: beside the scores, and in none of them."""

from core.bots import judging as bot_judging
from core.bots.judging import TraitJudgement
from core.evaluations.cases.case_schemas import EvaluatedCase
from core.scoring.judging import ask_in_form
from core.scoring.model_access import ScoringModels
from core.scoring.results import MAX_REASON_CHARS
from core.scoring.schemas import ScoredAnswer, ScoreResult

KIND = "personality"


async def analyze(
    answer: ScoredAnswer, case: EvaluatedCase, judge_model_id: str, models: ScoringModels
) -> ScoreResult:
    """Return the four trait scores as `details`; without any, `reason` says why.

    The judge knows no sliders, so that the answers of all targets are judged alike.
    """
    question = bot_judging.trait_question(case.messages, answer.text)
    outcome = await ask_in_form(
        models,
        judge_model_id,
        bot_judging.TRAIT_INSTRUCTIONS,
        question,
        TraitJudgement,
        scorer=KIND,
    )
    verdict = outcome.verdict
    return ScoreResult(
        name=KIND,
        kind=KIND,
        passed=None,
        score=None,
        reason=(outcome.problem if verdict is None else verdict.rationale)[:MAX_REASON_CHARS],
        cost_usd=outcome.cost_usd,
        details={} if verdict is None else verdict.model_dump(exclude={"rationale"}),
    )
