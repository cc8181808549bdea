"""The dialog that adds or edits a case."""

import json
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.datasets.drafts import CaseDraft
from core.datasets.files.parsed import reason_of
from core.datasets.schemas import (
    MAX_TEXT_CHARS,
    CaseSplit,
    DatasetCase,
    DatasetView,
    NewCase,
    NewCases,
)
from core.datasets.service import cases
from core.errors import Invalid
from pages._ui import dialogs, guard, state
from pages.test.datasets import message_fields, scorer_fields
from pages.test.datasets.case_view import SPLITS

REFERENCE, REJECTED, CONTEXT, TAGS, SPLIT = (
    "datasets.case.reference",
    "datasets.case.rejected",
    "datasets.case.context",
    "datasets.case.tags",
    "datasets.case.split",
)
BY_MESSAGES = "By messages"


def open_new(dataset: DatasetView) -> None:
    _fill(None)
    _open("Add case", "Add case", dataset, None)


def open_edit(dataset: DatasetView, case: DatasetCase) -> None:
    _fill(case)
    _open("Edit case", "Save as new version", dataset, case)


def _fill(case: DatasetCase | None) -> None:
    """Set the fields of the form."""
    content = case.content if case is not None else None
    message_fields.fill(content.messages if content is not None else ())
    state.put(REFERENCE, (content and content.reference) or "")
    state.put(REJECTED, (content and content.rejected) or "")
    context = content.context if content is not None else None
    state.put(CONTEXT, json.dumps(context, ensure_ascii=False, indent=1) if context else "")
    state.put(TAGS, list(content.tags) if content is not None else [])
    state.put(SPLIT, content.split if content is not None else None)
    scorer_fields.fill(content.assertions if content is not None else ())


def _open(title: str, label: str, dataset: DatasetView, case: DatasetCase | None) -> None:
    @st.dialog(title, width="large")
    def form() -> None:
        message_fields.draw()
        st.text_area("Reference answer", key=REFERENCE, max_chars=MAX_TEXT_CHARS, height=80)
        scorer_fields.draw()
        with st.expander("Context, rejected answer, tags and split"):
            st.text_area("Context (JSON object)", key=CONTEXT, height=80)
            st.text_area("Rejected answer", key=REJECTED, max_chars=MAX_TEXT_CHARS, height=80)
            tags: list[str] = state.get(TAGS, [])
            st.multiselect("Tags", tags, key=TAGS, accept_new_options=True)
            st.selectbox(
                "Split",
                list(CaseSplit),
                key=SPLIT,
                index=None,
                placeholder=BY_MESSAGES,
                format_func=SPLITS.__getitem__,
                disabled=case is not None and case.conversation_id is not None,
                help="Without a choice, equal messages are in the same split, one in ten held out.",
            )
        dialogs.submit(label, lambda: save(dataset.id, case), key="datasets.case")

    form()


def save(dataset_id: UUID, case: DatasetCase | None) -> None:
    """Store what the form holds; raise Invalid."""
    new = _new_case(case)
    with guard.work() as (session, actor):
        if case is None:
            cases.add_cases(session, dataset_id, NewCases(cases=(new,)), actor=actor)
        else:
            if new.split is None and case.conversation_id is None:
                # Without one, it would keep the split that was cleared in the form
                by_messages = CaseDraft(new, new.origin).stored_split
                new = new.model_copy(update={"split": by_messages})
            cases.change_case(
                session, dataset_id, case.id, new, added_in=case.added_in, actor=actor
            )
    state.toast("Case saved as a new version" if case is not None else "Case added")


def _new_case(case: DatasetCase | None) -> NewCase:
    try:
        context = json.loads(state.get(CONTEXT, "").strip() or "null")
    except (ValueError, RecursionError):
        raise Invalid("The context is not valid JSON.") from None
    # The form has no fields for these
    kept = case.content.model_dump(include={"external_id", "unsupported"}) if case else {}
    fields = {
        "messages": message_fields.read(),
        "context": context,
        "reference": state.get(REFERENCE, "").strip() or None,
        "rejected": state.get(REJECTED, "").strip() or None,
        "assertions": scorer_fields.read(),
        "tags": state.get(TAGS, []),
        "split": state.get(SPLIT, None),
    }
    if not fields["messages"]:
        raise Invalid("Enter a message.")
    try:
        return NewCase.model_validate(kept | fields)
    except ValidationError as error:
        raise Invalid(reason_of(error)) from None
