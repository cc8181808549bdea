"""Rates of the versions of a prompt or a bot over the same cases; each opens its evaluation."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from core.evaluations import charts as evaluation_charts
from core.evaluations.figures.figure_texts import written
from core.evaluations.figures.trend_views import TrendPoint, VersionTrend
from core.evaluations.queries import trends as queries
from core.presentation import formatting
from core.system import workspace
from pages._ui import charts, columns, errors, frame, guard, links, tables, text, watch
from pages._ui.tables import TableColumn

MOST = 5
NOTE = "pass rate with 95% interval · click a version to open its evaluation"


@errors.part("Evaluations")
def draw_section(
    version: int, *, prompt_id: UUID | None = None, bot_id: UUID | None = None
) -> None:
    """Draw the trend of a prompt or a bot, and a button that evaluates its newest version."""
    with guard.work() as (session, actor):
        found = queries.list_trends(session, prompt_id=prompt_id, bot_id=bot_id, actor=actor)
    frame.section("Trend over versions", "your newest completed evaluation of each version")
    draw(found, f"trend.{prompt_id or bot_id}")
    subject = {"template": str(prompt_id), "version": str(version)}
    st.button(
        f"Evaluate version {version}",
        icon=":material/fact_check:",
        on_click=links.go,
        args=("evaluations",),
        kwargs={"new": "1", **({"bot": str(bot_id)} if bot_id else subject)},
    )


def draw(trends: Sequence[VersionTrend], key: str) -> None:
    """Draw each trend as a chart and a table; without any, say how there will be one."""
    if not trends:
        frame.empty_state(
            "trending_up",
            "No evaluations yet",
            "Evaluate two versions over the same dataset to see what changed.",
        )
        return
    for number, trend in enumerate(trends[:MOST]):
        _draw(trend, f"{key}.{number}")
    if len(trends) > MOST:
        st.caption(f"Showing the {MOST} trends with the most versions, of {len(trends)}.")


def _draw(trend: VersionTrend, key: str) -> None:
    facts = (trend.cases, trend.model_id or "", *trend.scorers)
    title = text.plain(text.one_line(" · ".join(filter(None, facts))))
    points = trend.points
    with watch.panel(title, NOTE):
        charts.show(
            evaluation_charts.trend(charts.palette(), points),
            f"{key}.chart",
            on_pick=lambda point: _open(points[point.number]),
        )
        tables.draw(
            # The newest version first, and on the chart's right
            points[::-1],
            _columns(),
            formatting.count(len(points), "version"),
            key=f"{key}.table",
            on_open=_open,
            most=8,
        )
    if any(point.has_other_cases for point in points):
        st.caption("Hollow dots: other cases than those of the newest version.")


def _open(point: TrendPoint) -> None:
    links.go("evaluations", evaluation=str(point.evaluation_id))


def _columns() -> Sequence[TableColumn[TrendPoint]]:
    return [
        columns.number("Version", lambda row: row.version, width=70),
        columns.text("What changed", lambda row: row.note, width=300),
        columns.figure("Pass rate", lambda row: written(row.success_rate), width=240),
        columns.figure("Cases × runs", lambda row: f"{row.cases} × {row.runs}", width=95),
        columns.number("Dataset version", lambda row: row.dataset_version, width=110),
        columns.number("Evaluations", lambda row: row.evaluations, width=90),
        columns.moment("Evaluated", lambda row: row.finished_at, workspace.zone()),
    ]
