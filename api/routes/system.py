"""Health of the parts, retention and system settings."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT
from core.ai_metrics.otlp import dropped as dropped_spans
from core.ai_metrics.otlp.dropped import DroppedCount
from core.database.settings import Retention
from core.identity.permissions import Permission, require
from core.system import daily as daily_job
from core.system import queries, retention
from core.system.schemas import Condition, Health

router = APIRouter(prefix="/admin/system", tags=["System"])


class HealthAnswer(BaseModel):
    """The parts and their condition; details are for those who may see them."""

    status: Condition
    timestamp: datetime
    version: str
    dependencies: dict[str, dict[str, str]]


@router.get("/health")
def health(actor: ActorDep) -> HealthAnswer:
    """Return the condition of every part, with details."""
    require(actor, Permission.READ_HEALTH)
    return answer(queries.health(), with_details=True)


class CleanupOrder(BaseModel):
    """Whether to delete, or only to say what would go."""

    model_config = ConfigDict(json_schema_extra={"example": {"dry_run": True}})

    dry_run: bool = False


class CleanupAnswer(BaseModel):
    """Rows that went, or would go, by table; and partitions that were in use all the time, which the next run takes."""

    dry_run: bool
    rows: dict[str, int]
    busy: list[str]


class SpanList(BaseModel):
    """Spans that were accepted, and of which nothing is kept; and how many wait."""

    items: list[DroppedCount]
    total_count: int
    limit: int
    offset: int
    waiting: int


class DailyAnswer(BaseModel):
    """That the daily job waits for its turn; its run is in the batch history under this name of a job."""

    status: str
    batch_job: str


@router.post("/cleanup", responses=CONFLICT)
def cleanup(given: CleanupOrder, actor: ActorDep) -> CleanupAnswer:
    """Apply retention now, or count what would go."""
    done = retention.clean_up(actor=actor, dry_run=given.dry_run)
    return CleanupAnswer(dry_run=done.dry_run, rows=done.rows, busy=done.busy)


@router.post("/daily", status_code=202)
def daily(session: SessionDep, actor: ActorDep) -> DailyAnswer:
    """Have the daily job begin now: figures of days that have ended, partitions, retention."""
    daily_job.request(session, actor=actor)
    return DailyAnswer(status="queued", batch_job=daily_job.JOB)


@router.get("/spans")
def spans(session: SessionDep, actor: ActorDep, window: WindowDep) -> SpanList:
    """Say how many spans of OpenTelemetry were dropped, by day and app, the newest first; and how many wait for their request."""
    page = dropped_spans.list_dropped(session, window=window, actor=actor)
    waiting = dropped_spans.count_waiting(session, actor=actor)
    return SpanList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset, waiting=waiting)


@router.get("/retention")
def read_retention(session: SessionDep, actor: ActorDep) -> Retention:
    """Return for how many days rows are kept."""
    return retention.read(session, actor=actor)


@router.put("/retention")
def write_retention(given: Retention, session: SessionDep, actor: ActorDep) -> Retention:
    """Change for how many days rows are kept, field by field; what is over goes with the next daily job or cleanup."""
    return retention.change(session, given, actor=actor)


def answer(found: Health, *, with_details: bool) -> HealthAnswer:
    """Return what is told of the parts: to those without a credential, no details."""
    dependencies = {
        name: {"status": part.condition.value} | ({"detail": part.detail} if with_details else {})
        for name, part in found.dependencies.items()
    }
    status = Condition.HEALTHY if found.is_healthy else Condition.UNHEALTHY
    return HealthAnswer(status=status, timestamp=found.checked_at, version=found.version, dependencies=dependencies)
