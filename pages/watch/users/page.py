"""Users: everybody who uses the product, how far each has come, and what one of them did."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.activity.answers import OnboardingStatus
from core.activity.funnels.funnel import STEPS
from core.activity.queries import anonymous, user_lists
from core.activity.queries.user_lists import UserFilter, UserOrder
from core.database.paging import Window
from core.presentation import words
from pages._ui import errors, filters, state, tables, watch
from pages._ui.cache import Reads
from pages._ui.filters import Filters
from pages._ui.lists import user_list
from pages._ui.lists.user_list import SHOWN
from pages.watch.users import journey

PAGE = "users"
FIRST, MORE = ("q", "status", "step"), ("environment", "app", "release")
OFFERS: filters.Offers = {
    "status": {str(status): said for status, said in user_list.STATES.items()},
    "sort": {
        "": "Last seen: newest",
        UserOrder.LAST_SEEN: "Last seen: oldest",
        UserOrder.NEWEST_FIRST: "First seen: newest",
        UserOrder.OLDEST_FIRST: "First seen: oldest",
        UserOrder.ID: "ID: A to Z",
        UserOrder.ID_BACKWARDS: "ID: Z to A",
    },
    "step": {"0": "Not started", **{str(number): f"{number} {words.event(name)}" for number, name in enumerate(STEPS, 1)}},
}


def main() -> None:
    """Guard, then everybody, or the one who is named in the address."""
    reads = watch.reads()
    if st.query_params.get("user") or st.query_params.get("session"):
        journey.draw(reads)
        return
    header = watch.header("Users", "People who use your product")
    orders = () if st.query_params.get("anonymous") == "true" else ("sort",)
    chosen = filters.bar(PAGE, reads, (*FIRST, *orders), MORE, offers=OFFERS, is_timed=False)
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    count = row.container(width="stretch")
    with row:
        is_anonymous = st.toggle(
            "Anonymous sessions", key="anonymous", bind="query-params", help="Onboarding sessions not linked to a user"
        )
    if is_anonymous:
        draw_anonymous(reads, chosen, count)
        header.finish(reads, chosen, csv="anonymous")
        return
    draw_users(reads, chosen, count)
    header.finish(reads, chosen, csv="users")


def draw_users(reads: Reads, chosen: Filters, count: DeltaGenerator) -> None:
    """Draw one page of users."""
    order = UserOrder(chosen.chosen["sort"]) if chosen["sort"] in set(UserOrder) else UserOrder.LAST_SEEN_FIRST
    at = f"{PAGE}.{hash(tuple(chosen.chosen.items()))}"
    page = reads.ask(user_lists.list_users, wanted(chosen), chosen.watched, order, window=window(at))
    if not page.total_count:
        watch.nothing_here(PAGE, "users", reads, chosen)
        return
    user_list.draw_count(count, page.total_count, "user")
    user_list.draw_users(page.items, chosen.period.zone, f"{at}.{state.get(f'{at}.page', 1)}")
    tables.draw_pages(page.total_count, SHOWN, at)


def draw_anonymous(reads: Reads, chosen: Filters, count: DeltaGenerator) -> None:
    """Draw one page of sessions without a user."""
    at = f"{PAGE}.anonymous.{hash(tuple(chosen.chosen.items()))}"
    page = reads.ask(anonymous.list_anonymous, wanted(chosen), chosen.watched, window=window(at))
    if not page.total_count:
        watch.nothing_here(PAGE, "anonymous sessions", reads, chosen)
        return
    user_list.draw_count(count, page.total_count, "session")
    user_list.draw_anonymous(page.items, chosen.period.zone, f"{at}.{state.get(f'{at}.page', 1)}")
    tables.draw_pages(page.total_count, SHOWN, at)


def wanted(chosen: Filters) -> UserFilter:
    """Return which users are wanted; what the address says and we do not know is no filter."""
    status = OnboardingStatus(chosen.chosen["status"]) if chosen["status"] in set(OnboardingStatus) else None
    step = chosen["step"] or ""
    return UserFilter(q=chosen["q"], status=status, step=int(step) if step in OFFERS["step"] else None)


def window(at: str) -> Window:
    """Return the part of the list that is shown."""
    return Window(SHOWN, (state.get(f"{at}.page", 1) - 1) * SHOWN)


with errors.InWords("Users"):
    main()
