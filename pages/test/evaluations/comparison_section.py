"""The comparison of an evaluation's targets with a baseline."""

from contextlib import suppress

import streamlit as st

from core.errors import Failure, NotFound
from core.evaluations.figures.comparison import baseline_target
from core.evaluations.queries import reports
from core.evaluations.views import EvaluationListItem, EvaluationView
from core.presentation import formatting
from core.system import workspace
from pages._ui import frame, guard, state, text
from pages.test.evaluations import compared_target


def draw(found: EvaluationView) -> None:
    listed = _read(found)
    # With itself, too: then its targets are compared with one of them
    choices = {item.id: item for item in listed if item.id != found.id or len(item.targets) > 1}
    if not choices:
        frame.empty_state(
            "compare_arrows",
            "Nothing to compare with",
            "Start another evaluation over the same cases, or one with more targets.",
        )
        return
    key = f"evaluations.baseline.{found.id}"
    if found.baseline_id in choices:
        state.seed(key, found.baseline_id)
    elif found.id in choices:
        state.seed(key, found.id)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Baseline",
            list(choices),
            key=key,
            index=None,
            placeholder="Choose an evaluation",
            format_func=lambda each: _name(choices[each], is_own=each == found.id),
            width=420,
            persist_state="session",
        )
        if chosen is None:
            return
        titles = choices[chosen].targets
        number = st.selectbox(
            "Target of the baseline",
            range(1, len(titles) + 1),
            index=baseline_target(found.definition_targets) - 1 if chosen == found.id else 0,
            format_func=lambda each: text.one_line(titles[each - 1]),
            key=f"{key}.{chosen}.target",
            width=320,
            persist_state="session",
        )
    try:
        with guard.work() as (session, actor):
            compared = reports.compare(
                session, found.id, chosen, baseline_target=number, actor=actor
            )
    except Failure as failure:
        st.info(text.plain(failure.detail), icon=":material/info:")
        return
    st.caption(f"{formatting.count(compared.cases_in_common, 'case')} in common")
    if compared.scoring_note is not None:
        st.warning(text.plain(compared.scoring_note), icon=":material/warning:")
    for each in compared.targets:
        with st.container(border=True, gap="small"):
            compared_target.draw(compared, each)


def _read(found: EvaluationView) -> list[EvaluationListItem]:
    """Return the newest evaluations, with this one and its baseline."""
    with guard.work() as (session, actor):
        listed = reports.list_evaluations(session, actor=actor).items
        # Both may be older than those of the list
        for id_ in (found.baseline_id, found.id):
            if id_ is not None and all(each.id != id_ for each in listed):
                with suppress(NotFound):
                    listed.append(reports.get_item(session, id_, actor=actor))
    return listed


def _name(item: EvaluationListItem, *, is_own: bool) -> str:
    name = text.one_line(item.name)
    if is_own:
        return f"{name} (this evaluation)"
    return f"{name} · {formatting.moment(item.created_at, workspace.zone())}"
