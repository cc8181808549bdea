"""kill -9 of the worker in the middle of an evaluation: its results are those of an undisturbed
one, and no call whose answer was stored is made again.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests import fake_vendor
from tests.fake_vendor import Vendor
from tests.faults.kills.test_worker import kill_worker, retry_jobs_of, worker_ids
from tests.faults.program import Person, Program, until

RUNS, CASES_PER_KILL = 3, 30
MODEL = "echo?ms=15"
DIFFERS = ("latency_ms",)
STORED = """
select position, run from evaluation_results where evaluation_id = %s and answer is not null
"""
QUESTION = "This is question {}"
MOST_AT_ONCE = 4 + 2  # calls, and answers that are being stored
Call = tuple[str, int]  # the question and the seed, which differs by run


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with fake_vendor.serving() as serving:
        yield serving


def calls(vendor: Vendor) -> Counter[Call]:
    bodies = [asked.body for asked in list(vendor.asked) if asked.body]
    return Counter((body["messages"][-1]["content"], body["seed"]) for body in bodies)


def sign_in(program: Program, vendor: Vendor, name: str) -> Person:
    """Sign in where the vendor is a provider with a price."""
    me = program.sign_in()
    provider = {"name": name, "kind": "openai", "base_url": f"{vendor.address}/v1"}
    me.http.post("/admin/providers", json=provider).raise_for_status()
    price = {"provider": name, "model": MODEL, "input": "3", "output": "15"}
    valid_from = {"valid_from": "2026-01-01T00:00:00Z"}
    me.http.post("/admin/prices", json=price | valid_from).raise_for_status()
    return me


def begin(me: Person, provider: str, cases: int) -> str:
    new = {
        "name": "Kills",
        "target": {"model_id": f"{provider}:{MODEL}", "parameters": {"seed": 1}},
        "runs": RUNS,
        "scorers": [
            {"kind": "regex", "pattern": "[02468]$"},
            {"kind": "contains", "values": ["7"]},
        ],
        "threshold": 0.5,
        "test_cases": [{"input": QUESTION.format(number)} for number in range(1, cases + 1)],
    }
    answer = me.http.post("/evaluation/probabilistic", json=new).raise_for_status()
    id_: str = answer.json()["id"]
    return id_


def look(me: Person, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = me.http.get(f"/evaluation/{id_}").raise_for_status().json()
    return found


def done(me: Person, id_: str) -> int:
    ended: int = look(me, id_)["progress"]["done"]
    return ended


def table(me: Person, id_: str) -> list[dict[str, Any]]:
    """Return what each run answered, scored and cost."""
    lines = me.http.get(f"/evaluation/{id_}/export", params={"format": "jsonl"}).raise_for_status()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines.text.splitlines()]
    return [{name: row[name] for name in row if name not in DIFFERS} for row in rows]


def figures(me: Person, id_: str) -> dict[str, Any]:
    found = look(me, id_)
    results = [{k: v for k, v in it.items() if not k.endswith("_ms")} for it in found["results"]]
    names = ("status", "success_rate", "average_score", "consistency", "spent_usd", "unpriced")
    return {name: found[name] for name in names} | {"results": results}


def hurry(program: Program, dead: list[object]) -> None:
    """Have it found at once that the worker is dead, which takes half a minute otherwise."""
    with program.database() as connection:
        connection.execute("update evaluation_tests set alive_at = now() - interval '31 s'")
    retry_jobs_of(program, dead)


def kill(program: Program, vendor: Vendor, id_: str) -> set[Call]:
    """Kill the worker; return the calls that were under way: made, and their answers not stored."""
    dead = worker_ids(program)
    kill_worker(program)
    with program.database() as connection:
        rows = connection.execute(STORED, (id_,)).fetchall()
    made = set(calls(vendor))
    hurry(program, dead)
    return made - {(QUESTION.format(position), int(str(run))) for position, run in rows}


@pytest.mark.prove
@pytest.mark.parametrize("kills", [1, 10])
def test_a_killed_evaluation_ends_with_the_same_table_and_pays_for_no_answer_twice(
    killable: Program, vendor: Vendor, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    program, chance, cases = killable, Random(kills), CASES_PER_KILL * (kills + 1)
    provider = f"lab{kills}"
    me = sign_in(program, vendor, provider)
    id_ = begin(me, provider, cases)
    lost = Counter[Call]()
    for _ in range(kills):
        before = done(me, id_)
        until(lambda at=before: done(me, id_) > at, 60)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 1))
        assert look(me, id_)["status"] == "running"
        lost.update(kill(program, vendor, id_))
    until(lambda: look(me, id_)["status"] == "completed", 120)
    repeated = calls(vendor) - Counter(calls(vendor).keys())
    with capsys.disabled():
        print(f"\n  {kills} kills: {lost.total()} in flight, {repeated.total()} repeated", end="")  # noqa: T201  a figure to quote
    assert repeated <= lost, "an answer that was stored was paid for again"
    assert lost.total() <= kills * MOST_AT_ONCE
    assert len(calls(vendor)) == cases * RUNS
    vendor.forget()
    undisturbed = begin(me, provider, cases)
    until(lambda: look(me, undisturbed)["status"] == "completed", 120)
    assert table(me, id_) == table(me, undisturbed)
    assert figures(me, id_) == figures(me, undisturbed)
