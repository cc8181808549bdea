"""Your account, Limits: quotas of the account's model calls, and limits of its API calls."""

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.quotas import queries
from core.quotas.amounts import limit_shown, shown
from core.quotas.schemas import QuotaScope, QuotaUse, RateLimitKind, RateLimitUse
from pages._ui import frame, guard, text

WHOSE = {
    QuotaScope.WORKSPACE: "Workspace",
    QuotaScope.ROLE: "Your role",
    QuotaScope.ACCOUNT: "You",
}
CALLS = {
    RateLimitKind.STANDARD: "API calls",
    RateLimitKind.STREAMING: "Streamed answers",
    RateLimitKind.EVALUATION: "Started evaluations",
}


def draw(actor: Actor) -> None:
    runs_models = may(actor, Permission.RUN_MODELS)
    with guard.work() as (session, actor):
        quotas = queries.list_use(session, actor=actor) if runs_models else []
        rate_limits = queries.list_rate_limits(session, actor=actor)
    if runs_models:
        _draw_quotas(quotas)
    frame.section("API limits", "calls with your sign-in token")
    with st.container(border=True, gap="small"):
        for limit in rate_limits:
            if runs_models or limit.kind is RateLimitKind.STANDARD:
                _draw_rate_limit(limit)


def _draw_quotas(quotas: list[QuotaUse]) -> None:
    frame.section("Limits", "quotas on your model calls")
    with st.container(border=True, gap="small"):
        if not quotas:
            st.caption("No quotas apply to you.")
        for each in quotas:
            _draw_quota(each)


def _draw_quota(quota: QuotaUse) -> None:
    until = text.clock_time(quota.resets_at, frame.time_zone())
    used = quota.used + quota.reserved
    _draw_bar(
        f"{WHOSE[quota.scope]}: {limit_shown(quota.limit, quota.measure)} per {quota.period}",
        float(used / quota.limit),
        f"{shown(used, quota.measure)} used or reserved · resets {until}",
    )


def _draw_rate_limit(limit: RateLimitUse) -> None:
    _draw_bar(
        f"{CALLS[limit.kind]}: {limit.limit:,} per minute",
        limit.used / limit.limit,
        f"{limit.used:,} in the current minute",
    )


def _draw_bar(title: str, share: float, note: str) -> None:
    st.markdown(text.plain(title))
    st.progress(min(1.0, share), f":gray[:small[{text.plain(note)}]]")
