"""A weekly digest: what changed in a week, what needs attention, and the figures of saved views."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from core.digests import queries
from core.digests.errors import DigestMissing
from core.digests.schemas import DigestDetails, DigestSection
from core.presentation.change_texts import compared_value, comparison
from core.presentation.comparison import ChangeVerdict, Kpi
from core.presentation.periods import Period
from pages._ui import errors, frame, guard, kpis, links, state, text, watch
from pages.watch.overview import overview_panels

WEEK, CHOSEN = "digest", "overview.digest"  # the parameter is a Monday; anything else: the latest
COLORS = {
    ChangeVerdict.WORSE: "orange",
    ChangeVerdict.BETTER: "blue",
    ChangeVerdict.DIFFERENT: "gray",
}


def draw() -> None:
    """Draw the digest that the address names, else the latest."""
    frame.back("Overview", _close, f"{CHOSEN}.back")
    with guard.work() as (session, actor):
        weeks = queries.list_weeks(session, actor=actor)
        failed_at = queries.last_email_failure(session, actor=actor)
    if not weeks:
        frame.header("Weekly digest", "Figures of the week, and what changed")
        body = "A digest is written each Monday, once there is data of the week before."
        frame.empty_state("newspaper", "No digests yet", body)
        return
    with errors.InWords("Weekly digest"):
        found = read(weeks)
        period = Period(found.starts_at, found.ends_at, found.time_zone)
        with frame.header("Weekly digest", f"{watch.span(period)} ({found.time_zone})"):
            _draw_choice(weeks, found.week)
        if failed_at is not None:
            st.warning(text.email_failure(failed_at))
        _draw_summary(found)
        for number, section in enumerate(found.sections):
            _draw_section(section, number)


def read(weeks: Sequence[date]) -> DigestDetails:
    """Read the digest of the address; raise DigestMissing."""
    given = st.query_params.get(WEEK, "")
    named = next((week for week in weeks if week.isoformat() == given), None)
    if named is None and given[:1].isdecimal():
        raise DigestMissing
    with guard.work() as (session, actor):
        return queries.get_digest(session, named or weeks[0], actor=actor)


def _draw_choice(weeks: Sequence[date], week: date) -> None:
    # The address decides, also when a link has changed it
    state.put(CHOSEN, week)
    st.selectbox(
        "Week",
        weeks,
        key=CHOSEN,
        format_func=lambda day: f"Week of {day:%-d %b %Y}",
        label_visibility="collapsed",
        on_change=_open,
        width=200,
    )


def _draw_summary(found: DigestDetails) -> None:
    left, right = st.columns(2, gap="medium")
    changes = [(section, figure) for section in found.sections for figure in section.changed]
    with (
        left,
        watch.panel("What changed", "beyond normal variation, from the week before"),
        st.container(border=True, gap="small"),
    ):
        if not changes:
            st.markdown("No change beyond normal variation")
        for section, figure in changes:
            said = text.plain(f"{figure.label}: {comparison(figure)}")
            title = text.plain(text.one_line(section.title))
            st.markdown(f"{_arrow(figure)}\u2002{said}  \n:gray[:small[{title}]]")
    with right, watch.panel("Needs attention"):
        overview_panels.draw_findings(found.findings)


def _arrow(figure: Kpi) -> str:
    """Return where a figure went, in the color of its verdict."""
    has_risen = (compared_value(figure) or 0) > (figure.before or 0)
    way = "upward" if has_risen else "downward"
    return f":{COLORS[figure.verdict]}[:material/arrow_{way}:]"


def _draw_section(section: DigestSection, number: int) -> None:
    with watch.panel(text.plain(text.one_line(section.title))):
        if section.figures:
            # Names are keys of widgets, and sections have figures of the same name
            names = ((figure, f"{number}-{figure.name}") for figure in section.figures)
            kpis.draw([figure.model_copy(update={"name": name}) for figure, name in names])
        else:
            st.caption("The filters of this view are no longer valid.")
        with st.container(key=f"digest-link-{number}"):
            links.draw_to(
                section.page.address, "View details", section.parameters, icon="arrow_forward"
            )


def _open() -> None:
    st.query_params[WEEK] = state.get(CHOSEN, date.min).isoformat()


def _close() -> None:
    st.query_params.from_dict({})
