"""Users and anonymous sessions, and the journey of one of them."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.activity.queries import anonymous, user_lists
from core.activity.queries.funnels import funnel_sql
from core.activity.queries.user_filter import UserFilter
from core.activity.queries.user_lists import UserOrder
from core.activity.views import OnboardingStatus
from core.presentation import formatting
from pages._ui import errors, tables, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters, Offers
from pages._ui.tables import Sorting
from pages.watch.users import journey, user_list

PAGE, SHOWN = "users", 25
FIRST, MORE = (
    ("q", "status", "step"),
    ("environment", "app", "release", "user_id", "path"),
)
# Days are counted of users alone
DAYS = ("active", "first_active")
OFFERS: Offers = {
    "status": {str(status): said for status, said in user_list.STATES.items()},
    "sort": {
        "": "Last seen: newest",
        UserOrder.LAST_SEEN: "Last seen: oldest",
        UserOrder.NEWEST_FIRST: "First seen: newest",
        UserOrder.OLDEST_FIRST: "First seen: oldest",
        UserOrder.ID: "ID: A to Z",
        UserOrder.ID_BACKWARDS: "ID: Z to A",
    },
}


def main() -> None:
    reads = watch.reads()
    if st.query_params.get("user") or st.query_params.get("session"):
        journey.draw(reads)
        return
    header = watch.header("Users", "People who use your product")
    # The list of sessions has one order
    orders, days = ((), ()) if st.query_params.get("anonymous") == "true" else (("sort",), DAYS)
    steps = reads.ask(funnel_sql.get_workspace_funnel).steps
    names = {str(number): f"{number} {step.title}" for number, step in enumerate(steps, 1)}
    offers = {**OFFERS, "step": {"0": "Not started", **names}}
    first, more = (*FIRST, *orders), (*MORE, *days)
    chosen = filter_bar.draw(PAGE, reads, first, more, offers=offers, is_timed=False)
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    count = row.container(width="stretch")
    with row:
        is_anonymous = st.toggle(
            "Anonymous sessions",
            key="anonymous",
            bind="query-params",
            help="Onboarding sessions not linked to a user",
        )
    if is_anonymous:
        has_rows = draw_anonymous(reads, chosen, count)
        header.finish(reads, chosen, csv="anonymous" if has_rows else None)
        return
    has_rows = draw_users(reads, chosen, count)
    header.finish(reads, chosen, csv="users" if has_rows else None)


def draw_users(reads: Reads, chosen: Filters, count: DeltaGenerator) -> bool:
    """Draw a page of users; return whether there are any."""
    order = chosen.one_of(UserOrder, "sort") or UserOrder.LAST_SEEN_FIRST
    at = f"{PAGE}.{hash(tuple(chosen.chosen.items()))}"
    page = reads.ask(
        user_lists.list_users,
        user_filter(chosen),
        chosen.watched,
        order,
        window=tables.window(at, SHOWN),
    )
    if not page.total_count:
        watch.nothing_here(PAGE, "users", reads, chosen)
        return False
    count.caption(
        f"{formatting.count(page.total_count, 'user')} · click a row for details, a header to sort"
    )
    user_list.draw_users(page, reads, chosen.watched, chosen.period.zone, at, Sorting(order, sort))
    return True


def sort(order: str) -> None:
    """Set the order, from a callback; the default is not in the address."""
    filter_state.put(PAGE, sort=order if order != UserOrder.LAST_SEEN_FIRST else "")


def draw_anonymous(reads: Reads, chosen: Filters, count: DeltaGenerator) -> bool:
    """Draw a page of sessions without a user; return whether there are any."""
    at = f"{PAGE}.anonymous.{hash(tuple(chosen.chosen.items()))}"
    page = reads.ask(
        anonymous.list_anonymous,
        user_filter(chosen),
        chosen.watched,
        window=tables.window(at, SHOWN),
    )
    if not page.total_count:
        watch.nothing_here(PAGE, "anonymous sessions", reads, chosen)
        return False
    count.caption(f"{formatting.count(page.total_count, 'session')} · click a row for details")
    user_list.draw_anonymous(page, reads, chosen.watched, chosen.period.zone, at)
    return True


def user_filter(chosen: Filters) -> UserFilter:
    step = chosen["step"] or ""
    return UserFilter(
        q=chosen["q"],
        status=chosen.one_of(OnboardingStatus, "status"),
        # int() refuses thousands of digits
        step=int(step) if step.isdecimal() and len(step) < 3 else None,
        active=chosen["active"],
        first_active=chosen["first_active"],
        path=chosen["path"],
    )


with errors.InWords("Users"):
    main()
