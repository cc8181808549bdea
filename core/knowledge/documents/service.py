"""Changes of documents, with history; admins publish what others propose."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.db import Database
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.ingest.rows import key_of
from core.knowledge.documents.queries import get_document, get_id
from core.knowledge.documents.schemas import DocumentBody, DocumentChangeBody, Proposal
from core.knowledge.errors import DocumentMissing, DocumentMoved, DocumentTaken
from core.knowledge.models import Document, DocumentChange
from core.knowledge.schemas import DocumentState
from core.knowledge.views import DocumentView
from core.platform import clock
from core.platform.ids import new_id

documents, changes = table_of(Document), table_of(DocumentChange)

FIELDS = ("scope", "title", "content", "tags", "source", "status")
REVIEW = "review"
LED = ("message_id", "conversation_id", "annotation_id")


def create_document(ai: Session, body: DocumentBody, *, actor: Actor) -> DocumentView:
    """Create a document; raise DocumentTaken when one with its ID exists."""
    require(actor, Permission.CHANGE_KNOWLEDGE)
    return _make(ai, body.id or str(new_id()), body.model_dump(exclude={"id"}), None, actor)


def propose_document(ai: Session, proposal: Proposal, *, actor: Actor) -> DocumentView:
    """Create a draft from a proposal, with its author and origin."""
    require(actor, Permission.ANNOTATE)
    led = {name: str(value) for name in LED if (value := getattr(proposal, name)) is not None}
    fields = proposal.model_dump(include={"scope", "title", "content", "tags"}) | {
        "source": REVIEW,
        "status": DocumentState.DRAFT,
    }
    return _make(ai, str(new_id()), fields, {"proposed_by": actor.name, **led}, actor)


def accept_document(ai: Session, given: str, *, actor: Actor) -> DocumentView:
    """Publish a draft; raise DocumentMissing."""
    return change_document(
        ai, given, DocumentChangeBody(status=DocumentState.PUBLISHED), actor=actor
    )


def change_document(
    ai: Session, given: str, change: DocumentChangeBody, *, actor: Actor
) -> DocumentView:
    """Change the given fields. An import's document then belongs to people: its undo keeps it.

    Raises DocumentMissing, and DocumentMoved when it has changed meanwhile.
    """
    write_change(ai, given, change, actor=actor)
    return get_document(ai, given, actor=actor)


def write_change(ai: Session, given: str, change: DocumentChangeBody, *, actor: Actor) -> bool:
    """Change the given fields, and return whether any has another value now, without reading the
    document's history. Raises what `change_document` raises.
    """
    require(actor, Permission.CHANGE_KNOWLEDGE)
    row = _locked(ai, get_id(ai, given))
    if change.updated_at is not None and change.updated_at != row["updated_at"]:
        raise DocumentMoved
    wanted = change.model_dump(include=set(FIELDS), exclude_none=True)
    after = {name: value for name, value in wanted.items() if value != row[name]}
    if after:
        # A sender's clock may be ahead, and the newest state of a document wins. The time changes
        # with each edit, as another editor's is checked by it
        updated_at = max(clock.now(), row["updated_at"] + timedelta(microseconds=1))
        values = after | {"updated_at": updated_at, "import_id": None}
        ai.execute(update(documents).where(documents.c.id == row["id"]).values(**values))
        before = {name: row[name] for name in after}
        _note(ai, "change", row["id"], row["title"], before, after, actor)
    return bool(after)


def delete_document(ai: Session, given: str, *, actor: Actor) -> None:
    """Delete a document; its history stays. Raises DocumentMissing."""
    require(actor, Permission.CHANGE_KNOWLEDGE)
    row = _locked(ai, get_id(ai, given))
    ai.execute(delete(documents).where(documents.c.id == row["id"]))
    _note(ai, "delete", row["id"], row["title"], {name: row[name] for name in FIELDS}, None, actor)


def _make(
    ai: Session, name: str, fields: dict[str, Any], attributes: dict[str, Any] | None, actor: Actor
) -> DocumentView:
    id_, now = key_of("document", name), clock.now()
    row = {
        "id": id_,
        "external_id": name,
        "created_at": now,
        "updated_at": now,
        "attributes": attributes,
        **fields,
    }
    if (
        ai.scalar(
            insert(documents).values(**row).on_conflict_do_nothing().returning(documents.c.id)
        )
        is None
    ):
        raise DocumentTaken
    _note(ai, "create", id_, fields["title"], None, {each: fields[each] for each in FIELDS}, actor)
    return get_document(ai, str(id_), actor=actor)


def _locked(session: Session, id_: UUID) -> dict[str, Any]:
    row = (
        session.execute(select(documents).where(documents.c.id == id_).with_for_update())
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise DocumentMissing
    return dict(row)


def _note(
    ai: Session,
    verb: str,
    id_: UUID,
    title: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    actor: Actor,
) -> None:
    """Store a change's history; the audit log has only the document and field names."""
    row = {
        "document_id": id_,
        "at": clock.now(),
        "by": actor.id,
        "by_name": actor.name,
        "before": before,
        "after": after,
    }
    ai.execute(insert(changes).values(id=new_id(), **row))
    targets = {"document": str(id_), "title": title, "fields": sorted(after or before or {})}
    audit.record(ai, f"document.{verb}", actor, targets=targets, database=Database.AI)
