"""Read attached files. The callers have checked the owner of the session."""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.attachments import encrypted_files
from core.attachments.errors import AttachmentMissing
from core.attachments.models import Attachment
from core.attachments.schemas import (
    AttachmentKind,
    AttachmentView,
    CheckedFile,
    ModelFile,
    OriginalFile,
    ShownFile,
)

MAX_IMAGES = 20  # of earlier messages that are sent again


def list_views(session: Session, session_id: UUID) -> dict[UUID, list[AttachmentView]]:
    """Return the files of each message of a session, in order."""
    table = Attachment
    rows = session.execute(
        select(table.id, table.message_id, table.name, table.kind, table.size_bytes)
        .where(table.session_id == session_id)
        .order_by(table.message_id, table.position)
    )
    by_message = groupby(rows, lambda row: row.message_id)
    return {message: [_view(*row) for row in of_message] for message, of_message in by_message}


def _view(id_: UUID, _: UUID, name: bytes, kind: str, size_bytes: int) -> AttachmentView:
    return AttachmentView(
        id=id_,
        name=encrypted_files.open_name(name, id_),
        kind=AttachmentKind(kind),
        size_bytes=size_bytes,
    )


def list_for_models(session: Session, session_id: UUID) -> dict[UUID, list[ModelFile]]:
    """Return what models are sent of each message's files; of images, the newest MAX_IMAGES."""
    table = Attachment
    columns = (table.id, table.message_id, table.name, table.kind)
    rows = session.execute(
        select(*columns)
        .where(table.session_id == session_id)
        .order_by(table.message_id, table.position)
    ).all()
    images = [row.id for row in rows if row.kind == AttachmentKind.IMAGE]
    left_out = set(images[:-MAX_IMAGES])
    readable = _readable(session, [row.id for row in rows if row.id not in left_out])
    files: dict[UUID, list[ModelFile]] = {}
    for id_, message_id, name, kind in rows:
        opened = encrypted_files.open_name(name, id_)
        file = ModelFile(opened, AttachmentKind(kind), readable.get(id_))
        files.setdefault(message_id, []).append(file)
    return files


def _readable(session: Session, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    rows = session.execute(select(Attachment.id, Attachment.readable).where(Attachment.id.in_(ids)))
    return {
        id_: encrypted_files.open_(envelope, "readable", id_)
        for id_, envelope in rows
        if envelope is not None
    }


def has_any(session: Session, session_id: UUID) -> bool:
    """Return whether a session has files."""
    query = select(Attachment.id).where(Attachment.session_id == session_id).limit(1)
    return session.scalar(query) is not None


def get_shown(session: Session, session_id: UUID, attachment_id: UUID) -> ShownFile:
    """Return a file as it is shown: an image as models are sent it, else the original.

    Raises AttachmentMissing.
    """
    row = session.get(Attachment, attachment_id)
    if row is None or row.session_id != session_id:
        raise AttachmentMissing
    name = encrypted_files.open_name(row.name, row.id)
    if row.kind == AttachmentKind.IMAGE and row.readable is not None:
        jpeg = encrypted_files.open_(row.readable, "readable", row.id)
        return ShownFile(name, jpeg, is_image=True)
    return ShownFile(name, encrypted_files.open_(row.content, "content", row.id), is_image=False)


def list_checked(session: Session, message_id: UUID) -> list[CheckedFile]:
    """Return the files of a message as they were checked, to attach them to another one."""
    own = select(Attachment).where(Attachment.message_id == message_id)
    return [
        CheckedFile(
            encrypted_files.open_name(row.name, row.id),
            AttachmentKind(row.kind),
            row.readable and encrypted_files.open_(row.readable, "readable", row.id),
            encrypted_files.open_(row.content, "content", row.id),
        )
        for row in session.scalars(own.order_by(Attachment.position))
    ]


def list_originals(session: Session, ids: Sequence[UUID]) -> list[OriginalFile]:
    """Return files as they were sent, without those that were removed."""
    rows = session.scalars(select(Attachment).where(Attachment.id.in_(ids)).order_by(Attachment.id))
    return [
        OriginalFile(
            row.id,
            encrypted_files.open_name(row.name, row.id),
            encrypted_files.open_(row.content, "content", row.id),
        )
        for row in rows
    ]
