"""Onboarding: who comes through, where the others stop, and what failed for them."""

from collections.abc import Sequence

import streamlit as st

from core.activity import charts as funnel_charts
from core.activity.answers import FunnelView
from core.activity.funnels import completion, conversion, funnel_comparison, time_to_drop_off
from core.activity.funnels.funnel import Funnel
from core.activity.funnels.segments import Segment
from core.activity.queries import daily, events
from core.activity.queries.events import EventFilter
from core.database.paging import Cursor, Window
from core.insights import stopped_users
from core.presentation import words
from core.presentation.periods import DAY, HOUR
from pages._ui import charts, errors, filters, state, text, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import Filters
from pages.watch.onboarding import event_parts, funnel_editor, funnel_parts

PAGE = "onboarding"
OWN = ("segment", "against", "steps", "window_days", "any_order", "step", "event_type", "error_code", "only_errors")
STOPPED, EVENTS, ERRORS = 10, 12, 50


def main() -> None:
    """Guard, filter, read, draw."""
    reads = watch.reads()
    header = watch.header("Onboarding", "Users by first-step date")
    chosen = filters.bar(
        PAGE,
        reads,
        ("app",),
        ("environment", "release", "user_id"),
        own=OWN,
        draw_own=lambda: funnel_editor.draw_choices(reads, PAGE),
    )
    wanted, segment = funnel_editor.read_funnel(PAGE), Segment.read(chosen["segment"]) if chosen["segment"] else None
    found = reads.ask(conversion.read_funnel, chosen.period, chosen.watched, wanted, segment)
    if found.steps[0].users:
        draw_funnel(reads, chosen, wanted, segment, found)
        draw_courses(reads, chosen, (chosen.period, chosen.watched, wanted, segment))
    elif not draw_nobody(reads, chosen, wanted):
        header.finish(reads, chosen)
        return
    draw_events(reads, chosen)
    header.finish(reads, chosen, csv="onboarding/funnel")


def draw_nobody(reads: Reads, chosen: Filters, wanted: Funnel) -> bool:
    """Say that nobody began; return whether there are events at all."""
    if reads.ask(daily.type_courses, chosen.period, chosen.watched):
        began = text.plain(wanted.steps[0].name)
        st.info(f"No users started in this period (no {began} events). Try other steps or a longer period.")
        return True
    watch.nothing_here(PAGE, "events", reads, chosen)
    return False


@errors.part("Funnel")
def draw_funnel(reads: Reads, chosen: Filters, wanted: Funnel, segment: Segment | None, found: FunnelView) -> None:
    """Draw the funnel, and who stopped at the chosen step."""
    asked = (chosen.period, chosen.watched, wanted, segment)
    beside = reads.ask(funnel_comparison.compare_funnels, *asked, chosen["against"]) if chosen["against"] else None

    def pick(step: int) -> None:
        filters.put(PAGE, step=str(step) if step else "")
        state.forget(f"{PAGE}.stopped.page")

    # Traits are of users: sessions without one are in no such segment.
    whose = " · identified users only" if segment is not None and segment.trait else ""
    with watch.panel("Steps", f"{funnel_editor.summary(wanted)}{whose} · times are exact · select a step to see who dropped off"):
        funnel_parts.draw_funnel(found, beside, PAGE, pick)
        funnel_parts.draw_figures(found, beside, PAGE, pick)
    step = chosen["step"] or ""
    if step.isdecimal() and 1 <= int(step) <= len(found.steps):
        window = Window(STOPPED, (state.get(f"{PAGE}.stopped.page", 1) - 1) * STOPPED)
        people = reads.ask(stopped_users.list_stopped, *asked, int(step), window)
        name, is_last = funnel_charts.short(found.steps[int(step) - 1]), int(step) == wanted.last + 1
        address = chosen.download("onboarding/stopped")
        funnel_parts.draw_stopped(people, name, PAGE, chosen.period.zone, is_last=is_last, per_page=STOPPED, download=address)


@errors.part("Conversion charts")
def draw_courses(reads: Reads, chosen: Filters, asked: Sequence[object]) -> None:
    """Draw who came through by day and by time, and how long the others stayed."""
    course, stayed = reads.ask(completion.read_course, *asked, by_hour=True), reads.ask(time_to_drop_off.read_stays, *asked)
    palette, zone = charts.palette(), chosen.period.zone
    grid = st.grid(3, min_column_width=300, gap=("small", "medium"))

    def closer(point: Point) -> None:
        start = point.moment(zone)
        filters.look_at(PAGE, start, start + (HOUR if is_hourly else course.days_each * DAY))

    is_hourly = funnel_charts.interval_of([day.starts_at for day in course.days]) == "hour"
    each = "hour" if is_hourly else "day" if course.days_each == 1 else f"{course.days_each} days"
    with grid.cell(), watch.panel("Conversion rate", f"by first-step {each} · dotted: window still open"):
        charts.show(
            funnel_charts.completion(palette, course, zone, watch.marks(reads, chosen)), f"{PAGE}.completion", on_pick=closer
        )
    with grid.cell(), watch.panel("Time to convert", "users, first to last step · exact"):
        charts.show(funnel_charts.time_to_convert(palette, course), f"{PAGE}.time")
    with (
        grid.cell(),
        watch.panel(
            "Time to drop-off",
            "random sample of users, first step to last seen" if stayed.is_sampled else "users, first step to last seen",
        ),
    ):
        charts.show(funnel_charts.stays(palette, stayed), f"{PAGE}.stays")


@errors.part("Errors and events")
def draw_events(reads: Reads, chosen: Filters) -> None:
    """Draw errors, every type of event by day, and the events themselves."""
    asked, zone = (chosen.period, chosen.watched), chosen.period.zone

    def pick(**wanted: str) -> None:
        filters.put(PAGE, **wanted)
        state.forget(f"{PAGE}.trail")

    def pick_code(code: str) -> None:
        # Most events have no code: of those only the errors are meant.
        pick(error_code=code, **({"only_errors": "true"} if code == words.NONE else {}))

    failed = reads.ask(events.list_errors, EventFilter(), *asked, window=Window(ERRORS))
    event_parts.draw_errors(failed, PAGE, zone, chosen["error_code"], pick_code)
    types = reads.ask(daily.type_courses, *asked)
    if types:
        grid = st.grid(2, min_column_width=300, gap=("small", "medium"))
        with grid.cell():
            event_parts.draw_types(types, PAGE, lambda name: pick(event_type=name))
        with grid.cell():
            event_parts.draw_type(types, chosen["event_type"], PAGE, zone, watch.marks(reads, chosen))
    trail: list[str] = state.get(f"{PAGE}.trail", [])
    only = EventFilter(
        event_type=chosen["event_type"], error_code=chosen["error_code"], only_errors=chosen["only_errors"] == "true"
    )
    rows = reads.ask(events.list_events, only, *asked, limit=EVENTS, after=Cursor.read(trail[-1]) if trail else None)
    with watch.panel("Events", "newest first · select a row to open the journey"):
        codes = [group.error_code for group in failed.items if group.error_code]
        event_parts.draw_choices(PAGE, [course.event_type for course in types], codes, chosen.download("onboarding/events"))
        event_parts.draw_events(rows, PAGE, zone, EVENTS)


with errors.InWords("Onboarding"):
    main()
