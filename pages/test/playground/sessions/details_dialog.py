"""The dialog for a session's name, description, project and tags."""

import json
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.identity import queries as people
from core.identity.permissions import Permission
from core.playground import queries
from core.playground.schemas import PlaygroundSessionView, SessionDetails
from core.playground.service import sessions, sharing
from core.playground.sharing import queries as readable
from core.playground.sharing.schemas import SessionReader, SessionReaders
from pages._ui import dialogs, errors, guard, state

FIELDS = ("name", "description", "project", "tags", "metadata", "readers")
NAME, DESCRIPTION, PROJECT, TAGS, METADATA, READERS = (
    f"playground.details.{name}" for name in FIELDS
)


@errors.action
def open_dialog(present: PlaygroundSessionView) -> None:
    state.put(NAME, present.name or "")
    state.put(DESCRIPTION, present.description or "")
    state.put(PROJECT, present.project or "")
    state.put(TAGS, present.tags)
    metadata = present.metadata
    state.put(METADATA, json.dumps(metadata, indent=2, ensure_ascii=False) if metadata else "")
    with guard.work() as (session, actor):
        is_replay = queries.find_replay(session, present.session_id) is not None
        # A replay shows texts of a conversation, which reviewers read there
        needed = Permission.READ_CONTENTS if is_replay else Permission.RUN_MODELS
        emails = people.emails_with(session, needed, but=actor.id)
        readers = readable.list_readers(session, present.session_id, owner=actor.id)
    before = [reader.email for reader in readers]
    state.put(READERS, before)

    @st.dialog("Edit details")
    def form() -> None:
        placeholder = None if present.name else "The first message"
        st.text_input("Name", key=NAME, max_chars=100, placeholder=placeholder)
        st.text_area("Description", key=DESCRIPTION, max_chars=2000, height=110)
        st.text_input("Project", key=PROJECT, max_chars=100)
        st.multiselect(
            "Tags",
            present.tags,
            key=TAGS,
            accept_new_options=True,
            max_selections=20,
            placeholder="Type a tag and press Enter",
        )
        st.text_area(
            "Metadata (JSON)",
            key=METADATA,
            height=80,
            placeholder='{"ticket": 17}',
            help="Any JSON object, for programs that read this session.",
        )
        st.multiselect(
            "Shared with",
            list(dict.fromkeys([*emails, *before])),
            key=READERS,
            placeholder="Nobody else",
            help="They can read this session with all its messages to come, and fork it.",
        )
        dialogs.submit("Save", lambda: save(present, before), key="playground.details")

    form()


def save(present: PlaygroundSessionView, readers_before: list[str]) -> None:
    """Store what the dialog holds; raise Invalid."""
    name = state.get(NAME, "").strip()
    given: dict[str, object] = {
        "description": state.get(DESCRIPTION, "").strip(),
        "project": state.get(PROJECT, ""),
        "tags": state.get(TAGS, []),
        "metadata": _metadata(),
    }
    # A session without a name has none still, if the field is left empty
    if name or present.name:
        given["name"] = name
    store(present.session_id, given)
    # Each sharing is audited, and this one may be as it was
    if set(readers := state.get(READERS, readers_before)) != set(readers_before):
        share(present.session_id, readers)
    state.toast("Details saved")


def _metadata() -> object:
    try:
        return json.loads(state.get(METADATA, "").strip() or "null")
    except (ValueError, RecursionError):
        raise Invalid("The metadata is not JSON.") from None


def share(session_id: UUID, emails: list[str]) -> None:
    accounts = tuple(SessionReader(email=email) for email in emails)
    with guard.work() as (session, actor):
        sharing.share(session, session_id, SessionReaders(accounts=accounts), actor=actor)


def store(session_id: UUID, given: dict[str, object]) -> None:
    try:
        details = SessionDetails.model_validate(given)
    except ValidationError:
        raise Invalid(
            "Enter a name, tags of up to 50 characters, and a JSON object as metadata."
        ) from None
    with guard.work() as (session, actor):
        sessions.change_details(session, session_id, details, actor=actor)
