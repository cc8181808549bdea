"""Settings, Quotas: what calls of models may use."""

from functools import partial
from uuid import UUID

import streamlit as st

from core.presentation import formatting
from core.quotas import queries
from core.quotas.amounts import limit_shown, shown
from core.quotas.schemas import QuotaPeriod, QuotaView
from core.quotas.service import quotas as service
from pages._ui import dialogs, errors, frame, guard, state, text
from pages.system.settings import cards, quota_form, quota_labels


def draw() -> None:
    with guard.work() as (session, actor):
        present = queries.list_quotas(session, actor=actor)
    row = frame.section_row("Quotas", "limits on model calls", width=cards.WIDTH_PX)
    row.button("Add quota", icon=":material/add:", on_click=quota_form.open_form)
    if not present:
        frame.empty_state(
            "speed",
            "No quotas yet",
            "Model calls have no limit. Add a quota, for example on the workspace's cost per day.",
            width=cards.WIDTH_PX,
        )
    for quota in present:
        _draw_quota(quota)


def _draw_quota(quota: QuotaView) -> None:
    badge = " :gray-badge[Only observes]" if quota.only_observes else ""
    limit = f"{limit_shown(quota.limit, quota.measure)} per {quota.period}"
    who = text.plain(text.one_line(quota_labels.title_of(quota)))
    title = f"**{who}**\u2002{text.plain(limit)}{badge}"
    with cards.card(title, partial(_draw_buttons, quota)):
        share = min(1.0, float(quota.used / quota.limit))
        st.progress(share, _use_of(quota))


def _draw_buttons(quota: QuotaView) -> None:
    edit, ask = partial(quota_form.open_edit, quota), partial(_ask, quota)
    cards.button("Edit", "edit", key=f"quotas.edit-{quota.id}", on_click=edit)
    cards.button("Remove", "delete", key=f"quotas.delete-{quota.id}", on_click=ask)


def _use_of(quota: QuotaView) -> str:
    most = f" by {quota.used_by}, the most of any account" if quota.used_by else ""
    over = f" · {formatting.count(quota.over, 'call')} over the limit" if quota.over else ""
    when = "today" if quota.period is QuotaPeriod.DAY else f"this {quota.period}"
    used = f"{shown(quota.used, quota.measure)} used or reserved {when}{most}{over}"
    return f":gray[:small[{text.plain(used)}]]"


def _ask(quota: QuotaView) -> None:
    body = f"{text.plain(quota_labels.title_of(quota))}: calls are no longer limited by it."
    dialogs.confirm("Remove this quota?", body, "Remove quota", remove, quota.id, key="quotas")


@errors.action
def remove(quota_id: UUID) -> None:
    with guard.work() as (session, actor):
        service.delete_quota(session, quota_id, actor=actor)
    state.toast("Quota removed")
