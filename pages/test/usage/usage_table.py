"""Usage by one dimension; a click on a row leads to what it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import streamlit as st

from core.insights.usage import UsageDimension, UsageReport, UsageRow
from core.presentation.periods import DAY, Period, in_address, midnight
from pages._ui import columns, errors, links, tables, watch
from pages._ui.filters import filter_state
from pages._ui.tables import TableColumn

PAGE = "usage"
MOST_ROWS = 15


@dataclass(frozen=True)
class UsageGroup:
    """How a dimension is shown: its title, the name of calls without a value, and where a row
    leads.
    """

    title: str
    without: str
    hint: str
    open: Callable[[UsageRow, Period], None]


def _open_model(row: UsageRow, period: Period) -> None:
    provider, _, model = (row.id or "").partition(":")
    links.go("ai-metrics", provider=provider, model=model, **_span(period))


def _open_prompt(row: UsageRow, _: Period) -> None:
    if row.prompt_id is not None:
        links.go("prompts", prompt=str(row.prompt_id))


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
        "Model", "No model", "for the AI requests that API keys sent to it", _open_model
    ),
    UsageDimension.PROMPT: UsageGroup("Prompt", "No prompt", "for the prompt", _open_prompt),
    UsageDimension.PROMPT_VERSION: UsageGroup(
        "Prompt version", "No prompt", "for the prompt", _open_prompt
    ),
    UsageDimension.ACCOUNT: UsageGroup(
        "Account", "API keys and deleted accounts", "for the account", _open_account
    ),
    UsageDimension.KEY: UsageGroup("API key", "Accounts", "for the API keys", _open_key),
    UsageDimension.DAY: UsageGroup("Day", "", "for the models of that day", _open_day),
}


def draw_choice() -> None:
    """Draw the choice of a dimension, which the address has as the API does."""
    st.selectbox(
        "Group by",
        ["", *(each for each in GROUPS if each is not UsageDimension.MODEL)],
        key=f"{PAGE}.group_by",
        format_func=lambda each: f"By {_group(each).title[:1].lower()}{_group(each).title[1:]}",
        label_visibility="collapsed",
        width=168,
    )


def _group(written: str) -> UsageGroup:
    return GROUPS[UsageDimension(written or UsageDimension.MODEL)]


@errors.part("Usage")
def draw(report: UsageReport) -> None:
    group = GROUPS[report.group_by]

    def open_(row: UsageRow) -> None:
        group.open(row, report.period)

    note = f"by cost · click a row {group.hint}"
    with watch.panel(f"By {group.title[:1].lower()}{group.title[1:]}", note):
        tables.draw(
            report.rows,
            _columns(report, group),
            f"{len(report.rows)} rows by {group.title}",
            key=f"{PAGE}.rows.{report.group_by}",
            on_open=open_,
            most=MOST_ROWS,
        )


def _columns(report: UsageReport, group: UsageGroup) -> Sequence[TableColumn[UsageRow]]:
    return [
        columns.text(group.title, lambda row: row.name or group.without, width=230),
        columns.number("Calls", lambda row: row.calls),
        columns.bar("Share", lambda row: row.share * 100, format="%.0f%%", most=100, width=90),
        columns.percent("Errors", lambda row: row.error_rate, format="%.2f%%"),
        columns.number("Tokens in", lambda row: row.input_tokens, format="compact"),
        columns.number("Tokens out", lambda row: row.output_tokens, format="compact"),
        columns.number(
            "Cost", lambda row: row.cost_usd if row.priced_calls else None, format="dollar"
        ),
        columns.number(
            "Unpriced",
            lambda row: row.unpriced_calls,
            help="Calls with tokens and no known cost, not included in cost",
        ),
        columns.seconds("p95 time", lambda row: row.p95_time_ms),
    ]


def _span(period: Period) -> dict[str, str]:
    return {"start": in_address(period.start), "end": in_address(period.end)}
