"""Annotations as figures, and as files for training and evaluation."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, AiSessionDep, SessionDep
from api.routes.annotations import WantedDep
from api.watch import PeriodDep
from core.annotations import summary
from core.annotations.exports import export
from core.annotations.exports.export import ExportQuery, Manifest
from core.annotations.exports.export_rows import Split
from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.schemas import AnnotationFilter, AnnotationStatus, AnnotationType
from core.annotations.summary import ReviewSummary
from core.identity.permissions import Permission, require, require_any

HOW = "Train by one part and measure by the other: no conversation is in both. Without it, all are there."


async def reader(actor: ActorDep) -> None:
    """Refuse at the door whom figures of reviews are not for; core asks again."""
    require_any(actor, Permission.WATCH, Permission.ANNOTATE)


async def exporter(actor: ActorDep) -> None:
    """Refuse at the door who may take no words out of the house; core asks again."""
    require(actor, Permission.EXPORT_ANNOTATIONS)


figures = APIRouter(prefix="/admin/ai/tuning", tags=["Review: annotations"], dependencies=[Depends(reader)])
files = APIRouter(prefix="/admin/ai/tuning", tags=["Review: annotations"], dependencies=[Depends(exporter)])
router = APIRouter()


async def asked(
    wanted: WantedDep,
    format: Annotated[FormatName, Query(description="The kind of file.")],
    split: Annotated[Literal["train", "holdout", ""] | None, Query(description=HOW)] = None,
) -> ExportQuery:
    """Return what is to be exported."""
    return ExportQuery(format, wanted, Split(split) if split else Split.ALL)


AskedDep = Annotated[ExportQuery, Depends(asked)]


@figures.get("/summary")
def summarise(
    ai: AiSessionDep,
    actor: ActorDep,
    period: PeriodDep,
    type: AnnotationType | Literal[""] | None = None,
    status: AnnotationStatus | Literal[""] | None = None,
    tag: Annotated[str | None, Query(max_length=64)] = None,
    environment: Annotated[str | None, Query(max_length=200)] = None,
) -> ReviewSummary:
    """Return the figures of annotations that were made in the period; a reviewer has those of his own."""
    wanted = AnnotationFilter(
        type=AnnotationType(type) if type else None,
        status=AnnotationStatus(status) if status else None,
        tag=tag or None,
        environment=environment or None,
    )
    return summary.summarise(ai, wanted, period, actor=actor)


@files.get("/export", response_class=StreamingResponse)
def export_annotations(session: SessionDep, actor: ActorDep, asked: AskedDep) -> StreamingResponse:
    """Return annotations as a file, written while it is read."""
    export.note(session, asked, actor=actor)
    headers = {"Content-Disposition": f'attachment; filename="{asked.name}"'}
    return StreamingResponse(export.stream(asked, actor=actor), media_type=FORMATS[asked.format].media_type, headers=headers)


@files.get("/export/manifest")
def export_manifest(actor: ActorDep, asked: AskedDep) -> Manifest:
    """Return what is in that file and what is not; it takes as long as the file itself."""
    return export.make_manifest(asked, actor=actor)


router.include_router(figures)
router.include_router(files)
