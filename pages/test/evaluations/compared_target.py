"""A target compared with one of the baseline: the verdicts, and the cases that changed."""

import streamlit as st

from core.evaluations.figures.comparison import explanation
from core.evaluations.figures.comparison_views import (
    ChangedCase,
    ComparedTarget,
    EvaluationComparison,
    PairedView,
)
from core.presentation import formatting
from core.statistics.paired import Verdict
from pages._ui import columns, frame, sections, tables, text
from pages.test.evaluations import detail_address

BADGES = {
    Verdict.BETTER: "green",
    Verdict.WORSE: "red",
    Verdict.NO_DIFFERENCE: "gray",
    Verdict.TOO_FEW: "orange",
}
CHANGES = {"Worse": "red", "Better": "green"}
SHOWN = 10


def draw(compared: EvaluationComparison, each: ComparedTarget) -> None:
    frame.section(
        text.plain(text.one_line(each.title)),
        f"against {text.plain(text.one_line(each.baseline_title))}",
    )
    _draw_verdict("By passes", each.passes)
    _draw_verdict("By scores", each.scores)
    if each.changed_cases:
        _draw_changed(compared, each)


def _draw_changed(compared: EvaluationComparison, each: ComparedTarget) -> None:
    def open_(row: ChangedCase) -> None:
        sections.show("Cases")
        is_own = compared.baseline_id == compared.evaluation_id  # it has the runs of all targets
        baseline_case = None if is_own else row.baseline_id
        detail_address.show_compared_case(row.id, compared.baseline_id, baseline_case)

    st.caption(
        f"{formatting.count(each.worse, 'case')} worse, {each.better:,} better · click to open"
    )
    tables.draw(
        each.changed_cases,
        [
            columns.chip("Change", _change, CHANGES, width=65),
            columns.number("Case", lambda row: row.position, width=45),
            columns.text("Question", lambda row: row.question, width=460),
            columns.text("Baseline", _before, width=140),
            columns.text("Here", _now, width=140),
        ],
        "Cases that changed, the worse first",
        key=f"evaluations.changed.{compared.baseline_id}.{each.target}.{each.baseline_target}",
        on_open=open_,
        most=SHOWN,
    )


def _change(row: ChangedCase) -> str:
    return "Worse" if row.is_worse else "Better"


def _before(row: ChangedCase) -> str:
    return _outcome(row.baseline_passed, row.baseline_scored, row.baseline_score)


def _now(row: ChangedCase) -> str:
    return _outcome(row.passed, row.scored, row.score)


def _outcome(passed: int, scored: int, score: float | None) -> str:
    rate = f"{passed} of {scored} passed"
    return rate if score is None else f"{rate} · {score:.2f}"


def _draw_verdict(label: str, view: PairedView) -> None:
    words = text.capitalized(view.words)
    st.markdown(
        f"{label}\u2002:{BADGES[view.verdict]}-badge[{words}]\u2002"
        f":gray[:small[{text.plain(explanation(view))}]]"
    )
