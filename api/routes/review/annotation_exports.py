"""Routes of annotation figures, and of files for training and evaluation."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, AiSessionDep, SessionDep
from api.reference import text_of
from api.routes.review.annotations import FilterDep
from api.threads import EXPORTS
from api.watch_parameters import PeriodDep
from core.annotations.exports import export
from core.annotations.exports.export import ExportQuery, Manifest
from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.exports.queries import Source, Split
from core.annotations.queries import summary
from core.annotations.schemas import AnnotationFilter, AnnotationStatus, AnnotationType
from core.annotations.views import ReviewSummary
from core.identity.permissions import Permission, require, require_any

SPLIT_HELP = (
    "Train with one part and evaluate with the other; no conversation is in both. Without it, all "
    "annotations."
)
SOURCE_HELP = (
    "Of the formats of preference pairs: only those from `annotations`, or only those from votes "
    "on `comparisons` and replays. Without it, both. Votes match filters by author and time only."
)


async def reader(actor: ActorDep) -> None:
    """Raise Forbidden without permission for review figures; core checks again."""
    require_any(actor, Permission.WATCH, Permission.ANNOTATE)


async def exporter(actor: ActorDep) -> None:
    """Raise Forbidden without permission to export; core checks again."""
    require(actor, Permission.EXPORT_ANNOTATIONS)


figures = APIRouter(
    prefix="/admin/ai/tuning", tags=["Review: annotations"], dependencies=[Depends(reader)]
)
files = APIRouter(
    prefix="/admin/ai/tuning", tags=["Review: annotations"], dependencies=[Depends(exporter)]
)
router = APIRouter()


async def query(
    filters: FilterDep,
    format: Annotated[FormatName, Query(description="The file format.")],
    split: Annotated[Literal["train", "holdout", ""] | None, Query(description=SPLIT_HELP)] = None,
    source: Annotated[
        Literal["annotations", "comparisons", ""] | None, Query(description=SOURCE_HELP)
    ] = None,
) -> ExportQuery:
    """Return the requested export; raise NoPairsInFormat."""
    parts = Split(split) if split else Split.ALL
    return ExportQuery(format, filters, parts, Source(source) if source else Source.ALL)


QueryDep = Annotated[ExportQuery, Depends(query)]


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
    """Return figures of annotations created in the period; reviewers get their own."""
    filters = AnnotationFilter(
        type=AnnotationType(type) if type else None,
        status=AnnotationStatus(status) if status else None,
        tag=tag or None,
        environment=environment or None,
    )
    return summary.summarize(ai, filters, period, actor=actor)


@files.get(
    "/export",
    response_class=StreamingResponse,
    responses=text_of("application/x-ndjson", "text/markdown", "text/csv"),
)
def export_annotations(session: SessionDep, actor: ActorDep, query: QueryDep) -> StreamingResponse:
    """Download annotations, and in pair formats votes too; streamed while it is written."""
    export.note(session, query, actor=actor)
    headers = {"Content-Disposition": f'attachment; filename="{query.name}"'}
    return StreamingResponse(
        EXPORTS.iterate(export.stream(query, actor=actor)),
        media_type=FORMATS[query.format].media_type,
        headers=headers,
    )


@files.get("/export/manifest")
def export_manifest(actor: ActorDep, query: QueryDep) -> Manifest:
    """Count what the export contains and leaves out; as slow as the export itself."""
    return export.make_manifest(query, actor=actor)


router.include_router(figures)
router.include_router(files)
