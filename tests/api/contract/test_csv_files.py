"""Every table that a page shows is a file, too: its rows, guarded against formulas, audited."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.api.imports.calls import upload
from tests.factories.ai_metrics import request, send
from tests.factories.annotations import waiting
from tests.factories.batches import ran
from tests.factories.identity import person
from tests.factories.usage import used

NOW = clock.now().replace(microsecond=0) - timedelta(hours=1)
TODAY = f"start={NOW:%Y-%m-%d}&end={NOW + timedelta(days=1):%Y-%m-%d}"
FORMULA = "=1+1"
ACTION = text("select count(*) from audit_log where action = :action")
# By path: the audited action, the number of rows, and cells of the first one.
FILES: Mapping[str, tuple[str, int, Mapping[str, str]]] = {
    "/admin/ai/errors": ("ai_errors", 2, {"error_type": f"'{FORMULA}", "requests": "2"}),
    "/admin/ai/tools": ("ai_tools", 1, {"tool": f"'{FORMULA}", "calls": "1"}),
    f"/admin/ai/tokens?{TODAY}&interval=day": ("ai_tokens", 1, {"input_tokens": "6"}),
    f"/admin/ai/latency?{TODAY}&interval=day": (
        "ai_latency",
        1,
        {"requests": "3", "p50": "20", "first_token_requests": "1", "first_token_p50": "5"},
    ),
    "/admin/batch/phases": ("batch_phases", 2, {"batch_job": f"'{FORMULA}", "phase": "load"}),
    "/admin/batch/jobs": ("batch_jobs", 1, {"batch_job": f"'{FORMULA}", "failed": "1"}),
    "/admin/batch/failures": ("batch_failures", 1, {"summary": "'@no", "runs": "1"}),
    "/admin/ai/tuning/queue": ("queue", 7, {"state": "waiting"}),
    "/admin/accounts": ("accounts", 1, {"email": f"'{FORMULA}@example.com"}),
    "/admin/prices": ("prices", 1, {"provider": "acme", "model": f"'{FORMULA}", "input": "1"}),
    "/analytics/usage": ("usage", 1, {"name": f"'{FORMULA}", "calls": "1", "cost_usd": "0.01"}),
    "/imports": ("imports", 1, {"name": f"'{FORMULA}.csv"}),
}


@pytest.fixture
def admin(client: Client) -> httpx2.Client:
    """Return a super admin, with a row or two in every table."""
    owner = person(Role.SUPER_ADMIN, email="=1+1@example.com")
    me = client(owner)
    used(owner.actor, model_id=FORMULA)
    failed: dict[str, Any] = {"status": "error", "input_tokens": 2, "total_latency_ms": 20}
    call = {"name": FORMULA, "status": "error", "duration_ms": 3}
    send(
        request(NOW, error_type=FORMULA, **failed),
        request(NOW, error_type=FORMULA, first_token_ms=5, **failed),
        request(NOW, error_type="other", tool_calls=[call], **failed),
    )
    phases = {"load": 5, "count": 2}
    ran(NOW, "failed", job=FORMULA, error_summary="@no", phase_durations=phases)
    waiting(7)
    price = {"provider": "acme", "model": FORMULA, "input": "1", "output": "2"}
    me.post("/admin/prices", json=price | {"valid_from": NOW.isoformat()}).raise_for_status()
    upload(me, "id,created_at,event_type\n1,2026-11-20T09:30:00Z,seen\n", f"{FORMULA}.csv")
    return me


def test_each_table_is_a_file_of_guarded_cells_and_its_download_is_audited(
    admin: httpx2.Client,
) -> None:
    for path, (action, count, cells) in FILES.items():
        answer = admin.get(f"{path}{'&' if '?' in path else '?'}format=csv").raise_for_status()
        assert answer.headers["content-type"] == "text/csv; charset=utf-8", path
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == count, path
        assert {name: rows[0][name] for name in cells} == dict(cells), path
        with transaction() as session:
            assert session.scalar(ACTION, {"action": f"{action}.export"}) == 1, path


def test_who_may_not_see_a_table_may_not_download_it(client: Client) -> None:
    reviewer = client(person(Role.REVIEWER))
    for path in FILES:
        answer = reviewer.get(f"{path}{'&' if '?' in path else '?'}format=csv")
        assert answer.status_code == (200 if "queue" in path else 403), path
