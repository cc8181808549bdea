"""Evaluations of an own app: Attune has the cases, the app answers them, Attune scores."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from attune_client.answers import AnswerCase, answered
from attune_client.console import Console, EvaluationFailed
from attune_client.failed_cases import worse_than_baseline, worst
from attune_client.gates import EvaluationOutcome, RateGate, outcome_of

GOING_ON = ("pending", "running")
PAGE = 100
POLL_INTERVAL_S = 1.5
LONGEST_SCORING_S = 3600.0  # without any progress
IN_FLIGHT = 8  # runs for each thread, so that none waits while answers are sent

Progress: TypeAlias = Callable[[str], None]


def _silent(_words: str) -> None:
    pass


@dataclass(frozen=True)
class EvaluationPlan:
    """An evaluation of an own app over a dataset, which is named by its name or ID.

    `scorers` are those of the API, besides the assertions of the cases. `idempotency_key` names
    this evaluation: used again, it goes on where it stopped.
    """

    dataset: str
    app: str
    release: str | None = None
    name: str | None = None
    runs: int = 1
    split: Literal["all", "tune", "holdout"] = "all"
    dataset_version: int | None = None
    scorers: Sequence[Mapping[str, Any]] = ()
    threshold: float | None = None
    baseline_id: str | None = None
    idempotency_key: str | None = None
    threads: int = 4
    gate: float | None = None
    gate_on: Literal["value", "low"] = "value"
    allowed_failures: int = 0
    progress: Progress = field(default=_silent)

    def body(self, console: Console) -> dict[str, Any]:
        """Return the body of its start; raise EvaluationFailed."""
        if not self.app:
            raise EvaluationFailed("Name the app: evaluate(..., app=...), or Client(..., app=...).")
        target = {"app": self.app, "release": self.release}
        given = {
            "name": self.name or self.app,
            "target": {name: value for name, value in target.items() if value is not None},
            "dataset_id": console.find_dataset(self.dataset),
            "dataset_version": self.dataset_version,
            "split": self.split,
            "runs": self.runs,
            "scorers": list(self.scorers),
            "threshold": self.threshold,
            "baseline_id": self.baseline_id,
            "idempotency_key": self.idempotency_key,
        }
        return {name: value for name, value in given.items() if value is not None}

    def rate_gate(self) -> RateGate | None:
        """Return the gate, if there is one."""
        if self.gate is None:
            return None
        return RateGate(self.gate, self.gate_on, self.allowed_failures)


def evaluate(console: Console, plan: EvaluationPlan, answer: AnswerCase) -> EvaluationOutcome:
    """Have a function answer the cases of a dataset, and return what Attune found.

    Raises EvaluationFailed.
    """
    return run(
        console,
        plan.body(console),
        {plan.app: answer},
        gate=plan.rate_gate(),
        threads=plan.threads,
        progress=plan.progress,
    )


def run(
    console: Console,
    new: Mapping[str, Any],
    answers: Mapping[str, AnswerCase],
    *,
    gate: RateGate | None = None,
    threads: int = 4,
    progress: Progress = _silent,
) -> EvaluationOutcome:
    """Start an evaluation, answer for own apps by their names, and wait for its end.

    Raises EvaluationFailed.
    """
    # A start that is sent again, after its answer was lost, must not begin a second evaluation.
    key = new.get("idempotency_key") or uuid4().hex
    started = console.post("evaluation/probabilistic", {**new, "idempotency_key": key})
    address = f"evaluation/{started['id']}"
    view, seen, changed_at = console.get(address), (0, 0), time.monotonic()
    progress(f"{console.url}/evaluations?evaluation={started['id']}")
    while view["status"] in GOING_ON:
        if waiting := view["progress"]["waiting"]:
            for app, answer in answers.items():
                sent = AnswerBatches(console, address, waiting, progress)
                _answer_all(answer, _work(console, address, app), sent, threads)
        view = console.get(address)
        figures = view["progress"]
        if (state := (figures["done"], figures["waiting"])) != seen:
            seen, changed_at = state, time.monotonic()
            progress(f"{figures['done']:,} of {figures['total']:,} scored")
        if time.monotonic() - changed_at > LONGEST_SCORING_S:
            raise EvaluationFailed("The evaluation has made no progress for an hour.")
        if view["status"] in GOING_ON:
            time.sleep(POLL_INTERVAL_S)
    return _with_cases(outcome_of(view, console.url, gate), console, view, progress)


def _with_cases(
    outcome: EvaluationOutcome, console: Console, view: Mapping[str, Any], progress: Progress
) -> EvaluationOutcome:
    try:
        worse = worse_than_baseline(console, view)
        return replace(outcome, failed_cases=worst(console, view), worse_cases=worse)
    except EvaluationFailed as error:  # the gate's verdict stands without them
        progress(f"its cases can't be listed: {error}")
        return outcome


def _answer_all(
    answer: AnswerCase, work: Iterator[dict[str, Any]], sent: "AnswerBatches", threads: int
) -> None:
    """Answer what waits for an app; answers are sent as they come."""
    running: set[Future[dict[str, Any]]] = set()
    pool = ThreadPoolExecutor(threads, "attune-evaluation")
    try:
        while True:
            while len(running) < threads * IN_FLIGHT and (item := next(work, None)):
                running.add(pool.submit(answered, answer, item))
            if not running:
                break
            done, running = wait(running, sent.due_in_s, return_when=FIRST_COMPLETED)
            for each in done:
                sent.add(each.result())
            if sent.due_in_s <= 0:
                sent.send()
    finally:  # a stopped one waits for no call
        pool.shutdown(wait=False, cancel_futures=True)
    sent.send()


def _work(console: Console, address: str, app: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = console.get(f"{address}/work", app=app, limit=PAGE, cursor=cursor)
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


class AnswerBatches:
    """Collects answers, and sends them every two seconds, or when they are many."""

    SEND_INTERVAL_S = 2.0
    MOST, MAX_BYTES = 100, 400_000  # of a request

    def __init__(self, console: Console, address: str, expected: int, progress: Progress) -> None:
        self._console, self._address, self._progress = console, address, progress
        self._expected = expected
        self._answers: list[dict[str, Any]] = []
        self._bytes = self._sent = 0
        self._sent_at = time.monotonic()

    @property
    def due_in_s(self) -> float:
        """Seconds until the next request."""
        return max(0.0, self._sent_at + self.SEND_INTERVAL_S - time.monotonic())

    def add(self, answer: dict[str, Any]) -> None:
        """Take an answer; send those before it when there is no room beside them."""
        size = len(json.dumps(answer, ensure_ascii=False).encode())
        if self._bytes + size > self.MAX_BYTES or len(self._answers) >= self.MOST:
            self.send()
        self._answers.append(answer)
        self._bytes += size

    def send(self) -> None:
        """Send what there is; raise EvaluationFailed when Attune does not take it."""
        self._sent_at = time.monotonic()
        if not self._answers:
            return
        report = self._console.post(f"{self._address}/answers", {"answers": self._answers})
        if report["rejected"]:
            raise EvaluationFailed(report["rejected"][0]["error"])
        self._sent += len(self._answers)
        self._answers, self._bytes = [], 0
        self._progress(f"{self._sent:,} of {self._expected:,} answered")
