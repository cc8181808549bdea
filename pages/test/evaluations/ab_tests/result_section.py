"""The result of an A/B test: the winner, each metric of both variants, and what to do."""

from collections.abc import Sequence

import streamlit as st

from core.ab_tests import charts as ab_charts
from core.ab_tests import metric_texts
from core.ab_tests.queries.results import get_outcome
from core.ab_tests.schemas import Variant, VariantId
from core.ab_tests.views import AbTestOutcome, AbTestView, AnswerCounts, MetricFigures, Winner
from core.ab_tests.winner import is_open, verdict_of
from core.errors import Conflict
from core.presentation import formatting
from core.statistics.bootstrap import FEWEST
from pages._ui import charts, columns, frame, guard, tables, text, watch
from pages._ui.tables import TableColumn

TITLES = {metric: name.capitalize() for metric, name in metric_texts.NAMES.items()}


def draw(found: AbTestView) -> None:
    try:
        with guard.work() as (session, actor):
            outcome = get_outcome(session, found.id, actor=actor)
    except Conflict:
        _draw_nothing(found)
        return
    _draw_winner(found, outcome)
    frame.section("Metrics", f"means over the cases of both, 95% intervals from {FEWEST} cases")
    tables.draw(outcome.comparisons, _columns(), "Metrics of both variants", key="ab_tests.metrics")
    for variant, counts in zip(found.variants, (outcome.A, outcome.B), strict=True):
        st.caption(text.plain(_counted(found, variant, counts)))
    _draw_charts(outcome)


def _draw_nothing(found: AbTestView) -> None:
    if found.is_running:
        body = "The result appears when all answers are scored."
        frame.empty_state("hourglass", "No result yet", body)
        return
    frame.empty_state("alt_route", "Not run yet", "Run it to have both variants answer the cases.")


def _draw_winner(found: AbTestView, outcome: AbTestOutcome) -> None:
    names = {variant.id: text.plain(text.one_line(variant.name)) for variant in found.variants}
    verdict = text.plain(text.capitalized(outcome.verdict))
    with st.container(border=True, gap="small"):
        if outcome.winner is Winner.TIE:
            is_known = not is_open(outcome.winner, outcome.verdict)
            badge = ":gray-badge[Tie]\u2002" if is_known else ""
            st.markdown(f"{badge}**{verdict}**")
        else:
            winner = VariantId(outcome.winner)
            st.markdown(f":green-badge[{winner} wins]\u2002**{names[winner]}**")
        st.markdown(text.plain(outcome.recommendation))
        st.caption(text.plain(outcome.rule))


def _columns() -> Sequence[TableColumn[MetricFigures]]:
    return [
        columns.text("Metric", _title, width=190),
        # Without intervals and names, which would leave one of the two to a phone
        columns.figure("A", lambda row: metric_texts.mean(row.metric, row.A), width=70),
        columns.figure("B", lambda row: metric_texts.mean(row.metric, row.B), width=70),
        columns.figure("A − B", _difference, width=210),
        columns.text("Verdict", lambda row: text.capitalized(verdict_of(row)), width=190),
        columns.number("Cases", lambda row: row.A.n, width=60),
        columns.figure(
            "Interval of A", lambda row: metric_texts.interval(row.metric, row.A), width=150
        ),
        columns.figure(
            "Interval of B", lambda row: metric_texts.interval(row.metric, row.B), width=150
        ),
    ]


def _title(row: MetricFigures) -> str:
    return f"{TITLES[row.metric]} ({metric_texts.UNITS[row.metric]})"


def _difference(row: MetricFigures) -> str | None:
    return metric_texts.difference(row.metric, row.comparison) if row.comparison else None


def _counted(found: AbTestView, variant: Variant, counts: AnswerCounts) -> str:
    answers = formatting.count(counts.answers, "answer")
    said = [f"{variant.id}: {text.one_line(variant.name)}: {answers}"]
    for number, what in (
        (counts.failed, "failed"),
        (counts.not_scored, "not scored"),
        (counts.not_analyzed if found.judge_model_id else 0, "without trait scores"),
    ):
        if number:
            said.append(f"{number:,} {what}")
    return ", ".join(said)


def _draw_charts(outcome: AbTestOutcome) -> None:
    palette, grid = charts.palette(), st.grid(2, min_column_width=300, gap=("small", "medium"))
    for figures in outcome.comparisons:
        if figures.A.value is None:
            continue
        with grid.cell(), watch.panel(TITLES[figures.metric], metric_texts.UNITS[figures.metric]):
            chart = ab_charts.values(palette, figures)
            charts.show(chart, f"ab_tests.chart.{figures.metric}")
