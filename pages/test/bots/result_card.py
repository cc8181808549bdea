"""One answer of a bot: its text, figures, analysis, sources, outcomes and rating."""

from decimal import Decimal
from uuid import UUID

import streamlit as st

from core.bots.result_schemas import BotTestResult, OutcomeCheck, PersonalityAnalysis
from core.bots.service import results
from core.presentation import formatting
from pages._ui import errors, frame, guard, state, text
from pages.test.bots.labels import TRAITS

RATINGS = tuple(Decimal(number) / 2 for number in range(2, 11))
MOST_SOURCES, MOST_WORDS = 6, 12
MARKS = {True: ":green[:material/check_circle:]", False: ":red[:material/cancel:]",
         None: ":gray[:material/help:]"}  # fmt: skip


def title(result: BotTestResult) -> str:
    """Return the line of a result in a list."""
    version = "draft" if result.version is None else f"version {result.version}"
    message = text.plain(formatting.shortened(text.one_line(result.message), 70))
    score = result.personality_score
    aligned = "not analyzed" if score is None else f"alignment {score.overall_alignment}"
    return f"{message} :gray[:small[{version} · {aligned} · {text.ago(result.created_at)}]]"


def draw(result: BotTestResult) -> None:
    st.markdown(f":gray[:small[{text.plain(formatting.shortened(result.message, 300))}]]")
    if result.problem is not None:
        st.error(text.plain(result.problem), icon=":material/error:")
    else:
        st.text(text.upright(result.response))
    st.caption(text.plain(" · ".join(_facts(result))))
    if result.parameters_left_out:
        left_out = ", ".join(result.parameters_left_out)
        st.caption(text.plain(f"Not sent, as the model doesn't take it: {left_out}"))
    _draw_analysis(result)
    for check in result.outcomes:
        _draw_outcome(check)
    _draw_sources(result)
    if result.problem is None:
        _draw_rating(result)


def _facts(result: BotTestResult) -> list[str]:
    facts = [result.model_id, formatting.duration(result.response_time_ms)]
    if result.cost_usd is not None:
        facts.append(formatting.money(result.cost_usd))
    if result.confidence is not None:
        facts.append(f"confidence {result.confidence}")
    if result.knowledge_coverage is not None:
        facts.append(f"knowledge coverage {formatting.share(result.knowledge_coverage)}")
    return facts


def _draw_analysis(result: BotTestResult) -> None:
    score = result.personality_score
    if score is None:
        if result.analysis_problem is not None:
            st.caption(f"Not analyzed: {text.plain(result.analysis_problem)}")
        return
    judge = text.plain(result.judge_model_id or "")
    frame.section("Analysis", f"by {judge}{'' if result.judge_is_fit else ', unfit as a judge'}")
    _draw_scores(score)
    st.markdown(text.plain(score.rationale))
    for suggestion in score.suggestions:
        st.markdown(f"- {text.plain(text.one_line(suggestion))}")


def _draw_scores(score: PersonalityAnalysis) -> None:
    grid = st.grid(5, min_column_width=120, gap="small")
    grid.cell().metric("Alignment", score.overall_alignment)
    for trait, name in TRAITS.items():
        grid.cell().metric(name, getattr(score, f"{trait.value}_score"))


def _draw_outcome(check: OutcomeCheck) -> None:
    outcome, reason = text.plain(check.outcome), text.plain(text.one_line(check.reason))
    st.markdown(f"{MARKS[check.met]} {outcome} :gray[:small[{check.by}: {reason}]]")


def _draw_sources(result: BotTestResult) -> None:
    if not result.knowledge_sources:
        return
    frame.section("Knowledge used", "by the words that the answer shares with it")
    for source in result.knowledge_sources[:MOST_SOURCES]:
        words = ", ".join(source.words[:MOST_WORDS])
        st.markdown(f"{text.plain(source.title)}  \n:gray[:small[{text.plain(words)}]]")


def _draw_rating(result: BotTestResult) -> None:
    key = f"bots.rating.{result.id}"
    rated = None if result.rating is None else Decimal(str(result.rating)).normalize()
    # As stored: a rating may have been refused, or given in another tab
    state.put(key, rated)
    st.select_slider(
        "Your rating",
        [None, *RATINGS],
        format_func=lambda each: "–" if each is None else f"{each:g}",
        key=key,
        width=320,
        on_change=rate,
        args=(result.id,),
    )


@errors.action
def rate(result_id: UUID) -> None:
    rating: Decimal | None = state.get(f"bots.rating.{result_id}", None)
    # A rating can be replaced, not taken back: the next run shows it again.
    if rating is None:
        return
    with guard.work() as (session, actor):
        results.rate(session, result_id, rating, actor=actor)
