"""Usage by one dimension; a click on a row leads to what it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.insights.usage import UsageDimension, UsageReport, UsageRow
from core.presentation import formatting
from core.presentation.periods import DAY, Period, in_address, midnight
from pages._ui import columns, errors, links, tables, watch
from pages._ui.filters import filter_state
from pages._ui.tables import TableColumn

PAGE = "usage"
MOST_ROWS = 15


@dataclass(frozen=True)
class UsageGroup:
    """How a dimension is shown: its titles, the name of calls without a value, and where a row
    leads.
    """

    title: str
    by: str
    without: str
    note: str
    open: Callable[[UsageRow, Period], None]
    permission: Permission | None = None  # to open a row


def _open_model(row: UsageRow, period: Period) -> None:
    provider, _, model = (row.id or "").partition(":")
    links.go("ai-metrics", provider=provider, model=model, **_span(period))


def _open_prompt(row: UsageRow, _: Period) -> None:
    if row.prompt_id is not None:
        links.go("prompts", prompt=str(row.prompt_id))


def _open_playground(_: UsageRow, __: Period) -> None:
    links.go("playground")


def _open_account(row: UsageRow, _: Period) -> None:
    if row.id is not None:
        links.go("accounts", row=row.id)


def _open_key(row: UsageRow, _: Period) -> None:
    if row.id is not None:
        links.go("settings", section="API keys")


def _open_day(row: UsageRow, period: Period) -> None:
    day = date.fromisoformat(row.id or "")
    start, end = (midnight(each, period.zone) for each in (day, day + DAY))
    filter_state.put(PAGE, group_by="")
    filter_state.look_at(PAGE, start, end)


GROUPS: Mapping[UsageDimension, UsageGroup] = {
    UsageDimension.MODEL: UsageGroup(
        "Model",
        "By model",
        "No model",
        "by cost · click a row for the AI requests of API keys",
        _open_model,
    ),
    UsageDimension.PROJECT: UsageGroup(
        "Project",
        "By project",
        "No project",
        "by cost · set in the details of a playground session",
        _open_playground,
    ),
    UsageDimension.PROMPT: UsageGroup(
        "Prompt", "By prompt", "No prompt", "by cost · click a row to open it", _open_prompt
    ),
    UsageDimension.PROMPT_VERSION: UsageGroup(
        "Prompt version",
        "By prompt version",
        "No prompt",
        "by cost · click a row to open the prompt",
        _open_prompt,
    ),
    UsageDimension.ACCOUNT: UsageGroup(
        "Account",
        "By account",
        "API keys and deleted accounts",
        "by cost · click a row to open it",
        _open_account,
        Permission.MANAGE_ACCOUNTS,
    ),
    UsageDimension.KEY: UsageGroup(
        "API key",
        "By API key",
        "Accounts and deleted keys",
        "by cost · click a row for the list of keys",
        _open_key,
    ),
    UsageDimension.DAY: UsageGroup(
        "Day", "By day", "", "newest first · click a row for its models", _open_day
    ),
}


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
        columns.seconds("p95 time", lambda row: row.p95_time_ms),
    ]


def _span(period: Period) -> dict[str, str]:
    return {"start": in_address(period.start), "end": in_address(period.end)}
