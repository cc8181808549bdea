"""A thousand cases, three times each, take little more than their calls."""

import time

import pytest

from core.evaluations.schemas import EvaluationStatus
from core.executions.runner import Runner
from core.platform.config import config
from tests.factories.evaluations import answering, read, run, started
from tests.factories.identity import person

CASES, RUNS, CALL_S = 1000, 3, 0.05


@pytest.mark.prove
def test_three_thousand_calls_of_50_ms_finish_within_one_and_a_half_times_their_minimum(
    runner: Runner,
) -> None:
    one = person()
    inputs = [f"{answering('good', delay_s=CALL_S)} {number}" for number in range(CASES)]
    evaluation_id = started(one.actor, *inputs, runs=RUNS)
    begun = time.monotonic()
    while read(one.actor, evaluation_id).status.is_going_on:
        run(evaluation_id, slice_s=20.0)
    took_s = time.monotonic() - begun
    found = read(one.actor, evaluation_id)
    assert (found.status, found.success_rate.n) == (EvaluationStatus.COMPLETED, CASES)
    minimum_s = CASES * RUNS * CALL_S / config().max_concurrent_tests
    assert took_s < 1.5 * minimum_s
