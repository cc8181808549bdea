"""The figures of an evaluation: rates, scores, consistency, tags and recommendations."""

from collections.abc import Sequence

import streamlit as st

from core.evaluations import charts as evaluation_charts
from core.evaluations.figures.figure_texts import written
from core.evaluations.views import EvaluationView, Recommendation, TargetView
from core.presentation import formatting
from core.statistics.bootstrap import FEWEST
from pages._ui import charts, columns, frame, tables, text, watch
from pages._ui.tables import TableColumn


def draw(found: EvaluationView) -> None:
    if not any(target.completed or target.failed for target in found.results):
        frame.empty_state("hourglass", "No results yet", "Figures appear as answers are scored.")
        return
    _draw_recommendations(found.recommendations)
    if any(target.success_rate.value is not None for target in found.results):
        _draw_charts(found)
    frame.section("Targets", "95% intervals; failed calls are in no rate")
    tables.draw(
        found.results, _columns(found.runs), "Targets and their figures", key="evaluations.targets"
    )
    for target in found.results:
        if target.call_error:
            failed = formatting.count(target.failed, "call")
            why = text.plain(text.one_line(target.call_error))
            st.caption(f":material/error: {text.plain(_label(target))}: {failed} failed. {why}")
    _draw_tags(found.results)
    _draw_scorers(found.results)


def _draw_recommendations(found: Sequence[Recommendation]) -> None:
    if not found:
        return
    frame.section("Recommendations", "by rules, with the figures behind them")
    with st.container(border=True, gap="small"):
        for each in found:
            st.markdown(
                f"{text.plain(text.one_line(each.text))} "
                f":gray[:small[{text.plain(text.one_line(each.evidence))}]]"
            )


def _draw_charts(found: EvaluationView) -> None:
    palette, grid = charts.palette(), st.grid(2, min_column_width=300, gap=("small", "medium"))
    targets = found.results
    small = any(it.success_rate.n and it.success_rate.low is None for it in targets)
    note = "with 95% interval" + (f" from {FEWEST} cases" if small else "")
    with grid.cell(), watch.panel("Pass rate", note):
        rates = [(it.title, it.success_rate) for it in targets]
        chart = evaluation_charts.rates(palette, rates, what="Pass rate")
        charts.show(chart, "evaluations.chart.rates")
    with grid.cell(), watch.panel("Score", "mean over cases, with bootstrap interval"):
        scores = [(it.title, it.score) for it in targets]
        chart = evaluation_charts.rates(palette, scores, what="Mean score")
        charts.show(chart, "evaluations.chart.scores")
    if any(len(it.pass_power) > 1 for it in targets):
        with grid.cell(), watch.panel("Consistency", "chance that all of k runs of a case pass"):
            chart = evaluation_charts.pass_power(palette, targets)
            charts.show(chart, "evaluations.chart.power")


def _columns(runs: int) -> Sequence[TableColumn[TargetView]]:
    of_runs: Sequence[TableColumn[TargetView]] = [
        columns.figure("All runs pass", lambda row: formatting.share(row.consistency), width=90),
        columns.number("Mixed cases", lambda row: row.mixed_cases, width=85),
    ]
    return [
        columns.text("Target", lambda row: row.title, width=155),
        columns.figure("Pass rate", lambda row: written(row.success_rate), width=200),
        columns.figure("Score", lambda row: written(row.score), width=200),
        *(of_runs if runs > 1 else ()),
        columns.number("Failed calls", lambda row: row.failed, width=80),
        columns.number("Not scored", lambda row: row.not_scored, width=80),
        columns.figure("Median", lambda row: formatting.duration(row.median_ms), width=70),
        columns.figure("p95", lambda row: formatting.duration(row.p95_ms), width=70),
        columns.figure("Cost", lambda row: formatting.cost(row.cost_usd, row.unpriced), width=100),
    ]


def _draw_tags(targets: Sequence[TargetView]) -> None:
    tags = list(dict.fromkeys(tag.tag for target in targets for tag in target.by_tag))
    if not tags:
        return
    frame.section("By tag", "pass rate")
    rows = [
        {"Tag": tag}
        | {
            _label(target): next(
                (written(it.success_rate) for it in target.by_tag if it.tag == tag), "–"
            )
            for target in targets
        }
        for tag in tags
    ]
    tables.draw(rows, columns.of_cells(rows), "Pass rates by tag", key="evaluations.tags")


def _draw_scorers(targets: Sequence[TargetView]) -> None:
    numbers = list(dict.fromkeys(it.number for target in targets for it in target.by_scorer))
    if not numbers:
        return
    frame.section("By scorer", "passed of all scored answers")
    rows = []
    for number in numbers:
        name = targets[0].scorer_names[number - 1] if number else "Scorers of the cases"
        row = {"Scorer": text.one_line(name)}
        for target in targets:
            found = next((it for it in target.by_scorer if it.number == number), None)
            scored = found.passed + found.failed if found else 0
            row[_label(target)] = f"{found.passed:,} of {scored:,}" if found and scored else "–"
        rows.append(row)
    tables.draw(rows, columns.of_cells(rows), "Outcomes by scorer", key="evaluations.scorers")


def _label(target: TargetView) -> str:
    return f"{target.target}. {text.one_line(target.title)}"
