"""The dimensions of usage: the titles of each, and where a click on its rows leads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from core.identity.permissions import Permission
from core.insights.usage import UsageDimension, UsageRow
from core.presentation.periods import DAY, Period, in_address, midnight
from pages._ui import links
from pages._ui.filters import filter_state

PAGE = "usage"


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


def _span(period: Period) -> dict[str, str]:
    return {"start": in_address(period.start), "end": in_address(period.end)}


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
