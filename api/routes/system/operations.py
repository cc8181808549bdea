"""Routes of health, retention, cleanup, the daily job and dropped spans."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT
from core.ai_metrics.queries import dropped_spans
from core.ai_metrics.queries.dropped_spans import DroppedCount
from core.database.paging import Page
from core.database.settings import Retention
from core.identity.permissions import Permission, require
from core.system import queries
from core.system.schemas import Condition, Health
from core.system.service import daily_job as daily_job
from core.system.service import retention

router = APIRouter(prefix="/admin/system", tags=["System"])


class HealthAnswer(BaseModel):
    """The state of each part; details only with permission."""

    status: Condition
    timestamp: datetime
    version: str
    dependencies: dict[str, dict[str, str]]


@router.get("/health")
def health(actor: ActorDep) -> HealthAnswer:
    """Return the state of every part, with details."""
    require(actor, Permission.READ_HEALTH)
    return health_response(queries.health(), with_details=True)


class CleanupOrder(BaseModel):
    """Whether to delete rows, or only count them."""

    model_config = ConfigDict(json_schema_extra={"example": {"dry_run": True}})

    dry_run: bool = False


class CleanupAnswer(BaseModel):
    """Deleted rows (or rows to delete) by table, and partitions left to the next run."""

    dry_run: bool
    rows: dict[str, int]
    busy: list[str]


class SpanList(Page[DroppedCount]):
    """Dropped spans by day and app, and the number of waiting spans."""

    waiting: int


class DailyAnswer(BaseModel):
    """The daily job is queued; the batch history lists its run under this job name."""

    status: str
    batch_job: str


@router.post("/cleanup", responses=CONFLICT)
def cleanup(options: CleanupOrder, actor: ActorDep) -> CleanupAnswer:
    """Apply retention now, or with `dry_run` count the rows to delete."""
    result = retention.clean_up(actor=actor, dry_run=options.dry_run)
    return CleanupAnswer(dry_run=result.dry_run, rows=result.rows, busy=result.busy)


@router.post("/daily", status_code=202)
def daily(session: SessionDep, actor: ActorDep) -> DailyAnswer:
    """Run the daily job now: figures of days that have ended, partitions, retention."""
    daily_job.request(session, actor=actor)
    return DailyAnswer(status="queued", batch_job=daily_job.JOB)


@router.get("/spans")
def spans(session: SessionDep, actor: ActorDep, window: WindowDep) -> SpanList:
    """Return dropped spans by day and app, newest first, and how many spans wait."""
    page = dropped_spans.list_dropped(session, window=window, actor=actor)
    waiting = dropped_spans.count_waiting(session, actor=actor)
    return SpanList(
        items=page.items,
        total_count=page.total_count,
        limit=window.limit,
        offset=window.offset,
        waiting=waiting,
    )


@router.get("/retention")
def read_retention(session: SessionDep, actor: ActorDep) -> Retention:
    """Return how many days rows are kept."""
    return retention.read(session, actor=actor)


@router.put("/retention")
def write_retention(changes: Retention, session: SessionDep, actor: ActorDep) -> Retention:
    """Change how many days rows are kept; fields that are left out stay.

    The next daily job or cleanup applies it.
    """
    return retention.change(session, changes, actor=actor)


def health_response(report: Health, *, with_details: bool) -> HealthAnswer:
    """Return the health response, without details for callers without credentials."""
    dependencies = {
        name: {"status": part.condition.value} | ({"detail": part.detail} if with_details else {})
        for name, part in report.dependencies.items()
    }
    status = Condition.HEALTHY if report.is_healthy else Condition.UNHEALTHY
    return HealthAnswer(
        status=status,
        timestamp=report.checked_at,
        version=report.version,
        dependencies=dependencies,
    )
