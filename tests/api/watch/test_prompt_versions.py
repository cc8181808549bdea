"""Requests by prompt version and experiment arm: filters, and versions side by side."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import httpx2
import msgspec
import pytest

from core.activity.queries.releases import list_prompt_versions
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from core.platform import clock
from core.presentation.periods import Watched, last_days
from tests.api.watch.conftest import got
from tests.factories import conversations
from tests.factories.ai_metrics import request, send
from tests.factories.conversations import stored
from tests.factories.identity import person
from tests.factories.reviews import annotated, message_id, neither_accepted

NOW = clock.now().replace(minute=5, second=0, microsecond=0) - timedelta(hours=2)
SUPPORT = {"prompt_name": "support"}
PATH = "/admin/ai/prompt-versions"


def rate(message: str, rating: int, conversation: str = "c") -> None:
    given = {"message_id": message, "conversation_id": conversation, "rating": rating}
    row = {**given, "id": message, "created_at": NOW}
    with transaction(Database.AI) as ai:
        feedback.store(ai, [msgspec.convert(row, NewFeedback)], conversations.SOURCE)


@pytest.fixture
def versions(database: object) -> None:
    """Store twelve requests of one version, two of another and one without."""
    seven = [
        request(
            NOW + timedelta(seconds=number),
            **SUPPORT,
            prompt_version="7",
            experiment_key="tone",
            experiment_arm="ab"[number % 2],
            status="error" if number < 3 else "ok",
            total_latency_ms=100 * (number + 1),
            total_tokens=10,
            cost_usd=Decimal(number + 1) / 100,
        )
        for number in range(12)
    ]
    latest = [request(NOW, **SUPPORT, prompt_label="latest", cost_usd=None) for _ in range(2)]
    send(*seven, *latest, request(NOW))


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("query", "requests"),
    [
        ({}, 15),
        ({"prompt_version": "support@7"}, 12),
        ({"prompt_version": "support@latest"}, 2),
        ({"prompt_version": "(none)"}, 1),
        ({"prompt_version": "support"}, 0),
        ({"experiment_arm": "tone:a"}, 6),
        ({"experiment_arm": "(none)"}, 3),
        ({"prompt_version": "support@7", "experiment_arm": "tone:b", "status": "error"}, 1),
    ],
)
def test_every_figure_is_filtered_by_prompt_version_and_arm(
    analyst: httpx2.Client, query: dict[str, str], requests: int
) -> None:
    assert got(analyst, "/admin/ai/metrics", **query)["total_requests"] == requests
    assert got(analyst, "/admin/ai/requests", **query)["total_count"] == requests
    listed = got(analyst, "/admin/ai/requests", limit=100, **query)["items"]
    assert len(listed) == requests
    for path in ("latency", "tokens", "errors", "tools", "models", "tiles", "prompt-versions"):
        got(analyst, f"/admin/ai/{path}", **query)


@pytest.mark.usefixtures("versions")
def test_versions_stand_side_by_side_with_intervals(analyst: httpx2.Client) -> None:
    found = got(analyst, PATH)
    assert [(row["prompt_version"], row["total_requests"]) for row in found["items"]] == [
        ("support@7", 12),
        ("support@latest", 2),
        (None, 1),
    ]
    seven, latest, _ = found["items"]
    assert seven["share"] == 0.8
    assert seven["error_rate"] == {
        "value": 0.25,
        "low": pytest.approx(0.0889, abs=1e-4),  # Wilson, 3 of 12
        "high": pytest.approx(0.5323, abs=1e-4),
        "n": 12,
    }
    # The 3rd and the 10th of twelve latencies are the interval of their median
    median = seven["p50_latency_ms"]
    assert median["n"] == 12
    assert [median[name] for name in ("low", "value", "high")] == [
        pytest.approx(expected, rel=0.01) for expected in (300, 600, 1000)
    ]
    assert seven["p95_latency_ms"]["high"] is None  # twelve do not show how far it may be out
    assert (seven["cost_usd"], seven["total_tokens"]) == ("0.78", 120)
    cost = {name: seven["cost_per_request"][name] for name in ("low", "value", "high")}
    # Student: 0.065 and 2.200985 times 0.0360555 / sqrt(12)
    assert cost == {"low": "0.04209142", "value": "0.065", "high": "0.08790858"}
    assert latest["error_rate"] == {"value": 0.0, "low": None, "high": None, "n": 2}
    assert latest["cost_per_request"] == {"value": None, "low": None, "high": None, "n": 0}


def test_a_new_prompt_version_is_marked_when_it_is_first_seen(database: object) -> None:
    for day, version in ((3, "6"), (2, "6"), (1, "7")):
        at = NOW - timedelta(days=day)
        send(request(at, **SUPPORT, prompt_version=version, app="web"))
    with transaction() as session:
        actor = person(Role.ANALYST).actor
        found = list_prompt_versions(session, last_days(7, zone="UTC"), Watched(), actor=actor)
    assert [(each.prompt_version, each.first_seen_at) for each in found] == [
        ("support@7", NOW - timedelta(days=1))
    ]


@pytest.mark.usefixtures("versions")
def test_the_csv_has_each_estimate_with_its_bounds(analyst: httpx2.Client) -> None:
    answer = analyst.get(PATH, params={"format": "csv"})
    seven, *others = csv.DictReader(io.StringIO(answer.text))
    assert len(others) == 2
    assert (seven["prompt_version"], seven["error_rate"], seven["error_rate_n"]) == (
        "support@7",
        "0.25",
        "12",
    )
    assert seven["p95_latency_ms_high"] == ""


def test_feedback_and_verdicts_count_for_the_version_that_answered(
    analyst: httpx2.Client,
) -> None:
    at = (NOW - timedelta(hours=1)).isoformat()
    answers = [
        conversations.message(
            number,
            role="assistant",
            created_at=at,
            prompt={"name": "support", "version": "7" if number < 3 else "8"},
        )
        for number in range(4)
    ]
    stored({"id": "c", "messages": answers})
    requested = [
        request(NOW, **SUPPORT, prompt_version=version, conversation_id="q", message_id=f"r{n}")
        for n, version in enumerate("78")
    ]
    named_by_request = [
        conversations.message(0, id=f"r{n}", role="assistant", created_at=at) for n in range(2)
    ]
    stored({"id": "q", "messages": named_by_request})
    send(*requested)
    rate("m0", 1)
    rate("m1", -1)
    rate("m3", 1)
    rate("r1", -1, conversation="q")
    annotated("m0", annotation_type="approved")
    annotated("m1", annotation_type="approved")
    annotated("m1", annotation_type="correction", number=1, round=3)
    annotated("r1", "q", annotation_type="approved")

    rows = got(analyst, PATH)["items"]

    quality = {
        row["prompt_version"]: [
            (row[name]["value"], row[name]["n"]) for name in ("positive_feedback", "approved")
        ]
        for row in rows
    }
    assert quality == {"support@7": [(0.5, 2), (0.5, 2)], "support@8": [(0.5, 2), (1.0, 1)]}
    [row] = got(analyst, PATH, prompt_version="support@7", model="a")["items"]
    assert (row["positive_feedback"], row["approved"]) == (None, None)


def test_reviews_of_which_an_adjudicator_accepts_neither_do_not_count(
    analyst: httpx2.Client,
) -> None:
    # Exports and tuning leave them out, too
    at = NOW.isoformat()
    prompt = {"name": "support", "version": "7"}
    answers = [
        conversations.message(n, role="assistant", created_at=at, prompt=prompt) for n in (0, 1)
    ]
    stored({"id": "c", "messages": answers})
    send(request(NOW, **SUPPORT, prompt_version="7"))
    annotated("m0", annotation_type="correction", round=1)
    annotated("m0", annotation_type="approved", round=2)
    annotated("m1", annotation_type="approved")
    neither_accepted(message_id("m0"), number=1)
    [row] = got(analyst, PATH)["items"]
    assert (row["approved"]["value"], row["approved"]["n"]) == (1.0, 1)
