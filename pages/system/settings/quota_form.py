"""The forms that add and change a quota."""

from decimal import Decimal
from functools import partial
from typing import Any

import streamlit as st

from core.errors import Invalid
from core.identity import queries as identity
from core.identity.schemas import Role
from core.identity.service import api_keys
from core.quotas.schemas import (
    TARGETS,
    NewQuota,
    QuotaChange,
    QuotaMeasure,
    QuotaPeriod,
    QuotaScope,
    QuotaView,
)
from core.quotas.service import quotas as service
from pages._ui import dialogs, errors, guard, state, text
from pages.system.settings.quota_labels import MEASURES, PERIODS, SCOPES, title_of

SCOPE, TARGET, MEASURE, PERIOD, OBSERVES = (
    f"quotas.{name}" for name in ("scope", "target", "measure", "period", "observes")
)
ONLY_OBSERVE = "Only observe: refuse nothing, count the calls beyond it"


@errors.action
def open_form() -> None:
    state.forget(SCOPE, TARGET, MEASURE, PERIOD, OBSERVES, *map(_limit_key, QuotaMeasure))
    targets = _targets()

    @st.dialog("Add quota")
    def form() -> None:
        scope = st.selectbox("Applies to", list(SCOPES), key=SCOPE, format_func=SCOPES.__getitem__)
        if scope in targets:
            names = targets[scope]
            label = {QuotaScope.ROLE: "Role", QuotaScope.ACCOUNT: "Account"}.get(scope, "API key")
            st.selectbox(label, list(names), key=TARGET, format_func=lambda id_: names.get(id_, ""))
        row = st.columns(3)
        measure = row[0].selectbox(
            "Measure", list(MEASURES), key=MEASURE, format_func=MEASURES.__getitem__
        )
        _draw_limit(row[1], measure)
        row[2].selectbox("Period", list(PERIODS), key=PERIOD, format_func=PERIODS.__getitem__)
        st.toggle(ONLY_OBSERVE, key=OBSERVES)
        st.caption(
            "The most that a call may use is reserved before it is made. Answers without "
            "`max_tokens` then have at most 4,096 tokens. Models without a price are refused "
            "where a cost is limited."
        )
        dialogs.submit("Add quota", add, key="quotas")

    form()


def _draw_limit(place: Any, measure: QuotaMeasure, value: Decimal | None = None) -> None:  # noqa: ANN401  a column or st
    is_cost = measure is QuotaMeasure.COST
    # Streamlit wants value, bounds and step of one type
    number = (float if is_cost else int)(value) if value else None
    # The API takes parts of a cent, too
    digits = max(2, len(f"{value.normalize():f}".partition(".")[2]) if value else 0)
    place.number_input(
        "Limit",
        min_value=10**-digits if is_cost else 1,
        value=number,
        step=1.0 if is_cost else 1,
        format=f"%.{digits}f" if is_cost else "%d",
        key=_limit_key(measure),
    )


def _targets() -> dict[QuotaScope, dict[str, str]]:
    with guard.work() as (session, actor):
        accounts = identity.list_accounts(session)
        keys = api_keys.list_keys(session, actor=actor)
    return {
        QuotaScope.ROLE: {str(role): text.ROLES[role] for role in Role},
        QuotaScope.ACCOUNT: {str(each.id): each.email for each in accounts},
        QuotaScope.KEY: {str(each.id): each.name for each in keys},
    }


def _limit_key(measure: QuotaMeasure) -> str:
    return f"quotas.limit-{measure}"


def _limit(measure: QuotaMeasure) -> Decimal:
    number: float | None = state.get(_limit_key(measure), None)
    if number is None:
        raise Invalid("Enter a limit.")
    return Decimal(str(number))


def add() -> None:
    scope = QuotaScope(state.get(SCOPE, QuotaScope.WORKSPACE))
    measure = QuotaMeasure(state.get(MEASURE, QuotaMeasure.COST))
    needed, target = TARGETS.get(scope), state.get(TARGET, None)
    if needed and target is None:
        raise Invalid("Choose whose calls to limit.")
    given = NewQuota.model_validate(
        {
            "scope": scope,
            "measure": measure,
            "period": state.get(PERIOD, QuotaPeriod.DAY),
            "limit": _limit(measure),
            "only_observes": state.get(OBSERVES, False),
            **({needed: target} if needed else {}),
        }
    )
    with guard.work() as (session, actor):
        service.create_quota(session, given, actor=actor)
    state.toast("Quota added")


def open_edit(quota: QuotaView) -> None:
    state.forget(_limit_key(quota.measure))
    state.put(OBSERVES, quota.only_observes)

    @st.dialog(f"Edit quota: {text.plain(text.one_line(title_of(quota)))}")
    def form() -> None:
        _draw_limit(st, quota.measure, quota.limit)
        st.caption(f"{MEASURES[quota.measure]}, in each {quota.period}")
        st.toggle(ONLY_OBSERVE, key=OBSERVES)
        dialogs.submit("Save", partial(change, quota), key="quotas")

    form()


def change(quota: QuotaView) -> None:
    given = QuotaChange(
        limit=_limit(quota.measure), only_observes=state.get(OBSERVES, quota.only_observes)
    )
    with guard.work() as (session, actor):
        service.change_quota(session, quota.id, given, actor=actor, loaded=quota)
    state.toast("Quota saved")
