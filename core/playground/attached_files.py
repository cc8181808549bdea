"""Messages of the user with the files that are attached to them."""

from collections.abc import Sequence

from core.attachments.schemas import AttachmentKind, FileForm, ModelFile
from core.prompts.template.escaping import Place
from core.providers.images import IllustratedMessage
from core.providers.schemas import ChatMessage, MessageRole

INSIDE = Place(tags=frozenset({"file"}))


def user_message(
    content: str, files: Sequence[ModelFile], form: FileForm, *, max_chars: int
) -> ChatMessage:
    """Return a message with its files; those that are not sent in this form are named."""
    text = "\n\n".join([content, *(_part(file, form) for file in files)])[:max_chars]
    jpegs = tuple(file.readable or b"" for file in files if _is_sent_as_image(file, form))
    if jpegs:
        return IllustratedMessage(role=MessageRole.USER, content=text, jpegs=jpegs)
    return ChatMessage(role=MessageRole.USER, content=text)


def _part(file: ModelFile, form: FileForm) -> str:
    name = file.name.replace('"', "'")
    if file.readable is None or form is FileForm.NAMES or file.kind is AttachmentKind.IMAGE:
        kind = "image" if file.kind is AttachmentKind.IMAGE else "file"
        return f"[Attached {kind}: {name}]"
    return f'<file name="{name}">\n{INSIDE.escape(file.readable.decode())}\n</file>'


def _is_sent_as_image(file: ModelFile, form: FileForm) -> bool:
    is_image = file.kind is AttachmentKind.IMAGE and file.readable is not None
    return is_image and form is FileForm.IMAGES
