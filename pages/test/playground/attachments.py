"""Files beside the message field, and below the messages that they are attached to."""

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from uuid import UUID

import streamlit as st
from streamlit.elements.widgets.chat import ChatInputValue
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.attachments.errors import AttachmentRefused
from core.attachments.schemas import MAX_FILES, AttachmentKind, AttachmentView, NewAttachment
from core.errors import Invalid
from core.playground.errors import NoMessage
from pages._ui import state, text

KEPT = "playground.files"
_ENDINGS = (
    "txt md csv tsv json jsonl xml html css yaml yml toml ini log sql py js ts tsx jsx java c h "
    "cpp cs go rs rb php sh tex srt vtt eml"
)
# For every model and service: with other endings the field is made anew, and what was typed is lost
FILE_TYPES = [*_ENDINGS.split(), "pdf", "png", "jpg", "jpeg", "gif", "webp"]


class FileNotAttached(Invalid):
    """A file could not be attached. Remove it, then send the message."""


@dataclass(frozen=True)
class TypedMessage:
    """What is in the message field when it is sent."""

    text: str
    files: tuple[UploadedFile, ...]

    @property
    def message(self) -> str:
        """The text, or one that names the files."""
        if self.text or not self.files:
            return self.text
        return f"See the attached {', '.join(file.name for file in self.files)}."

    def fields(self) -> dict[str, object]:
        """Return text and files as a message has them; raise AttachmentRefused or NoMessage."""
        if len(self.files) > MAX_FILES:
            raise AttachmentRefused(f"A message takes at most {MAX_FILES} files.")
        if not self.message:
            raise NoMessage
        return {
            "message": self.message,
            "attachments": tuple(
                NewAttachment(name=file.name[:1000], content=b64encode(file.getvalue()))
                for file in self.files
            ),
        }


def read_typed(key: str, session_id: UUID) -> TypedMessage:
    """Return what the message field held when it was sent, with the files that were kept."""
    given: ChatInputValue | str = state.get(key, "")
    kept = _kept(session_id)
    if isinstance(given, str):
        return TypedMessage(given.rstrip(), kept)
    return TypedMessage(given.text.rstrip(), (*kept, *given.files))


def keep(session_id: UUID, files: tuple[UploadedFile, ...]) -> None:
    """Keep files for the next message: Streamlit's field can be filled with text alone."""
    state.put(state.own_key(KEPT, session_id), files)


def _kept(session_id: UUID) -> tuple[UploadedFile, ...]:
    return state.get(state.own_key(KEPT, session_id), ())


def draw_kept(session_id: UUID) -> None:
    """Draw the files that were kept, each as a button that removes it."""
    kept = _kept(session_id)
    if not kept:
        return
    with st.container(horizontal=True, gap="small", key="kept-files"):
        for number, file in enumerate(kept):
            st.button(
                text.plain(file.name),
                key=f"kept-file-{number}",
                icon=":material/close:",
                help="Remove file",
                on_click=keep,
                args=(session_id, kept[:number] + kept[number + 1 :]),
            )


def draw(session_id: UUID, files: list[AttachmentView]) -> None:
    """Draw images as small pictures, and other files as chips that download them."""
    if files:
        drawn = "".join(_drawn(session_id, file) for file in files)
        st.html(f'<div class="attune-files">{drawn}</div>')


def _drawn(session_id: UUID, file: AttachmentView) -> str:
    address = f"/api/v1/sessions/{session_id}/attachments/{file.id}"
    name = escape(file.name)
    if file.kind is AttachmentKind.IMAGE:
        picture = f'<img src="{address}" alt="{name}" title="{name}" loading="lazy">'
        return f'<a href="{address}" target="_blank">{picture}</a>'
    size = f"<small>{_size(file.size_bytes)}</small>"
    return f'<a href="{address}" download><span dir="auto">{name}</span> {size}</a>'


def _size(size_bytes: int) -> str:
    if size_bytes < 1024:
        return f"{size_bytes} B"
    return f"{size_bytes / 1024:.0f} KB" if size_bytes < 2**20 else f"{size_bytes / 2**20:.1f} MB"
