"""Scores of a message, a conversation or an AI request."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.presentation import formatting
from core.scores import charts
from core.scores.schemas import ScoreSource
from core.scores.views import ScoreView
from pages._ui import text

LONGEST_COMMENT = 2000
SOURCES = {
    ScoreSource.RULE: "rule",
    ScoreSource.JUDGE: "judge",
    ScoreSource.API: "API",
    ScoreSource.PERSON: "person",
}


def draw(scores: Sequence[ScoreView], zone: str) -> None:
    """Draw each score with its comment, and what set it."""
    for score in scores:
        said = [charts.score(score.value)] if score.value is not None else []
        name = escape(text.one_line(" ".join([score.name, *said, score.label or ""])))
        comment = text.upright((score.comment or "")[:LONGEST_COMMENT])
        quoted = f" <bdi>“{escape(comment)}”</bdi>" if comment else ""
        st.html(
            f'<p class="attune-judged"><span class="attune-chip attune-step">{name}</span>'
            f"{quoted} <small>{escape(_origin(score, zone))}</small></p>"
        )


def _origin(score: ScoreView, zone: str) -> str:
    evaluator = " ".join(filter(None, (score.evaluator, score.evaluator_version)))
    cost = formatting.money(score.cost_usd) if score.cost_usd is not None else ""
    facts = [SOURCES[score.source], evaluator, cost, formatting.moment(score.created_at, zone)]
    return text.one_line(" · ".join(filter(None, facts)))
