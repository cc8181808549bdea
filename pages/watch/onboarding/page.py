"""Onboarding: the funnel, its trends, errors and events, each in a view of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pages._ui import errors, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters
from pages.watch.onboarding import event_tabs, funnel_editor, funnel_tabs
from pages.watch.onboarding.funnel_editor import PAGE

FIRST, MORE, OWN = (
    ("app",),
    ("environment", "release", "user_id"),
    (
        "view",
        "segment",
        "against",
        "steps",
        "window_days",
        "any_order",
        "step",
        "took",
        "dropped_off_after",
        "event_type",
        "error_code",
        "only_errors",
    ),
)


@dataclass(frozen=True)
class OnboardingTab:
    """A view of the page, with its API's path; one of the funnel has its choices in the bar."""

    title: str
    about: str
    path: str
    draw: Callable[[Reads, Filters], bool]  # whether there is anything to export
    is_of_funnel: bool = False


def main() -> None:
    reads = watch.reads()
    filter_state.take_over(PAGE, (*FIRST, *MORE, *OWN), is_timed=True)
    view = VIEWS.get(filter_state.value_of(PAGE, "view"), VIEWS[""])
    header = watch.header("Onboarding", view.about)
    filter_bar.draw_views(PAGE, {name: each.title for name, each in VIEWS.items()})
    chosen = filter_bar.draw(
        PAGE,
        reads,
        FIRST,
        MORE,
        own=OWN,
        draw_own=partial(funnel_editor.draw_choices, reads) if view.is_of_funnel else None,
    )
    has_rows = view.draw(reads, chosen)
    header.finish(reads, chosen, csv=view.path if has_rows else None)


VIEWS = {
    "": OnboardingTab(
        "Funnel",
        "Users by first-step date",
        "onboarding/funnel",
        funnel_tabs.draw_funnel_view,
        is_of_funnel=True,
    ),
    "trends": OnboardingTab(
        "Trends",
        "Conversion by first-step date",
        "onboarding/course",
        funnel_tabs.draw_trends_view,
        is_of_funnel=True,
    ),
    "errors": OnboardingTab(
        "Errors",
        "Events with an error, by code",
        "onboarding/errors",
        event_tabs.draw_errors_view,
    ),
    "events": OnboardingTab(
        "Events", "All events", "onboarding/events", event_tabs.draw_events_view
    ),
}


with errors.InWords("Onboarding"):
    main()
