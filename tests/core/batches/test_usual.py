"""The usual duration is the median of the job's last thirty completed runs before; phases are in
order.
"""

import re
from datetime import timedelta

import msgspec
import pytest

from core.batches import ingest
from core.batches.charts import REST, bars_of, phases_of_runs, strip
from core.batches.queries import batch_runs, outcomes
from core.batches.queries.kpis import run_kpis
from core.batches.schemas import NewBatchRun
from core.batches.views import BatchRunQuery, RunView
from core.database.db import transaction
from core.database.paging import Window
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.ingest.rows import RowSource
from core.platform import clock
from core.presentation.periods import last_days
from tests.factories.batches import ran
from tests.factories.identity import person
from tests.factories.palettes import PALETTE

pytestmark = pytest.mark.usefixtures("database")
NOW = clock.now().replace(microsecond=0)
ASKED = BatchRunQuery(last_days(30, zone="UTC"))


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ANALYST).actor


def runs(actor: Actor, asked: BatchRunQuery = ASKED) -> list[RunView]:
    with transaction() as session:
        return batch_runs.list_runs(session, asked, window=Window(200), actor=actor)


def hourly(
    count: int,
    *,
    took_s: float = 60,
    since: int = 1,
    job: str = "nightly",
    status: str = "completed",
    **fields: object,
) -> None:
    for number in range(since, since + count):
        ran(NOW - timedelta(hours=number), status, took_s=took_s, job=job, **fields)


def test_of_fewer_than_five_good_runs_before_nothing_is_usual(actor: Actor) -> None:
    hourly(4, since=2)
    ran(NOW - timedelta(hours=1), took_s=6000)
    assert (runs(actor)[0].usual_duration_ms, runs(actor)[0].is_slow) == (None, False)


def test_a_run_is_slow_above_one_and_a_fifth_of_what_is_usual(actor: Actor) -> None:
    hourly(9, since=3)
    ran(NOW - timedelta(hours=2), took_s=72)
    ran(NOW - timedelta(hours=1), took_s=73)
    found = runs(actor)
    assert [each.is_slow for each in found[:3]] == [True, False, False]
    assert found[0].usual_duration_ms == 60_000


def test_only_the_last_thirty_good_ones_of_the_same_job_and_place_count(actor: Actor) -> None:
    hourly(30, took_s=10, since=2)
    hourly(40, took_s=500, since=40)
    hourly(20, took_s=900, since=2, job="other")
    hourly(20, took_s=900, since=2, app="other")
    hourly(20, took_s=900, since=2, status="failed")
    hourly(20, took_s=900, since=2, environment="staging")
    run = ran(NOW - timedelta(hours=1), took_s=11)
    assert (
        next(each.usual_duration_ms for each in runs(actor) if each.batch_run_id == run) == 10_000
    )


def test_one_that_still_runs_is_slow_as_soon_as_it_has_taken_longer(actor: Actor) -> None:
    hourly(5, since=3)
    ran(NOW - timedelta(minutes=2), "running", took_s=None)
    assert runs(actor)[0].is_slow
    with transaction() as session:
        assert batch_runs.get_run(session, runs(actor)[0].batch_run_id, actor=actor).is_slow


def test_phases_keep_the_order_in_which_they_were_sent(actor: Actor) -> None:
    reports: list[dict[str, object]] = [
        {"status": "running", "phase_durations": {"zip": 1, "apply": 2}},
        {
            "status": "running",
            "completed_jobs": 1,
            "phase_durations": {"zip": 1, "apply": 2, "b": 3},
        },
        {"status": "completed", "completed_jobs": 2, "phase_durations": {"end": 4}},
    ]
    start = (NOW - timedelta(hours=1)).isoformat()
    rows = [{"batch_run_id": "r", "started_at": start, **report} for report in reports]
    for number in (1, 0, 2, 1):
        with transaction() as session:
            ingest.store(
                session,
                msgspec.convert([rows[number]], list[NewBatchRun]),
                RowSource("production", "UTC"),
            )
    assert list(runs(actor)[0].phase_durations) == ["zip", "apply", "b", "end"]


def test_the_strips_reach_back_before_the_period(actor: Actor) -> None:
    hourly(3, job="b")
    for day in range(100):
        ran(NOW - timedelta(days=day, minutes=1), job="a")
    with transaction() as session:
        found = outcomes.strips(
            session, BatchRunQuery(last_days(2, zone="UTC"), status="failed"), actor=actor
        )
    assert [(each.batch_job, len(each.runs)) for each in found] == [("a", 90), ("b", 3)]


def test_failures_stand_together_by_what_they_said(database: Postgres) -> None:
    actor = person(Role.ADMIN).actor
    ran(NOW - timedelta(hours=3), "failed", error_summary="No disk", failed_jobs=3)
    ran(NOW - timedelta(hours=2), "partial", error_summary="No disk", failed_jobs=4)
    last = ran(NOW - timedelta(hours=1), "lost")
    ran(NOW - timedelta(hours=1), "completed", error_summary="A warning")
    with transaction() as session:
        found = batch_runs.failures(session, ASKED, actor=actor)
    assert [(each.summary, each.runs, each.failed_jobs) for each in found] == [
        (None, 1, None),
        ("No disk", 2, 7),
    ]
    assert found[0].last_run == last


def test_the_rate_has_its_interval_from_ten_runs_on(actor: Actor) -> None:
    hourly(9)
    with transaction() as session:
        assert outcomes.summary(session, ASKED, actor=actor).interval.low is None
        ran(NOW - timedelta(hours=20), "failed")
    with transaction() as session:
        found = outcomes.summary(session, ASKED, actor=actor).interval
    assert found.n == 10
    assert [found.low, found.high] == pytest.approx([0.5958, 0.9821], abs=1e-4)


def test_what_lies_between_the_last_phase_and_the_end_is_shown_as_such(actor: Actor) -> None:
    ran(NOW - timedelta(hours=1), "failed", took_s=10, phase_durations={"load": 4000, "odd": "x"})
    ran(
        NOW - timedelta(hours=2),
        "failed",
        took_s=10,
        phase_durations={"load": 4000, "send": 6000},
        error_summary="LOAD broke",
    )
    ran(NOW - timedelta(hours=3), took_s=10, phase_durations={"load": 10_000})
    first, named, good = (
        [(bar.name, bar.took, bar.is_bad) for bar in bars_of(run, NOW)] for run in runs(actor)
    )
    assert first == [("load", 4000, False), (REST, 6000, True)]
    assert named == [("load", 4000, True), ("send", 6000, False)]
    assert good == [("load", 10_000, False)]
    chart = phases_of_runs(PALETTE, runs(actor), "UTC", NOW)
    assert (
        chart.alt == "Phases of the last 3 runs: 2 failed, 0 slow. Latest: load 4.0 s; other 6.0 s."
    )
    *words, legend = [each.text for each in chart.figure.layout.annotations]
    assert words == ["<b>failed after load</b>", "<b>failed in load</b>", "10.0 s"]
    assert re.findall(r"\u2009(\w+)", legend) == ["load", "send", "failed"]


def test_the_names_of_many_phases_stand_in_lines_that_a_phone_has_room_for(actor: Actor) -> None:
    names = [f"phase_number_{number}_of_a_long_name" for number in range(3)] + ["<b>"]
    ran(NOW - timedelta(hours=1), took_s=40, phase_durations=dict.fromkeys(names, 10_000))
    figure = phases_of_runs(PALETTE, runs(actor), "UTC", NOW).figure
    lines = [
        re.sub("<[^>]*>", "", line) for line in figure.layout.annotations[-1].text.split("<br>")
    ]
    assert [line.strip() for line in lines] == [
        "■\u2009&lt;b&gt;\u2003■\u2009phase_number_0_of_a_lon…",
        "■\u2009phase_number_1_of_a_lon…",
        "■\u2009phase_number_2_of_a_lon…",
    ]
    assert figure.layout.margin.t > len(lines) * 14


def test_charts_of_nothing_say_so() -> None:
    assert strip(PALETTE, [], "UTC").alt == "Last 0 batch runs: 0 completed, 0 failed."
    assert phases_of_runs(PALETTE, [], "UTC", NOW).alt.endswith("Latest: none.")


def test_the_tiles_count_what_the_summary_counts(actor: Actor) -> None:
    hourly(3)
    ran(NOW - timedelta(hours=1), "partial", took_s=120)
    with transaction() as session:
        found = {each.name: each.value for each in run_kpis(session, ASKED, actor=actor)}
    assert found == {"runs": 4, "success": 0.75, "bad": 1, "duration": 60_000}
    with transaction() as session, pytest.raises(Forbidden):
        run_kpis(session, ASKED, actor=person(Role.REVIEWER).actor)
