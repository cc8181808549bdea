"""Engagement: active users, retention and paths."""

from collections.abc import Callable
from dataclasses import dataclass

from pages._ui import errors, links, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters
from pages.watch.engagement import active_users, path_list, retention_table
from pages.watch.engagement.user_links import PAGE

FIRST, MORE, OWN = (
    ("app",),
    ("environment", "release", "user_id"),
    ("view", "interval", "event", "direction", "through"),
)


@dataclass(frozen=True)
class EngagementTab:
    """A view of the page; `path` is its route in the API."""

    title: str
    about: str
    path: str
    draw_choices: Callable[[Reads], None]
    draw: Callable[[Reads, Filters], None]
    # What its export asks for beside the filters, None without anything to export
    export: Callable[[Reads, Filters], dict[str, str] | None] = lambda *_: {}


VIEWS = {
    "": EngagementTab(
        "Active users",
        "Users who were active, each counted once",
        "onboarding/active-users",
        active_users.draw_choices,
        active_users.draw,
    ),
    "retention": EngagementTab(
        "Retention",
        "Users by first active week, and the weeks in which they came back",
        "onboarding/retention",
        lambda _: None,
        retention_table.draw,
    ),
    "paths": EngagementTab(
        "Paths",
        "What users do after an event, or before it",
        "onboarding/paths",
        path_list.draw_choices,
        path_list.draw,
        path_list.exported,
    ),
}


def main() -> None:
    reads = watch.reads()
    links.follow()
    # Ahead of the bar, which does it again: the view decides about the header and the bar
    filter_state.take_over(PAGE, (*FIRST, *MORE, *OWN), is_timed=True)
    named = filter_state.value_of(PAGE, "view")
    view = VIEWS.get(named, VIEWS[""])
    header = watch.header("Engagement", view.about)
    filter_bar.draw_views(PAGE, {name: each.title for name, each in VIEWS.items()})
    chosen = filter_bar.draw(
        PAGE, reads, FIRST, MORE, own=OWN, draw_own=lambda: view.draw_choices(reads)
    )
    view.draw(reads, chosen)
    more = view.export(reads, chosen)
    header.finish(reads, chosen, csv=view.path if more is not None else None, **(more or {}))


with errors.InWords("Engagement"):
    main()
