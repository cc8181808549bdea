"""Store the files of a message. They are removed with the message's row."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from core.attachments import encrypted_files
from core.attachments.models import Attachment
from core.attachments.schemas import AttachmentView, CheckedFile
from core.platform.ids import new_id


def add(
    session: Session, files: Sequence[CheckedFile], *, session_id: UUID, message_id: UUID
) -> list[AttachmentView]:
    """Store the files of a message that is stored."""
    return [
        _add(session, file, position, session_id=session_id, message_id=message_id)
        for position, file in enumerate(files)
    ]


def _add(
    session: Session, file: CheckedFile, position: int, *, session_id: UUID, message_id: UUID
) -> AttachmentView:
    id_, size_bytes = new_id(), len(file.content)
    readable = file.readable
    row = Attachment(
        id=id_,
        session_id=session_id,
        message_id=message_id,
        position=position,
        kind=file.kind,
        name=encrypted_files.seal(file.name.encode(), "name", id_),
        size_bytes=size_bytes,
        content=encrypted_files.seal(file.content, "content", id_),
        readable=None if readable is None else encrypted_files.seal(readable, "readable", id_),
    )
    session.add(row)
    session.flush()
    return AttachmentView(id=id_, name=file.name, kind=file.kind, size_bytes=size_bytes)
