"""The frame of Watch and Review pages: guard and reads, header, panels, empty states.

    def main() -> None:
        reads = watch.reads()  # raises Forbidden
        header = watch.header("Batch history", "All batch runs")
        chosen = filter_bar.draw(PAGE, reads, ("job", "status"))
        runs = reads.ask(batch_runs.list_runs, chosen.runs, window=Window(90))
        with watch.panel("Last runs", "newest on the right"):
            charts.show(batch_charts.strip(charts.palette(), runs, zone), f"{PAGE}.runs")
        header.finish(reads, chosen, csv="batch/history")

    with errors.InWords("Batch history"):
        main()

Core computes each figure once for page, CSV and API; a page does no arithmetic on them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.activity.queries.releases import list_prompt_versions, list_releases
from core.ai_metrics.views import Interval
from core.database.db import Session
from core.demo import queries as demo_queries
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.presentation import formatting
from core.presentation.chart_markers import ChartMarker
from core.presentation.periods import DAY, Period
from core.prompts.queries.labels import list_promotions
from core.system.queries import deleted_until
from pages._ui import cache, frame, guard, links, text
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters

LONGEST_DETAIL = 500


@dataclass(frozen=True)
class Header:
    """The caption and actions of a page's header, filled after all reads."""

    caption: DeltaGenerator
    actions: DeltaGenerator
    about: str

    def finish(
        self,
        reads: Reads,
        chosen: Filters,
        *,
        csv: str | Mapping[str, str] | None = None,
        **more: str,
    ) -> None:
        """Show period and age, and draw *Refresh* and *Export CSV*: a path, or those of several
        tables by their labels, the page's list first.
        """
        zone = chosen.period.zone
        days = f"{span(chosen.period)} ({zone})" if chosen.is_timed else zone
        self.caption.caption(f"{self.about} · {days} · updated {_as_of(reads, zone)}")
        paths = {"Export CSV": csv} if isinstance(csv, str) else dict(csv or {})
        with self.actions:
            for label, path in list(paths.items())[:1]:
                st.link_button(
                    label,
                    chosen.download(path, **more),
                    icon=":material/download:",
                    help="Download all rows that match the filters",
                )
            if len(paths) > 1:
                with st.popover("Export table", icon=":material/table:"):
                    for label, path in list(paths.items())[1:]:
                        frame.csv_link(chosen.download(path), label)
            st.button("Refresh", icon=":material/refresh:", on_click=cache.forget)


def _as_of(reads: Reads, zone: str) -> str:
    """Return the time of the oldest read."""
    # Plain: between two colons Streamlit's client looks for an emoji, and fetches the names of all
    # to find it.
    return text.plain(frame.local_time(reads.as_of, zone, "%H:%M:%S"))


def reads() -> Reads:
    """Return the page's reads, first in every Watch page; raise Forbidden."""
    return Reads(guard.page(Permission.WATCH))


def header(title: str, about: str) -> Header:
    """Draw the title; the caption follows when all is read."""
    caption, actions = frame.header_row(title, key="timed-header")
    caption.caption(about)
    return Header(caption, actions, about)


def panel(title: str, note: str = "") -> DeltaGenerator:
    """Return the container of a chart or table below its heading."""
    place = st.container(gap="xsmall")
    with place:
        frame.section(title, note)
    return place


def details(title: str, known: Mapping[str, str | None], note: str = "") -> None:
    """Draw names and values below each other, without empty values."""
    with panel(title, note), st.container(border=True, gap="xsmall"):
        for name, value in known.items():
            if value:
                label = text.plain(text.one_line(name)[:100])
                said = text.plain(text.one_line(value)[:LONGEST_DETAIL])
                st.markdown(f":gray[:small[{label}]]  \n{said}")


def span(period: Period) -> str:
    if not period.is_whole_days:
        return formatting.stretch(period.start, period.end, period.zone)
    return formatting.days(period.first_day, period.last_day)


def say_deleted(what: str, until: datetime | None, zone: str) -> None:
    """Say that figures leave out what retention has deleted; it looks like days without any."""
    if until is not None:
        before = formatting.moment(until, zone)
        st.caption(
            f":material/info: Retention has deleted {what} from before {before}. "
            "Figures and charts count only what remains."
        )


def say_what_is_left(what: str, table: str, reads: Reads, chosen: Filters) -> None:
    """Say so of a page whose figures are all read from the rows of a table."""
    until = reads.ask(deleted_until, table, chosen.period.start)
    say_deleted(what, until, chosen.period.zone)


def deleted_ratings(reads: Reads, chosen: Filters) -> str:
    """Return that figures of feedback leave out what retention has deleted, or an empty text: of a
    page whose other figures are whole.
    """
    until = reads.ask(deleted_until, "ai_feedback", chosen.period.start)
    if until is None:
        return ""
    before = formatting.moment(until, chosen.period.zone)
    return f"Retention has deleted ratings from before {before}: they do not count."


def say_deleted_ratings(reads: Reads, chosen: Filters) -> None:
    if deleted := deleted_ratings(reads, chosen):
        st.caption(deleted)


def nothing_here(page: str, what: str, reads: Reads, chosen: Filters) -> None:
    """Say that the period is empty, and how to send data."""
    if chosen.narrowed:
        none_match(page, what, chosen)
        return
    if reads.ask(_is_demo_loading):
        # Who is told to send data would not wait for what is on its way
        body = f"{what[0].upper()}{what[1:]} appear here by themselves when it is done."
        frame.empty_state("hourglass", "Demo data is loading", body)
        return
    longer = "Choose a longer period, or send" if chosen.is_timed else "Send"
    body = (
        f"{_shown(chosen)}{longer} {what} over HTTP, with the Python client or OpenTelemetry, "
        "or import a file."
    )
    with frame.empty_state(
        "sensors", f"No {what} in this period" if chosen.is_timed else f"No {what} yet", body
    ):
        if may(reads.actor, Permission.MANAGE_KEYS):
            links.draw("settings", "Create API key", icon="key", section="API keys")
        if may(reads.actor, Permission.MANAGE_IMPORTS):
            links.draw("settings", "Import a file", icon="upload_file", section="Import")


def _is_demo_loading(session: Session, *, actor: Actor) -> bool:
    demo = demo_queries.find_demo(session)
    return demo is not None and demo.is_coming


def none_match(page: str, what: str, chosen: Filters) -> None:
    """Say that no row matches the filters, and offer to clear them."""
    advice = "Choose a longer period, or change" if chosen.is_timed else "Change or clear"
    body = f"{_shown(chosen)}{advice} the filters."
    with frame.empty_state("filter_alt_off", f"No {what} match these filters", body):
        st.button(
            "Clear filters",
            key=f"{page}.clear_all",
            on_click=filter_state.clear,
            args=(page, list(chosen.chosen)),
        )


def _shown(chosen: Filters) -> str:
    """Say which period and environment are shown."""
    # Who searches for what is older, or of another environment, would clear the filters, and find
    # nothing again
    environment = chosen.watched.environment if "environment" in chosen.chosen else ""
    places = [span(chosen.period) if chosen.is_timed else "", environment]
    shown = text.plain(" in ".join(filter(None, places)))
    return f"Only {shown} is shown. " if shown else ""


def closer(page: str, interval: Interval, zone: str) -> Callable[[Point], None]:
    """Return the click handler of a time chart, which zooms into the interval."""

    def look(point: Point) -> None:
        start = point.moment(zone)
        # Hours go by the clock in UTC, days by that of the zone: some are longer
        is_of_days = interval.length >= DAY
        end = (start if is_of_days else start.astimezone(UTC)) + interval.length
        filter_state.look_at(page, start, end)

    return look


def markers(reads: Reads, chosen: Filters) -> list[ChartMarker]:
    """Return the releases and promotions of prompts in the period, to mark in time charts."""
    releases = reads.ask(list_releases, chosen.period, chosen.watched)
    promotions = reads.ask(list_promotions, chosen.period)
    return [
        *(ChartMarker(each.first_seen_at, each.release) for each in releases),
        *(
            ChartMarker(each.moved_at, f"{each.version} in production", repeats=True)
            for each in promotions
        ),
    ]


def prompt_markers(reads: Reads, chosen: Filters) -> list[ChartMarker]:
    """Return the prompt versions first seen in the period, to mark in charts of AI requests."""
    found = reads.ask(list_prompt_versions, chosen.period, chosen.watched)
    return [ChartMarker(each.first_seen_at, each.prompt_version) for each in found]
