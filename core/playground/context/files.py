"""In which form the files of messages are sent, and what they are refused for."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.attachments.errors import FilesNotTaken, ImagesNotAccepted, PdfNotReadable
from core.attachments.schemas import AttachmentKind, FileForm, ModelFile
from core.executions.schemas import MAX_TEXT_CHARS
from core.playground.attached_files import user_message
from core.providers import catalogue
from core.providers.images import jpegs_of
from core.providers.schemas import ChatMessage
from core.services.schemas import ServiceView


def form_for_model(session: Session, model_id: str) -> FileForm:
    """Return the form for a model; raise ModelMissing."""
    accepts_images = catalogue.find_route(session, model_id).model.capabilities.images
    return FileForm.IMAGES if accepts_images else FileForm.TEXTS


def check(files: Sequence[ModelFile], form: FileForm, service: ServiceView | None) -> None:
    """Raise FilesNotTaken, ImagesNotAccepted or PdfNotReadable for files that cannot be sent."""
    if service is not None:
        if files and service.upload_url is None:
            raise FilesNotTaken
        return
    kinds = {file.kind for file in files}
    if AttachmentKind.IMAGE in kinds and form is not FileForm.IMAGES:
        raise ImagesNotAccepted
    if any(file.kind is AttachmentKind.PDF and file.readable is None for file in files):
        raise PdfNotReadable


def as_prompt(
    message: str, files: Sequence[ModelFile], form: FileForm
) -> tuple[str, tuple[ChatMessage, ...]]:
    """Return a message with its files as the prompt, or as a message when it has images."""
    asked = user_message(message, files, form, max_chars=MAX_TEXT_CHARS)
    return ("", (asked,)) if jpegs_of(asked) else (asked.content, ())
