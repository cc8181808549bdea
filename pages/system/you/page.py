"""Your account: mentions, sessions and password."""

import streamlit as st

from core.conversations import service as conversation_service
from core.conversations.queries import notes
from core.digests import queries as digests
from core.digests.service import subscriptions
from core.identity import queries
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor, SessionKind, SessionView
from core.identity.service import sessions
from core.network import mail
from core.presentation import formatting
from core.system import workspace
from pages._ui import errors, frame, guard, links, state, text
from pages.system.you import limits, password

MOST_MENTIONS = 20
DIGEST = "you.digest"


def main() -> None:
    actor = guard.page()
    with guard.work() as (session, _):
        sessions = queries.list_sessions(session, actor.id)
    with frame.header(
        "Your account",
        f"{text.plain(actor.email)} · {text.ROLES[actor.role] if actor.role else ''}",
    ):
        st.button("Sign out everywhere", icon=":material/logout:", on_click=sign_out_everywhere)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        if may(actor, Permission.READ_CONTENTS):
            draw_mentions()
        draw_sessions(sessions, actor)
    with right:
        password.draw()
        limits.draw(actor)
        if may(actor, Permission.WATCH):
            draw_digest()


def draw_mentions() -> None:
    """Draw the notes that mention the reader; from then on they are no longer new."""
    with guard.work() as (session, actor):
        # Before they are marked, so that new ones are shown as new
        found = notes.list_mentions(session, actor=actor)
        conversation_service.mark_mentions_seen(session, actor=actor)
    if not found:
        return
    frame.section("Mentions", "notes on conversations that mention you, newest first")
    with st.container(border=True, gap="small", key="mentions"):
        unseen = sum(each.seen_at is None for each in found)
        for each in found[: max(unseen, MOST_MENTIONS)]:
            at = formatting.moment(each.created_at, workspace.zone())
            new = "  :blue-badge[New]" if each.seen_at is None else ""
            who = text.plain(text.one_line(f"{each.author_name} · {at}"))
            st.markdown(f":gray[:small[{who}]]{new}  \n{text.plain(text.one_line(each.body))}")
            title = text.one_line(each.conversation_title)[:80]
            links.draw("tuning", title, icon="forum", conversation=str(each.conversation_id))


def draw_sessions(sessions: list[SessionView], actor: Actor) -> None:
    frame.section("Sessions", "browsers and API clients, most recent first")
    with st.container(border=True, gap="small"):
        for view in sessions:
            draw_session(view, is_this=view.id == actor.session_id)


def draw_session(view: SessionView, *, is_this: bool) -> None:
    row = st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        wrap=False,
        key=f"row-{view.id}",
    )
    what = "API client" if view.kind is SessionKind.API else text.browser(view.user_agent)
    here = "  :green-badge[Current]" if is_this else ""
    until = text.clock_time(view.expires_at, frame.time_zone())
    facts = (
        f"{view.ip_address or 'unknown address'} · used {text.since(view.last_seen_at)} · expires "
        f"{until}"
    )
    row.markdown(f"{text.plain(what)}{here}  \n:gray[:small[{text.plain(facts)}]]", width="content")
    if not is_this:
        row.button(
            "Sign out",
            key=f"end-{view.id}",
            on_click=end,
            args=(view,),
            help="Sign out this session",
        )


def draw_digest() -> None:
    with guard.work() as (session, actor):
        # As stored: another tab may have changed it
        state.put(DIGEST, subscriptions.is_subscribed(session, actor=actor))
        failed_at = digests.last_email_failure(session, actor=actor)
    frame.section("Weekly digest", "figures of the week, and what changed")
    with st.container(border=True):
        st.toggle("Send it to me by email", key=DIGEST, on_change=change_subscription)
    if not mail.is_set_up():
        st.caption("No mail server is set up. Digests are on the Overview, under Weekly digests.")
    elif failed_at is not None:
        st.warning(text.email_failure(failed_at))


@errors.action
def change_subscription() -> None:
    is_wanted = state.get(DIGEST, False)
    with guard.work() as (session, actor):
        subscriptions.subscribe(session, is_wanted=is_wanted, actor=actor)
    state.toast("Subscribed" if is_wanted else "Unsubscribed")


@errors.action
def end(view: SessionView) -> None:
    with guard.work() as (session, actor):
        sessions.end_own_session(session, view.id, actor=actor)
    state.toast("Session ended")


@errors.action
def sign_out_everywhere() -> None:
    with guard.work() as (session, actor):
        sessions.sign_out_everywhere(session, actor=actor)


with errors.InWords("Your account"):
    main()
