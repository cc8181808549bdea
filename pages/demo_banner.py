"""The banner of the demo workspace, with its stories and its removal."""

from contextlib import suppress

import streamlit as st

from core.database.db import Session
from core.demo import queries, service
from core.demo.schemas import DemoView
from core.demo.stories import stories
from core.errors import Unavailable
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from pages._ui import cache, dialogs, errors, guard, links, state
from pages._ui.cache import Reads
from pages._ui.shared_reads import ReadCancelled

ALONE = "**Demo**: all data is synthetic"
MIXED = "**Demo data** is mixed with yours"
LOOKS_EVERY_S = 3.0


def draw(actor: Actor) -> None:
    """Draw the banner if there is a demo; during an outage the page itself reports it."""
    demo = None
    with suppress(Unavailable, ReadCancelled):
        demo = _read(actor)
    if demo is None:
        return
    with st.container(
        key="demo-banner",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        st.markdown(
            f":material/theater_comedy: {MIXED if demo.is_mixed else ALONE}{_more(demo)}",
            width="content",
        )
        with st.container(horizontal=True, width="content", gap="small"):
            is_told = may(actor, Permission.WATCH) and not demo.is_coming and not demo.is_going
            if is_told and st.button(
                "Explore the demo", key="demo.stories", icon=":material/travel_explore:"
            ):
                _tell(demo)
            is_offered = may(actor, Permission.MANAGE_IMPORTS) and demo.may_go and not demo.is_going
            if is_offered and st.button(
                "Remove demo data", key="demo.remove", icon=":material/delete:"
            ):
                ask()
    if demo.is_coming or demo.is_going:
        follow(actor, demo)


@st.fragment(run_every=LOOKS_EVERY_S)
def follow(actor: Actor, shown: DemoView) -> None:
    """Draw the page again when the demo is loaded or gone: it was drawn without its data."""
    with suppress(Unavailable, ReadCancelled):
        demo = _read(actor)
        if demo is None or (demo.is_coming, demo.is_going) != (shown.is_coming, shown.is_going):
            cache.forget()
            st.rerun()


def _read(actor: Actor) -> DemoView | None:
    # Every rerun of every tab comes by here: what is kept for a few seconds is new enough.
    return Reads(actor).ask(_find)


def _tell(demo: DemoView) -> None:
    # A dialog, not a popover: that one would stay open over the page to which a question leads.
    @st.dialog("Explore the demo")
    def tell() -> None:
        st.caption("Each question about this sample app opens the page that answers it.")
        with st.container(gap=None):
            for story in stories(demo.until):
                links.draw(story.page, story.question, icon=story.icon, **story.query)

    tell()


def _find(session: Session, *, actor: Actor) -> DemoView | None:
    return queries.find_demo(session)


def _more(demo: DemoView) -> str:
    if demo.is_going:
        return " · removing…"
    if demo.is_coming:
        return " · loading…"
    return "" if demo.may_go else " · too old to remove in one step; retention deletes it"


def offer(actor: Actor) -> None:
    """Offer the demo in an empty workspace."""
    with guard.work() as (session, _):
        is_offered = may(actor, Permission.MANAGE_IMPORTS) and queries.may_load(session)
    if is_offered:
        st.caption(
            "This workspace is empty. Load a synthetic sample app to see every page with data."
        )
        st.button(
            "Load demo data", key="demo.load", icon=":material/theater_comedy:", on_click=load
        )


def ask() -> None:
    """Ask whether to remove the demo, and remove it then."""
    body = (
        "Deletes the demo's users, conversations, AI requests and metrics, its prompt, bots, "
        "dataset and evaluation with everything you added to them, the weekly digests, "
        "and all annotations on demo messages, including yours. Other data is kept."
    )
    dialogs.confirm("Remove demo data?", body, "Remove demo data", remove, key="demo")


@errors.action
def remove() -> None:
    with guard.work() as (session, actor):
        service.remove(session, actor=actor)
    cache.forget()
    state.toast("Removing demo data")


@errors.action
def load() -> None:
    with guard.work() as (session, actor):
        service.load(session, actor=actor)
    cache.forget()
    state.toast("Loading demo data")
