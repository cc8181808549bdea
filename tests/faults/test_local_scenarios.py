"""The included scenarios, run by the worker with the model that is packaged."""

import pytest

from tests.faults.conftest import Installation
from tests.faults.kills.test_kills import LOCAL, WITH_MODEL
from tests.faults.program import Program, until

INCLUDED = ("Product Inquiry", "Technical Support", "Billing Questions")


@pytest.fixture
def program(installation: Installation) -> Program:
    program = installation(settings=WITH_MODEL).start()
    until(lambda: (program.path / "model.json").exists(), 30)
    return program


@pytest.mark.prove
@pytest.mark.parametrize("mode", ["messages", "conversation"])
def test_all_nine_messages_are_answered_by_the_local_model(
    program: Program, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    me = program.sign_in()
    bot = me.http.post("/bots", json={"bot_name": "Rosa"}).raise_for_status().json()["id"]
    sent = [
        message
        for each in me.http.get("/scenarios").json()["items"]
        if each["name"] in INCLUDED
        for message in each["user_messages"]
    ]
    body = {"bot_id": bot, "model_id": LOCAL, "mode": mode}
    run = me.http.post("/scenarios/run-all", json=body).raise_for_status().json()
    state = f"/scenarios/runs/{run['id']}"
    until(lambda: me.http.get(state).json()["status"] not in ("queued", "running"), 600)
    assert me.http.get(state).json()["status"] == "completed"
    found = me.http.get(f"/bots/{bot}/results", params={"run_id": run["id"], "limit": 50})
    results = found.raise_for_status().json()["items"]
    assert sorted(each["message"] for each in results) == sorted(sent)
    assert len(sent) == 9
    took_ms = [each["response_time_ms"] for each in results]
    with capsys.disabled():
        print(f"\n  local model, {mode}: {min(took_ms)} to {max(took_ms)} ms", end="")  # noqa: T201  a figure to quote
    for each in results:
        assert each["problem"] is None
        assert len(each["response"].split()) > 2
        assert each["model_id"] == LOCAL
        # It is no judge: nothing is made up instead of an analysis
        assert (each["personality_score"], each["confidence"]) == (None, None)
        assert each["analysis_problem"]
