"""Quotas in words: whose calls they limit, by what and in which period."""

from core.identity.schemas import Role
from core.quotas.schemas import QuotaMeasure, QuotaPeriod, QuotaScope, QuotaView
from pages._ui import text

SCOPES = {
    QuotaScope.WORKSPACE: "Workspace: all calls together",
    QuotaScope.ROLE: "Role: each account with it",
    QuotaScope.ACCOUNT: "One account",
    QuotaScope.KEY: "One API key",
}
MEASURES = {
    QuotaMeasure.COST: "Cost (USD)",
    QuotaMeasure.TOKENS: "Tokens (input and output)",
    QuotaMeasure.CALLS: "Calls",
}
PERIODS = {
    QuotaPeriod.DAY: "Day (UTC)",
    QuotaPeriod.MONTH: "Month (UTC)",
    QuotaPeriod.MINUTE: "Minute",
}


def title_of(quota: QuotaView) -> str:
    """Return whose calls a quota limits."""
    match quota.scope:
        case QuotaScope.WORKSPACE:
            return "Workspace"
        case QuotaScope.ROLE:
            return f"Each {text.ROLES[Role(quota.target or '')].lower()}"
        case _:
            return quota.target or ""
