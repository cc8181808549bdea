"""Playground: try prompts and models before release."""

from dataclasses import dataclass

import streamlit as st

from core.database.paging import Page, Window
from core.errors import Failure
from core.executions.schemas import ExecutionStatus
from core.identity.permissions import Permission
from core.playground import queries, service
from core.playground.errors import PlaygroundSessionMissing
from core.playground.schemas import (
    NewPlaygroundMessage,
    PlaygroundMessageView,
    PlaygroundSessionView,
    SessionSummary,
)
from core.prompts.service.default_prompt import read_default_prompt
from core.providers import catalogue
from core.providers.schemas import ModelView
from core.tools import registry
from core.tools.schemas import ToolView
from pages._ui import errors, frame, guard, state
from pages.test.playground import chat, session_list
from pages.test.playground.editor import Editor


@dataclass(frozen=True)
class PlaygroundRun:
    """What one run of the page shows, read in one transaction."""

    session: PlaygroundSessionView
    messages: list[PlaygroundMessageView]
    sessions: Page[SessionSummary]
    models: list[ModelView]
    default_model: str
    default_prompt: str
    tools: list[ToolView]

    @property
    def is_answering(self) -> bool:
        return any(message.status is ExecutionStatus.PENDING for message in self.messages)


def main() -> None:
    guard.page(Permission.RUN_MODELS)
    seen = read()
    with frame.header("Playground", "Test prompts and models before release"):
        chat.connection()
        st.button("New session", icon=":material/add:", shortcut="N", on_click=begin)
    if not seen.models:
        draw_without_models()
        return
    current = seen.session
    offered = (seen.models, seen.default_model, seen.default_prompt, seen.tools)
    editor = Editor(current.session_id, current.draft, *offered)
    left, middle, right = st.columns([1.3, 2.05, 1.05], gap="medium")
    with left.container(border=True, height=724, key="pane-settings"):
        editor.draw(on_change=lambda: keep(editor))
    with middle:
        # Not Streamlit's own scrolling, which would pull a reader down who has scrolled up.
        with st.container(border=True, height=640, key=chat.PANE, gap="xsmall", autoscroll=False):
            chat.draw(seen.session, seen.messages, on_stop=stop, on_news=session_list.stay)
        chat.ask(seen.session, is_answering=seen.is_answering, on_submit=lambda: ask(editor))
    with right:
        session_list.draw(seen.session, seen.sessions, on_open=errors.action(session_list.show))


def read() -> PlaygroundRun:
    """Read the session of the address, else the last one, with everything around it."""
    wanted = session_list.wanted()
    with guard.work() as (session, actor):
        session_id = wanted or queries.find_newest_session(session, owner=actor.id)
        row = queries.find_row(session, session_id, owner=actor.id) if session_id else None
        shown = queries.session_view(row) if row else service.open_session(session, actor=actor)
        models = catalogue.list_models(session)
        seen = PlaygroundRun(
            session=shown,
            messages=queries.list_messages(session, shown.session_id),
            sessions=queries.list_sessions(
                session, owner=actor.id, window=Window(limit=session_list.shown())
            ),
            models=models,
            default_model=service.default_model(session) if models else "",
            default_prompt=read_default_prompt(session, actor=actor),
            tools=[tool.view() for tool in registry.list_for(actor)],
        )
    session_list.show(seen.session.session_id)
    return seen


@errors.action
def begin() -> None:
    """Start a session with the current settings."""
    with guard.work() as (session, actor):
        present = session_list.wanted()
        row = queries.find_row(session, present, owner=actor.id) if present else None
        draft = queries.session_view(row).draft if row else None
        begun = service.open_session(session, actor=actor, draft=draft)
    session_list.show(begun.session_id)


@errors.action
def keep(editor: Editor) -> None:
    with guard.work() as (session, actor):
        service.save_draft(session, editor.session_id, editor.draft(), actor=actor)


@errors.action
def ask(editor: Editor) -> None:
    """Send the message; it stays in its field when it cannot be sent."""
    message, draft = state.get(chat.MESSAGE, ""), editor.draft()
    given = NewPlaygroundMessage(
        message=message, session_id=editor.session_id, **draft.model_dump()
    )
    try:
        with guard.work() as (session, actor):
            service.save_draft(session, editor.session_id, draft, actor=actor)
            service.send(session, given, actor=actor)
    except Failure:
        state.put(chat.MESSAGE, message)
        raise


@errors.action
def stop() -> None:
    session_id = session_list.wanted()
    if session_id is None:
        raise PlaygroundSessionMissing
    with guard.work() as (session, actor):
        service.stop(session, session_id, actor=actor)


def draw_without_models() -> None:
    body = "The local model is off or starting, and no provider has an API key."
    with frame.empty_state("smart_toy", "No models available", body):
        st.page_link("system/settings/page.py", label="Add provider", icon=":material/settings:")


with errors.InWords("Playground"):
    main()
