"""The type of a file, and another one where it was taken for something that it is not."""

import streamlit as st

from core.imports import flows
from core.imports.mapping import Container, RecordShape
from core.imports.schemas import ImportView, ReadAs
from pages._ui import errors, guard, state, text

TYPES = {
    "Table: commas": ReadAs(container=Container.CSV, delimiter=",", format=RecordShape.TABLE),
    "Table: semicolons": ReadAs(container=Container.CSV, delimiter=";", format=RecordShape.TABLE),
    "Table: tabs": ReadAs(container=Container.CSV, delimiter="\t", format=RecordShape.TABLE),
    "Table: vertical bars": ReadAs(container=Container.CSV, delimiter="|", format=RecordShape.TABLE),
    "JSON: one row per record": ReadAs(container=Container.JSON, format=RecordShape.TABLE),
    "JSON Lines: one row per line": ReadAs(container=Container.JSONL, format=RecordShape.TABLE),
    "Parquet: one row per record": ReadAs(container=Container.PARQUET, format=RecordShape.TABLE),
    "Conversations: one per record": ReadAs(format=RecordShape.DIALOGUES),
    "Conversation messages: one per record": ReadAs(format=RecordShape.TURNS),
    "Langfuse observations": ReadAs(format=RecordShape.LANGFUSE_OBSERVATIONS),
    "Langfuse traces": ReadAs(format=RecordShape.LANGFUSE_TRACES),
    "OpenTelemetry spans (OTLP JSON)": ReadAs(format=RecordShape.OTLP),
}
AGAIN = "Detect automatically"


def draw(found: ImportView) -> None:
    """Draw what the file was taken for, and what else it may be read as."""
    key = f"imports.type-of-{found.id}"
    with st.popover("Change file type", icon=":material/description:"):
        st.caption(text.plain(f"Detected: {found.recognition.get('title', 'unknown')}"))
        st.selectbox("File type", [AGAIN, *TYPES], key=key)
        st.button("Read file again", key=f"imports.reread-{found.id}", on_click=read_again, args=(found, key))


@errors.action
def read_again(found: ImportView, key: str) -> None:
    """Recognise the file as the type that was chosen."""
    chosen = state.get(key, AGAIN)
    with guard.work() as (_, actor):
        pass
    flows.recognise_again(found.id, TYPES.get(chosen, ReadAs()), actor=actor)
    forget_choices(found)
    state.toast("File read again")


def forget_choices(found: ImportView) -> None:
    """Forget what was chosen for the columns of the file as it was read before."""
    state.forget(*[str(key) for key in st.session_state if str(found.id) in str(key) and "type-of" not in str(key)])
