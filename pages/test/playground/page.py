"""Playground: try prompts and models before release."""

import streamlit as st

from core.errors import Failure
from core.identity.permissions import Permission
from core.playground import queries
from core.playground.schemas import NewPlaygroundMessage
from core.playground.service import answers, sessions
from pages._ui import errors, frame, guard, links, state
from pages.test.playground import (
    attachments,
    chat,
    live_answer,
    message_estimate,
    playground_run,
    replay,
)
from pages.test.playground.message_actions import MessageActions, stop
from pages.test.playground.sessions import session_list, shown_session
from pages.test.playground.settings import saved_prompts, service_card
from pages.test.playground.settings.editor import Editor
from pages.test.playground.sharing import shared_session


def main() -> None:
    guard.page(Permission.RUN_MODELS)
    links.follow()
    seen = playground_run.read()
    with frame.header("Playground", "Test prompts and models before release"):
        live_answer.connection()
        st.button("New session", icon=":material/add:", shortcut="N", on_click=begin)
    if not seen.models and seen.service is None:
        frame.no_models()
        return
    current = seen.session
    if current.shared_by is not None:
        shared_session.draw(current, seen.messages, seen.sessions)
        return
    replayed = replay.read(current.session_id) if seen.is_replay else None
    # A replay is answered by a model, without tools
    service, tools = (None, []) if replayed else (seen.service, seen.tools)
    offered = (service, seen.models, seen.default_model, seen.default_prompt, tools)
    others = [seen.kept_service] if seen.kept_service and not replayed else []
    editor = Editor(current.session_id, current.draft, *offered, others)
    # Before the widgets are drawn: afterwards, Streamlit takes no value for them
    if filled := saved_prompts.take(editor.key("saved")):
        editor.use(*filled.settings, filled.text)
        keep(editor)
    if replayed:
        left, middle, right = replay.columns(replayed, seen.messages, editor)
    else:
        left, middle, right = st.columns([1.3, 2.05, 1.05], gap="medium")
    with left.container(border=True, height=724, key="pane-settings"):
        if not replayed:
            service_card.draw(service)
        editor.draw(on_change=lambda: keep(editor))
    with middle:
        # Not Streamlit's own scrolling, which would pull a reader down who has scrolled up.
        with st.container(border=True, height=640, key=chat.PANE, gap="xsmall", autoscroll=False):
            chat.draw(
                seen.session,
                seen.messages,
                on_stop=stop,
                on_news=shown_session.stay,
                controls=MessageActions(seen.messages, editor).draw,
            )
        chat.ask(
            seen.session,
            is_answering=seen.is_answering,
            estimate=message_estimate.facts(editor, seen.messages),
            takes_files=editor.takes_files,
            on_submit=lambda: ask(editor),
        )
    with right:
        session_list.draw(
            seen.session,
            seen.sessions,
            may_export=seen.may_export,
            on_open=errors.action(shown_session.show),
        )


@errors.action
def begin() -> None:
    """Start a session with the current settings."""
    with guard.work() as (session, actor):
        present = shown_session.find()
        row = queries.find_row(session, present, owner=actor.id) if present else None
        draft = queries.session_view(row).draft if row else None
        begun = sessions.open_session(session, actor=actor, draft=draft)
    shown_session.show(begun.session_id)


@errors.action
def keep(editor: Editor) -> None:
    with guard.work() as (session, actor):
        sessions.save_draft(session, editor.session_id, editor.draft(), actor=actor)


@errors.action
def ask(editor: Editor) -> None:
    """Send the message; it stays in its field when it cannot be sent, and its files above it."""
    typed, draft = attachments.read_typed(chat.MESSAGE, editor.session_id), editor.draft()
    try:
        fields = {"session_id": editor.session_id, **typed.fields(), **draft.model_dump()}
        given = NewPlaygroundMessage.model_validate(fields)
        with guard.work() as (session, actor):
            sessions.save_draft(session, editor.session_id, draft, actor=actor)
            answers.send(session, given, actor=actor)
    except Failure:
        state.put_back_message(chat.MESSAGE, typed.message)
        attachments.keep(editor.session_id, typed.files)
        raise
    attachments.keep(editor.session_id, ())


with errors.InWords("Playground"), state.keeping(chat.MESSAGE):
    main()
