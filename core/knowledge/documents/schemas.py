"""Inputs of documents: new, changed, proposed, or a folder of Markdown."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from core.database.tables import storable
from core.identity.schemas import View
from core.ingest.external_ids import EitherId
from core.knowledge.schemas import DocumentState

MOST_TAGS, MOST_FILES = 100, 2000

Title = Annotated[str, AfterValidator(storable), StringConstraints(max_length=500)]
Content = Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=1_000_000)]
Tags = Annotated[
    list[
        Annotated[
            str,
            AfterValidator(storable),
            StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
        ]
    ],
    Field(max_length=MOST_TAGS),
]
EXAMPLE: dict[str, Any] = {
    "title": "Refunds",
    "content": "A refund takes **five days**.",
    "scope": "help centre",
    "tags": ["refund"],
}


class DocumentBody(BaseModel):
    """A new document. With an external `id`, rows that programs send with this ID update it."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": EXAMPLE | {"status": "published"}}
    )

    id: Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=128)] | None = None
    title: Title
    content: Content
    scope: Title = ""
    tags: Tags = []
    source: Title | None = None
    status: DocumentState = DocumentState.PUBLISHED


class DocumentChangeBody(BaseModel):
    """The fields to change.

    With `updated_at`, the change is rejected when the document has changed since.
    """

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"content": "A refund takes six days."}}
    )

    title: Title | None = None
    content: Content | None = None
    scope: Title | None = None
    tags: Tags | None = None
    status: DocumentState | None = None
    updated_at: datetime | None = None


class Proposal(BaseModel):
    """A document that a reviewer proposes; it is a draft until an admin publishes it.

    Message, conversation and annotation are its origin: the first two by Attune's IDs or the
    sender's.
    """

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": EXAMPLE})

    title: Annotated[Title, Field(min_length=1)]
    content: Content
    scope: Title = ""
    tags: Tags = []
    message_id: EitherId | None = None
    conversation_id: EitherId | None = None
    annotation_id: UUID | None = None


class MarkdownFile(BaseModel):
    """A file of a folder; its path in the folder becomes the document's ID."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=500)]
    content: Annotated[str, AfterValidator(storable), Field(max_length=1_000_000)]


class FolderBody(BaseModel):
    """A folder of Markdown files.

    The first heading is the title; documents with the same path are updated.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "files": [{"name": "refunds.md", "content": "# Refunds\n\nThey take five days."}],
                "scope": "help centre",
            }
        },
    )

    files: Annotated[list[MarkdownFile], Field(min_length=1, max_length=MOST_FILES)]
    scope: Title = ""
    status: DocumentState = DocumentState.PUBLISHED


class SkippedFile(View):
    """A file that was not imported, and the reason."""

    name: str
    reason: str


class FolderReport(View):
    """The numbers of new, changed and unchanged documents."""

    made: int
    changed: int
    unchanged: int
    left_out: list[SkippedFile]


Change = Literal["made", "changed", "proposed", "published", "deleted"]
