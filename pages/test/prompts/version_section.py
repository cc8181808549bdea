"""Section Versions: all versions with their figures in production, and what changed between two."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.ai_metrics.views import AiMetricsQuery
from core.identity.schemas import Actor
from core.insights.prompt_figures import PromptVersionFigures
from core.insights.queries.prompt_versions import prompt_versions
from core.presentation import formatting
from core.presentation.periods import last_days
from core.prompts.queries import versions as queries
from core.prompts.views import PromptVersionView, PromptView
from core.system import workspace
from pages._ui import columns, errors, frame, guard, links, state, tables, text
from pages._ui.tables import TableColumn
from pages.test.prompts import version_changes, version_detail
from pages.test.prompts.edit import fixes

DAYS = 30
OLD, NEW = "prompts.diff.old", "prompts.diff.new"


@dataclass(frozen=True)
class VersionRow:
    """A version with its labels and what applications reported about it."""

    version: PromptVersionView
    labels: list[str]
    figures: PromptVersionFigures | None


def draw(prompt: PromptView, actor: Actor) -> None:
    with guard.work() as (session, _):
        versions = queries.list_versions(session, prompt.id, actor=actor)
    _draw_table(prompt, versions, actor)
    version_detail.draw(prompt, versions, actor)
    fixes.draw(prompt)
    if len(versions) > 1:
        _draw_diff(prompt, versions)


@errors.part("Versions")
def _draw_table(prompt: PromptView, versions: list[PromptVersionView], actor: Actor) -> None:
    with guard.work_on_both() as (session, ai, _):
        period = AiMetricsQuery(last_days(DAYS, zone=workspace.zone()))
        found = prompt_versions(session, ai, period, actor=actor)
    figures = {
        # Requests name the version that they used as `name@version`
        title.removeprefix(f"{prompt.name}@"): each
        for each in found
        if (title := each.prompt_version or "").startswith(f"{prompt.name}@")
    }
    rows = [
        VersionRow(
            version,
            [label.name for label in prompt.labels if label.version == version.number],
            figures.get(str(version.number)),
        )
        for version in versions
    ]
    note = f"figures of the last {DAYS} days from requests that name {prompt.name}@version"
    frame.section("Versions", f"{text.plain(note)} · click a row to edit from it")
    tables.draw(
        rows,
        _columns(rows),
        formatting.count(len(rows), "version"),
        key=f"prompts.versions.{prompt.id}",
        on_open=lambda row: version_detail.edit_from(prompt, row.version),
        most=12,
    )
    if figures:
        links.draw("ai-metrics", "Compare versions in AI metrics", icon="monitoring")


def _columns(rows: Sequence[VersionRow]) -> Sequence[TableColumn[VersionRow]]:
    def rate(row: VersionRow) -> float | None:
        return row.figures.error_rate.value if row.figures is not None else None

    def cost_per_thousand(row: VersionRow) -> float | None:
        cost = row.figures.cost_per_request.value if row.figures is not None else None
        return float(cost) * 1000 if cost is not None else None

    return [
        columns.number("Version", lambda row: row.version.number, width=70),
        columns.tags("Labels", lambda row: row.labels, width=150),
        columns.text("Note", lambda row: row.version.note, width=190),
        columns.text("By", lambda row: row.version.created_by_name or "Attune", width=95),
        columns.moment("Saved", lambda row: row.version.created_at, workspace.zone()),
        columns.number(
            "Requests", lambda row: row.figures.total_requests if row.figures else None, width=85
        ),
        columns.percent("Errors", rate, format="%.1f%%", width=75),
        columns.durations(
            "p95 latency",
            lambda row: row.figures.p95_latency_ms.value if row.figures else None,
            rows,
        ),
        columns.number("Cost per 1,000", cost_per_thousand, format="$%.2f", width=115),
        columns.percent(
            "Approved",
            lambda row: (
                row.figures.approved.value if row.figures and row.figures.approved else None
            ),
            format="%.0f%%",
            width=80,
        ),
    ]


def _draw_diff(prompt: PromptView, versions: list[PromptVersionView]) -> None:
    by_number = {version.number: version for version in versions}
    numbers = list(by_number)
    frame.section("Changes between two versions")
    for key, at in ((OLD, 1), (NEW, 0)):
        # The keys are of all prompts: another one may have had more versions
        if state.get(key, None) not in numbers:
            state.put(key, numbers[at])
    with st.container(horizontal=True, gap="small"):
        st.selectbox("From version", numbers, key=OLD, width=140)
        st.selectbox("To version", numbers, key=NEW, width=140)
    old, new = by_number[state.get(OLD, numbers[1])], by_number[state.get(NEW, numbers[0])]
    version_changes.draw(old, new)
