"""Totals of annotations by type, severity, status, tag, model, prompt version and arm."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from core.annotations.charts import COUNTED
from core.annotations.views import NONE, UNDISCLOSED, AnnotationShare, ReviewSummary
from pages._ui import columns, links, tables, watch
from pages._ui.filters import filter_state
from pages._ui.review.review_form import SEVERITIES
from pages._ui.tables import TableColumn
from pages.review.tuning.annotations.annotation_detail import STATUSES

NAMELESS = {"": "Unknown"}
MOST_ROWS = 8
SEVERITY_NAMES = {str(each): name for each, name in SEVERITIES.items()} | {
    NONE: "No severity",
    UNDISCLOSED: COUNTED[UNDISCLOSED],
}
# The filters of the annotations' list, by the tables of their totals
FILTERS = {
    "Type": "type",
    "Severity": "severity",
    "Status": "status",
    "Tag": "tag",
    "Prompt version": "prompt_version",
    "Experiment arm": "experiment_arm",
}
STATUS_NAMES = {str(each): name for each, name in STATUSES.items()}


def draw(found: ReviewSummary, environment: str, *, may_read: bool) -> None:
    """Draw totals by type, severity, status, tag, model, prompt version and arm; those that the
    list of annotations can be filtered by lead there.
    """
    parts: Sequence[tuple[str, str, list[AnnotationShare], dict[str, str]]] = (
        ("By type", "Type", found.by_type, COUNTED),
        ("By severity", "Severity", found.by_severity, SEVERITY_NAMES),
        ("By status", "Status", found.by_status, STATUS_NAMES),
        ("By tag", "Tag", found.by_tag, {}),
        ("By model", "Model", found.by_model, NAMELESS),
        ("By prompt version", "Prompt version", found.by_prompt_version, NAMELESS),
        ("By experiment arm", "Experiment arm", found.by_experiment_arm, NAMELESS),
    )
    if not any(each.value for each in found.by_experiment_arm):
        parts = parts[:-1]
    grid = st.grid(3, min_column_width=260, gap="medium")
    for title, label, shares, said in parts:
        leads = may_read and label in FILTERS
        with grid.cell(), watch.panel(title, "click a row to list" if leads and shares else ""):
            if not shares:
                st.caption(f"No annotation has a {label.lower()}.")
                continue
            shown: Sequence[TableColumn[AnnotationShare]] = [
                columns.text(label, partial(_name_of, said)),
                columns.number("Annotations", lambda each: each.count, width=90),
            ]
            alt = f"Annotations {title.lower()}, most frequent first."
            tables.draw(
                shares,
                shown,
                alt,
                key=f"review-summary.{label}",
                most=MOST_ROWS,
                on_open=partial(_list, FILTERS[label], environment) if leads else None,
            )


def _list(name: str, environment: str, each: AnnotationShare) -> None:
    """Lead to the annotations of a value, from a callback; no filter finds those without one."""
    if each.value not in ("", NONE, UNDISCLOSED):
        period = filter_state.shared() | {"environment": environment}
        links.go("tuning", view="annotations", **period, **{name: each.value})


def _name_of(said: Mapping[str, str], each: AnnotationShare) -> str:
    return said.get(each.value, each.value)
