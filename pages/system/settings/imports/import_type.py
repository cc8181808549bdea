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
    "Preference pairs": ReadAs(format=RecordShape.PREFERENCES),
    "OpenTelemetry spans (OTLP JSON)": ReadAs(format=RecordShape.OTLP),
}
AGAIN = "Detect automatically"


def draw(found: ImportView) -> None:
    key = f"imports.type-of-{found.id}"
    with st.popover("Change file type", icon=":material/description:"):
        st.caption(text.plain(f"Detected: {found.recognition.get('title', 'unknown')}"))
        st.selectbox("File type", [AGAIN, *TYPES], key=key)
        st.button(
            "Read file again",
            key=f"imports.reread-{found.id}",
            on_click=read_again,
            args=(found, key),
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
        args=(found, f"imports.type-of-{found.id}"),
    )


@errors.action
def read_again(found: ImportView, key: str) -> None:
    chosen = TYPES.get(state.get(key, AGAIN), ReadAs())
    files.recognize_again(found.id, chosen, actor=guard.enter())
    field_keys.renew(found.id)
    state.toast("File read again")
