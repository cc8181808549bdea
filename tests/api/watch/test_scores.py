"""Scores over HTTP: rows, figures by name, and conversations and requests with theirs."""

import csv
import io
from datetime import timedelta
from math import sqrt
from typing import Any

import httpx2
import pytest
from scipy.special import stdtrit

from core.identity.schemas import Role, Scope
from core.ingest.rows import key_of
from core.platform import clock
from tests.api.conftest import Client, caller
from tests.api.watch.conftest import got
from tests.factories.ai_metrics import request, send
from tests.factories.conversations import conversation, message, stored
from tests.factories.history import scored
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

NOW = clock.now().replace(hour=0, minute=5, second=0, microsecond=0)
# Named by its days: midnight may pass between the import of this module and its tests.
WEEK = {
    "start": f"{NOW - timedelta(days=6):%Y-%m-%d}",
    "end": f"{NOW + timedelta(days=1):%Y-%m-%d}",
}


@pytest.fixture
def admin(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


def talk(name: str) -> None:
    at = (NOW - timedelta(hours=1)).isoformat()
    stored(conversation(name) | {"messages": [message(1, created_at=at)]})


def test_scores_are_listed_newest_first_by_cursor(analyst: httpx2.Client) -> None:
    for number in range(5):
        scored("c", number, NOW - timedelta(hours=number))
    first = got(analyst, "/admin/ai/scores", limit=3)
    second = got(analyst, "/admin/ai/scores", limit=3, cursor=first["next_cursor"])
    assert [row["value"] for row in first["items"] + second["items"]] == [0, 1, 2, 3, 4]
    assert (first["total_count"], second["total_count"], second["next_cursor"]) == (5, 5, None)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({"below": 2}, [0.5, 1]),
        ({"above": 1}, [2]),
        ({"above": 0.5, "below": 2}, [1]),
        ({"label": "good"}, [2]),
        ({"name": "tone"}, []),
        ({"source": "judge"}, [0.5]),
        ({"subject": "message"}, []),
        ({"conversation": "b"}, [1]),
        ({"app": "web"}, [1]),
        ({"environment": "staging"}, []),
    ],
)
def test_each_filter_selects_its_scores(
    analyst: httpx2.Client, query: dict[str, Any], values: list[float]
) -> None:
    scored("a", 0.5, NOW, source="judge")
    scored("b", 1, NOW, app="web")
    scored("c", 2, NOW, label="good")
    found = got(analyst, "/admin/ai/scores", **query)["items"]
    assert sorted(row["value"] for row in found) == values


def test_the_csv_has_every_score_and_guards_cells(admin: httpx2.Client) -> None:
    for number in range(3):
        scored("c", number, NOW, comment="=1+1")
    answer = admin.get("/admin/ai/scores", params={"format": "csv", "limit": 1})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert sorted(float(row["value"]) for row in rows) == [0, 1, 2]
    assert {row["comment"] for row in rows} == {"'=1+1"}
    audit = got(admin, "/admin/audit")["items"]
    assert "scores.export" in {row["action"] for row in audit}


def test_comments_are_for_those_who_read_messages(
    analyst: httpx2.Client, admin: httpx2.Client
) -> None:
    scored("c", 1, NOW, comment="secret")
    [row] = got(analyst, "/admin/ai/scores")["items"]
    assert row["comment"] is None
    [row] = got(admin, "/admin/ai/scores")["items"]
    assert row["comment"] == "secret"


def test_keys_and_roles_without_permission_are_refused(address: str, client: Client) -> None:
    key = bearing(api_key(Scope.READ_CONVERSATIONS))
    with caller(f"{address}/api/v1", key) as reader:
        assert reader.get("/admin/ai/scores").status_code == 403
        assert reader.get("/admin/ai/scores/stats").status_code == 403
    assert client(person(Role.REVIEWER)).get("/admin/ai/scores").status_code == 403


def test_figures_have_a_mean_by_day_and_as_before(analyst: httpx2.Client) -> None:
    for number in range(12):
        scored(f"c{number}", number, NOW)
    scored("old", 5, NOW - timedelta(days=8))
    [found] = got(analyst, "/admin/ai/scores/stats", **WEEK)["names"]
    assert (found["name"], found["scores"], found["mean"]) == ("helpfulness", 12, 5.5)
    # Student's t of 0..11: 5.5 ± 2.2010 · 3.6056 / √12
    assert (found["low"], found["high"]) == (
        pytest.approx(3.2092, abs=1e-4),
        pytest.approx(7.7908, abs=1e-4),
    )
    assert (found["lowest"], found["highest"]) == (0, 11)
    assert [day["scores"] for day in found["days"]] == [0, 0, 0, 0, 0, 0, 12]
    assert (found["days"][-1]["mean"], found["previous"]["mean"]) == (5.5, 5)


def test_a_conversation_scored_on_several_days_is_one_draw_of_each_and_of_the_period(
    analyst: httpx2.Client,
) -> None:
    # Its scores are alike, and would narrow the interval as draws of their own
    values = [[(number * 7 + day * 3) % 11 for number in range(12)] for day in range(2)]
    for day, of_day in enumerate(values):
        for number, value in enumerate(of_day):
            scored(f"c{number}", value, NOW - timedelta(days=day))
    for number in range(12, 24):
        scored(f"c{number}", number, NOW)
    [found] = got(analyst, "/admin/ai/scores/stats", **WEEK)["names"]
    assert (found["scores"], found["values"], found["lowest"], found["highest"]) == (36, 36, 0, 23)
    today, before = found["days"][-1], found["days"][-2]
    assert interval(today) == interval_of([[value] for value in [*values[0], *range(12, 24)]])
    assert interval(before) == interval_of([[value] for value in values[1]])
    pairs = [list(pair) for pair in zip(*values, strict=True)]
    assert interval(found) == interval_of([*pairs, *([value] for value in range(12, 24))])


def interval(found: dict[str, Any]) -> Any:  # noqa: ANN401  of pytest
    return pytest.approx((found["mean"], found["low"], found["high"]))


def interval_of(draws: list[list[int]]) -> tuple[float, float, float]:
    """Return the mean of values in draws and its interval, by the formula of a ratio of sums."""
    count, size = len(draws), sum(map(len, draws))
    mean = sum(map(sum, draws)) / size
    spread = sum((sum(draw) - mean * len(draw)) ** 2 for draw in draws)
    half = stdtrit(count - 1, 0.975) * sqrt(spread * count / (count - 1)) / size
    return mean, mean - half, mean + half


def test_scores_of_one_conversation_count_as_one_draw(analyst: httpx2.Client) -> None:
    for number in range(30):
        scored(f"c{number % 3}", number, NOW)
    [found] = got(analyst, "/admin/ai/scores/stats")["names"]
    assert (found["values"], found["mean"], found["low"], found["high"]) == (30, 14.5, None, None)


def test_labels_have_shares_with_intervals_from_ten_on(analyst: httpx2.Client) -> None:
    for number in range(10):
        scored(f"c{number}", 1, NOW, name="tone", label="good" if number else "rude")
    scored("c", 1, NOW, name="few", label="good")
    tone, few = got(analyst, "/admin/ai/scores/stats", **WEEK)["names"]
    good, rude = tone["labels"]
    assert (good["label"], good["scores"], good["share"]) == ("good", 9, 0.9)
    assert (good["low"], good["high"]) == (
        pytest.approx(0.5958, abs=1e-4),
        pytest.approx(0.9821, abs=1e-4),
    )
    assert rude["scores"] == 1
    assert (few["labels"][0]["low"], few["mean"], few["low"]) == (None, 1, None)
    assert tone["days"][-1]["labels"] == {"good": 9, "rude": 1}


def test_scores_have_the_model_of_their_answers(analyst: httpx2.Client) -> None:
    at = (NOW - timedelta(hours=1)).isoformat()
    stored(conversation("c") | {"messages": [message(1, created_at=at, model="m")]})
    scored("c", 1, NOW, message_id="m1")
    scored("c", 2, NOW)
    scored("d", 3, NOW)
    found = got(analyst, "/admin/ai/scores", model="m")["items"]
    assert sorted(row["value"] for row in found) == [1, 2]
    assert got(analyst, "/admin/ai/scores", model="other")["items"] == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"score": "helpfulness"}, ["a", "b"]),
        ({"score": "helpfulness", "score_below": 0.5}, ["a"]),
        ({"score": "helpfulness", "score_above": "0.5", "score_below": ""}, ["b"]),
        ({"score": "helpfulness", "score_label": "good"}, ["b"]),
        ({"score": "helpfulness", "scored_on": f"{NOW:%Y-%m-%d}"}, ["a"]),
        ({"score": "other"}, []),
        ({"score": "", "score_below": 0.5}, ["a", "b", "c"]),
    ],
)
def test_conversations_are_filtered_by_a_score(
    admin: httpx2.Client, query: dict[str, Any], names: list[str]
) -> None:
    for name in ("a", "b", "c"):
        talk(name)
    scored("a", 0.1, NOW)
    scored("b", 0.9, NOW - timedelta(days=1), label="good", message_id="m1")
    found = got(admin, "/admin/ai/tuning/conversations", **query)["items"]
    assert sorted(row["external_id"] for row in found) == names


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1999-12-31", "2200-01-02"])
def test_a_day_far_away_is_refused(admin: httpx2.Client, day: str) -> None:
    given = {"score": "helpfulness", "scored_on": day}
    refused = admin.get("/admin/ai/tuning/conversations", params=given)

    assert refused.status_code == 422
    assert "between 2000-01-01 and 2200-01-01" in refused.json()["detail"]


@pytest.mark.parametrize("name", ["score_below", "score_above"])
def test_a_bound_that_is_no_number_is_refused(admin: httpx2.Client, name: str) -> None:
    given = {"score": "helpfulness", name: "nan"}
    assert admin.get("/admin/ai/tuning/conversations", params=given).status_code == 422


def test_a_conversation_shows_its_scores_at_their_messages(admin: httpx2.Client) -> None:
    talk("c")
    scored("c", 0.1, NOW)
    scored("c", 0.9, NOW, message_id="m1", comment="clear")
    found = got(admin, "/admin/ai/tuning/conversations/c")
    assert [score["value"] for score in found["scores"]] == [0.1]
    [shown] = found["messages"][0]["scores"]
    assert (shown["value"], shown["comment"]) == (0.9, "clear")
    found = got(admin, f"/admin/ai/tuning/messages/{found['messages'][0]['id']}")
    assert [score["value"] for score in found["message"]["scores"]] == [0.9]


def test_a_request_shows_scores_sent_under_either_id(analyst: httpx2.Client) -> None:
    send(request(NOW, id="r"))
    scored("c", 0.1, NOW, ai_request_id="r")
    scored("c", 0.2, NOW + timedelta(minutes=1), ai_request_id=str(key_of("ai_request", "r")))
    found = got(analyst, "/admin/ai/requests/r")
    assert [score["value"] for score in found["scores"]] == [0.1, 0.2]
