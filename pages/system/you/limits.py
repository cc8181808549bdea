"""Your account, Limits: the quotas that apply to the account's model calls."""

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.quotas import queries
from core.quotas.amounts import shown
from core.quotas.schemas import QuotaScope, QuotaUse
from pages._ui import frame, guard, text

WHOSE = {
    QuotaScope.WORKSPACE: "Workspace",
    QuotaScope.ROLE: "Your role",
    QuotaScope.ACCOUNT: "You",
}


def draw(actor: Actor) -> None:
    if not may(actor, Permission.RUN_MODELS):
        return
    with guard.work() as (session, actor):
        quotas = queries.list_use(session, actor=actor)
    frame.section("Limits", "quotas of your calls of models")
    with st.container(border=True, gap="small"):
        if not quotas:
            st.caption("No quotas apply to you.")
        for each in quotas:
            _draw_quota(each)


def _draw_quota(quota: QuotaUse) -> None:
    limit = f"{shown(quota.limit, quota.measure)} per {quota.period}"
    until = text.clock_time(quota.resets_at, frame.time_zone())
    used = f"{shown(quota.used + quota.reserved, quota.measure)} used or reserved · resets {until}"
    st.markdown(text.plain(f"{WHOSE[quota.scope]}: {limit}"))
    share = min(1.0, float((quota.used + quota.reserved) / quota.limit))
    st.progress(share, f":gray[:small[{text.plain(used)}]]")
