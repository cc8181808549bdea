"""Your account: who you are here, where you are signed in, and your password."""

import streamlit as st
from pydantic import ValidationError

from core.identity import flows, queries, service
from core.identity.schemas import Actor, NewPassword, SessionKind, SessionView
from pages._ui import errors, frame, guard, state, text

PRESENT, NEW, AGAIN = "you.present", "you.new", "you.again"


def main() -> None:
    """Guard, read, draw."""
    actor = guard.page()
    with guard.work() as (session, _):
        sessions = queries.list_sessions(session, actor.id)
    with frame.header("Your account", f"{text.plain(actor.email)} · {text.ROLES[actor.role] if actor.role else ''}"):
        st.button("Sign out everywhere", icon=":material/logout:", on_click=sign_out_everywhere)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        draw_sessions(sessions, actor)
    with right:
        draw_password()


def draw_sessions(sessions: list[SessionView], actor: Actor) -> None:
    """List where the account is signed in."""
    frame.section("Sessions", "browsers and API clients, most recent first")
    with st.container(border=True, gap="small"):
        for view in sessions:
            draw_session(view, is_this=view.id == actor.session_id)


def draw_session(view: SessionView, *, is_this: bool) -> None:
    """Draw one session with the button that ends it."""
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    what = "API client" if view.kind is SessionKind.API else text.browser(view.user_agent)
    here = "  :green-badge[Current]" if is_this else ""
    until = text.clock_time(view.expires_at, frame.time_zone())
    facts = f"{view.ip_address or 'unknown address'} · used {text.since(view.last_seen_at)} · expires {until}"
    row.markdown(f"{text.plain(what)}{here}  \n:gray[:small[{text.plain(facts)}]]", width="content")
    if not is_this:
        row.button("Sign out", key=f"end-{view.id}", on_click=end, args=(view,), help="Sign out this session")


def draw_password() -> None:
    """Draw the form that changes the password."""
    frame.section("Password", "12 to 72 characters")
    with st.container(border=True), st.form("you.password", border=False, clear_on_submit=True):
        st.text_input("Current password", type="password", key=PRESENT, autocomplete="current-password")
        st.text_input("New password", type="password", key=NEW, autocomplete="new-password")
        st.text_input("Confirm new password", type="password", key=AGAIN, autocomplete="new-password")
        st.form_submit_button("Change password", on_click=change_password)
    st.caption("Changing your password signs out your other sessions.")


@errors.action
def change_password() -> None:
    """Change the password, if the three fields fit."""
    if state.get(NEW, "") != state.get(AGAIN, ""):
        state.problem("The passwords don't match.")
        return
    try:
        given = NewPassword(password=state.get(NEW, ""))
    except ValidationError:
        state.problem("Use 12 to 72 characters (accented characters count double).")
        return
    flows.change_own_password(state.get(PRESENT, ""), given, actor=guard.enter())
    state.toast("Password changed")


@errors.action
def end(view: SessionView) -> None:
    """End one of the account's sessions."""
    with guard.work() as (session, actor):
        service.end_own_session(session, view.id, actor=actor)
    state.toast("Session ended")


@errors.action
def sign_out_everywhere() -> None:
    """End every session of the account, this one too."""
    with guard.work() as (session, actor):
        service.sign_out_everywhere(session, actor=actor)


with errors.InWords("Your account"):
    main()
