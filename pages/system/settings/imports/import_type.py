"""The detected type of a file, and the choice of another."""

import streamlit as st

from core.imports.mapping import Container, RecordShape
from core.imports.schemas import ImportView, ReadAs
from core.imports.service import files
from pages._ui import errors, guard, state, text
from pages.system.settings.imports import field_keys

TYPES = {
    "Table: commas": ReadAs(container=Container.CSV, delimiter=",", format=RecordShape.TABLE),
    "Table: semicolons": ReadAs(container=Container.CSV, delimiter=";", format=RecordShape.TABLE),
    "Table: tabs": ReadAs(container=Container.CSV, delimiter="\t", format=RecordShape.TABLE),
    "Table: vertical bars": ReadAs(
        container=Container.CSV, delimiter="|", format=RecordShape.TABLE
    ),
    "JSON: one row per record": ReadAs(container=Container.JSON, format=RecordShape.TABLE),
    "JSON Lines: one row per line": ReadAs(container=Container.JSONL, format=RecordShape.TABLE),
    "Parquet: one row per record": ReadAs(container=Container.PARQUET, format=RecordShape.TABLE),
    "Conversations: one per record": ReadAs(format=RecordShape.DIALOGUES),
    "Conversation messages: one per record": ReadAs(format=RecordShape.TURNS),
    "Langfuse observations": ReadAs(format=RecordShape.LANGFUSE_OBSERVATIONS),
    "Langfuse traces": ReadAs(format=RecordShape.LANGFUSE_TRACES),
    "Langfuse scores": ReadAs(format=RecordShape.LANGFUSE_SCORES),
    "Label Studio annotations": ReadAs(format=RecordShape.LABEL_STUDIO),
    "OpenAI batch output": ReadAs(format=RecordShape.OPENAI_BATCH),
    "Preference pairs": ReadAs(format=RecordShape.PREFERENCES),
    "OpenTelemetry spans (OTLP JSON)": ReadAs(format=RecordShape.OTLP),
}
AGAIN = "Detect automatically"


def draw(found: ImportView) -> None:
    with st.popover("Change file type", icon=":material/description:"):
        st.caption(text.plain(f"Detected: {found.recognition.get('title', 'unknown')}"))
        st.selectbox("File type", [AGAIN, *TYPES], key=_key(found))
        st.button(
            "Read file again",
            key=f"imports.reread-{found.id}",
            on_click=read_again,
            args=(found,),
        )


def lacks_samples(found: ImportView) -> bool:
    """Whether sample values were removed by an undo; a dry run after it brings none back."""
    return found.started_at is not None and not any(
        column["samples"] for column in found.recognition["columns"]
    )


def draw_reading(found: ImportView) -> None:
    """Offer to read a file again whose sample values were removed."""
    st.info(
        "Sample values were removed with the imported rows. Read the file again to change its row "
        "type or columns.",
        icon=":material/info:",
    )
    st.button(
        "Read file again",
        key=f"imports.read-{found.id}",
        on_click=read_again,
        args=(found,),
    )


def draw_detected(found: ImportView) -> None:
    """Offer the detected mapping again, which that of a dry run has replaced."""
    st.button("Use detected mapping", key="imports.detect", on_click=read_again, args=(found,))


@errors.action
def read_again(found: ImportView) -> None:
    chosen = TYPES.get(state.get(_key(found), AGAIN), ReadAs())
    files.recognize_again(found.id, chosen, actor=guard.enter())
    field_keys.renew(found.id)
    state.toast("File read again")


def _key(found: ImportView) -> str:
    return f"imports.type-of-{found.id}"
