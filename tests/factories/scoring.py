"""Scorers, answers and cases to score."""

import asyncio
from typing import Any

from pydantic import TypeAdapter

from core.scoring.model_access import ScoringModels
from core.scoring.schemas import (
    CaseToScore,
    MessageToScore,
    ScoredAnswer,
    ScoredToolCall,
    ScoreResult,
    ScorerSpec,
)
from core.scoring.scorers import score

ADAPTER: TypeAdapter[ScorerSpec] = TypeAdapter(ScorerSpec)
QUESTION = CaseToScore(
    messages=(MessageToScore(role="user", content="What is the capital of France?"),),
    reference="Paris",
)


def spec(kind: str, **more: Any) -> ScorerSpec:  # noqa: ANN401  fields of any kind
    """Return a validated scorer."""
    return ADAPTER.validate_python({"kind": kind, **more})


def scored(
    scorer: ScorerSpec,
    text: str = "",
    case: CaseToScore = QUESTION,
    models: ScoringModels | None = None,
    **more: Any,  # noqa: ANN401  fields of the answer
) -> ScoreResult:
    """Return the result of a scorer for an answer with this text."""
    return asyncio.run(score(scorer, ScoredAnswer(text=text, **more), case, models))


def called(tool: str, **arguments: object) -> ScoredToolCall:
    """Return a tool call of an answer."""
    return ScoredToolCall(name=tool, arguments=arguments)
