"""Downloads of lists are in the audit log: once per file, with the filters; reading pages
is not.
"""

import ast
from pathlib import Path

import httpx2
import pytest

from core.identity.schemas import Role
from core.platform.config import ROOT
from tests.api.conftest import Client
from tests.api.watch.test_watch_users import YESTERDAY
from tests.factories.activity import spaced, store
from tests.factories.identity import person

SPAN = {"start": "2026-07-01T00:00:00Z", "end": "2026-07-02T00:00:00Z"}
STAMPED = {"start": "2026-07-01 00:00:00+00:00", "end": "2026-07-02 00:00:00+00:00"}
NOTES = (" note_export(", " note_list(", " note_filtered(", "record_audit_export(")
# Each door that streams a file: what stands in the log, what is asked for, and what of it stands
# there.
LISTS = [
    (
        "/admin/users",
        "users",
        {"q": "ann", "status": "stuck", "step": "1"},
        {"q": "ann", "status": "stuck", "step": 1},
    ),
    ("/admin/anonymous", "anonymous", {"q": "visit", "step": "0"}, {"q": "visit", "step": 0}),
    (
        "/admin/onboarding/events",
        "events",
        SPAN | {"category": "chat", "only_errors": "true"},
        STAMPED | {"category": "chat", "only_errors": True},
    ),
    ("/admin/onboarding/daily", "daily", SPAN, STAMPED),
    ("/admin/ai/requests", "ai_requests", SPAN | {"model": "m"}, STAMPED | {"model": "m"}),
    ("/admin/ai/models", "models", SPAN | {"provider": "p"}, STAMPED | {"provider": "p"}),
    ("/admin/batch/history", "batch_runs", SPAN | {"job": "j"}, STAMPED | {"job": "j"}),
]


@pytest.fixture
def analyst(client: Client) -> httpx2.Client:
    return client(person(Role.ANALYST, email="ann@example.com"))


@pytest.mark.parametrize(("door", "what", "asked", "noted"), LISTS)
def test_a_file_is_noted_once_with_its_filter(
    analyst: httpx2.Client,
    client: Client,
    door: str,
    what: str,
    asked: dict[str, str],
    noted: dict[str, object],
) -> None:
    answer = analyst.get(
        door, params=asked | {"format": "csv", "environment": "staging", "app": "shop"}
    )
    assert answer.headers["content-type"].startswith("text/csv")
    [row] = client(person(Role.ADMIN)).get("/admin/audit?action=" + what).json()["items"]
    assert (row["action"], row["actor"]["name"]) == (f"{what}.export", "ann@example.com")
    assert row["targets"] == noted | {"environment": "staging", "app": "shop"}


@pytest.mark.parametrize("door", [door for door, *_ in LISTS])
def test_looking_at_a_page_is_not_noted(analyst: httpx2.Client, client: Client, door: str) -> None:
    assert analyst.get(door).status_code == 200
    assert ".export" not in client(person(Role.ADMIN)).get("/admin/audit").text


def test_a_file_of_many_pages_is_noted_once(analyst: httpx2.Client, client: Client) -> None:
    store(
        each
        for number in range(1001)
        for each in spaced(["a.b"], user=f"u{number}", start=YESTERDAY)
    )
    assert analyst.get("/admin/users?format=csv").text.count("\n") == 1002
    assert len(client(person(Role.ADMIN)).get("/admin/audit?action=users").json()["items"]) == 1


def test_every_csv_route_records_its_export() -> None:
    for file in sorted(Path(ROOT / "api" / "routes").rglob("*.py")):
        code = file.read_text()
        for each in ast.parse(code).body:
            route = ast.get_source_segment(code, each) or ""
            if exports := route.count("return csv_response("):
                assert exports == sum(map(route.count, NOTES)), route
