"""What can be done with a message of the chat: edit it, answer it again, and show its branches."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.executions.schemas import ExecutionStatus
from core.playground.branches.schemas import NewAnswer
from core.playground.errors import NoMessage, PlaygroundSessionMissing
from core.playground.schemas import (
    MAX_MESSAGE_CHARS,
    NewPlaygroundMessage,
    PlaygroundMessageView,
    Speaker,
)
from core.playground.service import answers, branches, sessions
from pages._ui import dialogs, errors, guard, state
from pages._ui.review import case_button
from pages.test.playground.sessions import shown_session
from pages.test.playground.settings.editor import Editor

EDITED = "playground.edited"


class MessageActions:
    """The actions of one run of the page; none while an answer is pending."""

    def __init__(self, messages: list[PlaygroundMessageView], editor: Editor) -> None:
        self._editor = editor
        self._last = messages[-1] if messages else None
        self._is_answering = any(it.status is ExecutionStatus.PENDING for it in messages)

    def draw(self, message: PlaygroundMessageView) -> None:
        """Draw the actions of a message as icons."""
        if message.role is Speaker.USER:
            self._draw_icon("Edit message", "edit", message, open_edit, message, self._editor)
        elif message is self._last:
            self._draw_icon("Regenerate", "refresh", message, regenerate, self._editor)
        if message.role is Speaker.ASSISTANT and message.content:
            # The ID as text: as an ID it would disable the icon, as it does in a switch to itself
            session_id = self._editor.session_id
            self._draw_icon(
                "Add to dataset", "dataset", message, open_case, session_id, str(message.id)
            )
        if message.alternatives:
            self._draw_switch(message)

    def _draw_switch(self, message: PlaygroundMessageView) -> None:
        ids, session_id = message.alternatives, self._editor.session_id
        place = ids.index(message.id)
        before, after = ids[max(place - 1, 0)], ids[min(place + 1, len(ids) - 1)]
        self._draw_icon("Previous branch", "chevron_left", message, show, session_id, before)
        st.markdown(f":gray[:small[{place + 1} of {len(ids)}]]", width="content")
        self._draw_icon("Next branch", "chevron_right", message, show, session_id, after)

    def _draw_icon(
        self,
        label: str,
        icon: str,
        message: PlaygroundMessageView,
        act: Callable[..., None],
        *args: object,
    ) -> None:
        st.button(
            label,
            key=f"icon-message-{icon}-{message.id}",
            icon=f":material/{icon}:",
            type="tertiary",
            help=label,
            disabled=self._is_answering or message.id in args,
            on_click=act,
            args=args,
        )


def open_case(session_id: UUID, message_id: str) -> None:
    case_button.open_answer(session_id, UUID(message_id))


def open_edit(message: PlaygroundMessageView, editor: Editor) -> None:
    state.put(EDITED, message.content)

    @st.dialog("Edit message")
    def form() -> None:
        st.text_area(
            "Message",
            key=EDITED,
            max_chars=MAX_MESSAGE_CHARS,
            height=160,
            label_visibility="collapsed",
        )
        st.caption("The session continues from here. What followed is kept as another branch.")
        dialogs.submit("Send", lambda: edit(message.id, editor), key="playground.edit")

    form()


def edit(message_id: UUID, editor: Editor) -> None:
    """Send what the dialog holds in place of a message; raise NoMessage."""
    draft, text = editor.draft(), state.get(EDITED, "")
    if not text.strip():
        raise NoMessage
    changed = NewPlaygroundMessage(
        message=text, session_id=editor.session_id, edits=message_id, **draft.model_dump()
    )
    with guard.work() as (session, actor):
        sessions.save_draft(session, editor.session_id, draft, actor=actor)
        answers.send(session, changed, actor=actor)


@errors.action
def regenerate(editor: Editor) -> None:
    draft = editor.draft()
    with guard.work() as (session, actor):
        sessions.save_draft(session, editor.session_id, draft, actor=actor)
        new_answer = NewAnswer(**draft.model_dump())
        branches.regenerate(session, editor.session_id, new_answer, actor=actor)


@errors.action
def stop() -> None:
    session_id = shown_session.find()
    if session_id is None:
        raise PlaygroundSessionMissing
    with guard.work() as (session, actor):
        answers.stop(session, session_id, actor=actor)


@errors.action
def show(session_id: UUID, message_id: UUID) -> None:
    with guard.work() as (session, actor):
        branches.show(session, session_id, message_id, actor=actor)
