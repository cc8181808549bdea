"""One A/B test: its head with progress and actions, and its sections."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import streamlit as st

from core.ab_tests.queries.ab_tests import get_ab_test
from core.ab_tests.service import ab_tests
from core.ab_tests.views import AbTestView
from core.errors import NotFound
from core.presentation import formatting
from pages._ui import dialogs, errors, frame, guard, sections, state, text
from pages.test.evaluations import progress
from pages.test.evaluations.ab_tests import (
    ab_test_list,
    address,
    case_section,
    result_section,
    settings_section,
)

SECTIONS: dict[str, Callable[[AbTestView], None]] = {
    "Result": result_section.draw,
    "Cases": case_section.draw,
    "Settings": settings_section.draw,
}


def draw() -> None:
    """Draw the A/B test that the address names."""
    frame.back("All A/B tests", address.close, "ab_tests.back")
    try:
        ab_test_id = dialogs.id_of(st.query_params[address.OPEN])
        with guard.work() as (session, actor):
            found = get_ab_test(session, ab_test_id, actor=actor)
    except NotFound:
        st.title("A/B tests", anchor=False)
        frame.empty_state("alt_route", "A/B test not found", "It was deleted, or is not yours.")
        return
    _draw_head(found)
    if found.error:
        st.error(text.plain(found.error), icon=":material/error:")
    if found.is_running:
        _draw_progress(found)
    SECTIONS[sections.choose(SECTIONS, address.SECTION)](found)


def _draw_head(found: AbTestView) -> None:
    caption, actions = frame.header_row(text.plain(found.test_name))
    cases = "cases of a dataset"
    if found.case_count is not None:
        cases = formatting.count(found.case_count, "case")
    words = ab_test_list.status(found)
    badge = f":{ab_test_list.COLOURS[words]}-badge[{words}]"
    facts = (
        cases,
        formatting.count(found.runs, "run") + " each",
        formatting.cost(found.spent_usd, found.unpriced),
    )
    caption.caption(f"{badge} {text.plain(' · '.join(facts))}")
    with actions:
        _draw_actions(found)
    if found.description:
        st.caption(text.plain(text.one_line(found.description)))


def _draw_actions(found: AbTestView) -> None:
    if found.is_running:
        _button("Cancel", "stop_circle", partial(_act, ab_tests.cancel, found.id))
        return
    if found.progress is None or found.progress.done < found.progress.total:
        label = "Resume" if found.progress else "Run"
        _button(label, "play_arrow", partial(_act, ab_tests.run, found.id))
    else:
        # Asks first: a new run deletes the answers that the last one has paid for
        _button("Run again", "play_arrow", partial(_ask_to_run_again, found))
    _button("Delete", "delete", partial(_ask_to_delete, found))


def _button(label: str, icon: str, act: Callable[[], None]) -> None:
    st.button(
        label, key=f"ab_tests.{label}", icon=f":material/{icon}:", on_click=errors.action(act)
    )


def _act(change: Callable[..., object], ab_test_id: UUID) -> None:
    with guard.work() as (session, actor):
        change(session, ab_test_id, actor=actor)


def _draw_progress(found: AbTestView) -> None:
    def read() -> progress.State:
        with guard.work() as (session, actor):
            now = get_ab_test(session, found.id, actor=actor)
        return now.status, now.progress

    if found.status is not None and found.progress is not None:
        progress.draw(found.status, found.progress.done, read)


def _ask_to_run_again(found: AbTestView) -> None:
    body = f"The results of {text.plain(found.test_name)} are replaced by those of a new run."
    run = errors.action(partial(_act, ab_tests.run))
    dialogs.confirm("Run again?", body, "Run again", run, found.id, key="ab_tests.run")


def _ask_to_delete(found: AbTestView) -> None:
    body = f"{text.plain(found.test_name)} is deleted with its results and its evaluation."
    title, label = "Delete this A/B test?", "Delete A/B test"
    dialogs.confirm(title, body, label, _delete, found.id, key="ab_tests.delete")


@errors.action
def _delete(ab_test_id: UUID) -> None:
    with guard.work() as (session, actor):
        ab_tests.remove(session, ab_test_id, actor=actor)
    address.close()
    state.toast("A/B test deleted")
