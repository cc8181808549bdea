"""The way from a figure to its users."""

from datetime import date

from pages._ui import links
from pages._ui.filters.selection import Filters

PAGE = "engagement"


def open_users(chosen: Filters, **wanted: str) -> None:
    """Lead to the Users page with the page's filters and these, from a callback."""
    links.go("users", **query(chosen, **wanted))


def query(chosen: Filters, **wanted: str) -> dict[str, str]:
    """Return the query of the Users page."""
    names = ("environment", "app", "release", "user_id")
    shared = {**{name: chosen[name] or "" for name in names}, **wanted}
    return {name: value for name, value in shared.items() if value}


def days(start: date, end: date) -> str:
    """Return a range of days without its end, as the Users page takes it."""
    return f"{start}..{end}"
