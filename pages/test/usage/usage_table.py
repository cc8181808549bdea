"""Usage by one dimension; a click on a row leads to what it is about."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from core.identity.permissions import may
from core.identity.schemas import Actor
from core.insights.usage import UsageDimension, UsageReport, UsageRow
from core.presentation import formatting
from pages._ui import columns, errors, tables, watch
from pages._ui.tables import TableColumn
from pages.test.usage.usage_groups import GROUPS, PAGE, UsageGroup

MOST_ROWS = 15


def draw_choice() -> None:
    """Draw the choice of a dimension, which the address has as the API does."""
    st.selectbox(
        "Group by",
        ["", *(each for each in GROUPS if each is not UsageDimension.MODEL)],
        key=f"{PAGE}.group_by",
        format_func=lambda each: GROUPS[UsageDimension(each or UsageDimension.MODEL)].by,
        label_visibility="collapsed",
        width=168,
    )


@errors.part("Usage")
def draw(report: UsageReport, actor: Actor) -> None:
    group = GROUPS[report.group_by]
    # Others see accounts' usage, but have no page of accounts
    may_open = group.permission is None or may(actor, group.permission)

    def open_(row: UsageRow) -> None:
        group.open(row, report.period)

    with watch.panel(group.by, group.note if may_open else "by cost"):
        tables.draw(
            report.rows,
            _columns(report, group),
            f"Usage {group.by.lower()}: {formatting.count(len(report.rows), 'row')}",
            key=f"{PAGE}.rows.{report.group_by}",
            on_open=open_ if may_open else None,
            most=MOST_ROWS,
        )


def _columns(report: UsageReport, group: UsageGroup) -> Sequence[TableColumn[UsageRow]]:
    def name(row: UsageRow) -> str:
        if report.group_by is UsageDimension.DAY and row.name:
            return f"{date.fromisoformat(row.name):%-d %b %Y}"
        return row.name or group.without

    return [
        columns.text(group.title, name, width=200),
        columns.number(
            "Cost",
            lambda row: row.cost_usd if row.priced_calls else None,
            format=columns.dollars(row.cost_usd for row in report.rows),
        ),
        columns.number("Calls", lambda row: row.calls),
        columns.number(
            "From cache",
            lambda row: row.cached_calls,
            help="Calls that got the answer of an identical one, at no cost",
        ),
        columns.bar("Share", lambda row: row.share * 100, format="%.0f%%", most=100, width=90),
        columns.percent("Errors", lambda row: row.error_rate, format="%.2f%%"),
        columns.number("Tokens in", lambda row: row.input_tokens, format="compact"),
        columns.number("Tokens out", lambda row: row.output_tokens, format="compact"),
        columns.number(
            "Unpriced",
            lambda row: row.unpriced_calls,
            help="Calls with tokens and no known cost, not included in cost",
        ),
        columns.durations("p95 time", lambda row: row.p95_time_ms, report.rows),
    ]
