"""The work of evaluations, done by the worker in slices: calls at once, in threads, each scored
before its thread claims the next one.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

from core.database.db import transaction
from core.errors import LimitReached, Unavailable
from core.evaluations.runs.answers import CallWaiter
from core.evaluations.runs.scored_runs import score_run
from core.evaluations.runs.work_items import ClaimedRun, EndedRun, TakenEvaluation
from core.evaluations.schemas import EvaluationStatus
from core.evaluations.service import claims, evaluations, summaries
from core.platform.config import config
from core.platform.ids import new_id
from core.scoring.model_access import ExecutedModels

log = logging.getLogger("attune.evaluations")

SLICE_S = 20.0  # other jobs get their turn after so long
LOOK_INTERVAL_S = 0.5
MORE_THREADS = 2
ALIVE_INTERVAL_S = 1.0  # also how soon a cancelled one stops
SUMMARY_SHARE = 10  # a summary is written again after ten times as long as it took, at least 2 s
UNEXPECTED = "Unexpected error; see the worker log. Results so far are kept."


def work(evaluation_id: UUID, *, may_go_on: Callable[[], bool], slice_s: float = SLICE_S) -> None:
    """Run an evaluation until it ends, or for `slice_s` seconds; then the next job goes on."""
    with transaction() as session:
        taken = claims.take(session, evaluation_id, new_id())
    if taken is not None:
        _Slice(taken, may_go_on, time.monotonic() + slice_s).work()


class _Slice:
    """One run of the job: threads that claim, and this one that looks after them."""

    def __init__(
        self, taken: TakenEvaluation, may_go_on: Callable[[], bool], ends_at: float
    ) -> None:
        self._taken, self._may_go_on, self._ends_at = taken, may_go_on, ends_at
        self._at_once = config().max_concurrent_tests
        self._stopping = threading.Event()  # no thread claims any more
        self._waiter = CallWaiter(taken, at_once=self._at_once)
        self._failure: str | None = None
        self._is_lost = False
        metadata = {"evaluation_id": str(taken.id)}
        self._models = ExecutedModels(taken.actor, metadata=metadata)

    def work(self) -> None:
        # Some store and score while others call
        count = self._at_once + max(MORE_THREADS, self._at_once // 2)
        with ThreadPoolExecutor(count, thread_name_prefix="evaluation") as pool:
            threads = [pool.submit(self._claim_and_run) for _ in range(count)]
            self._look_after(lambda: all(thread.done() for thread in threads))
        with suppress(Unavailable):  # else `resume` goes on with it
            self._finish()

    def _look_after(self, is_done: Callable[[], bool]) -> None:
        """Say that the worker is alive, write summaries, and stop the threads when it is time."""
        alive_at = summary_at = time.monotonic()
        while not is_done():
            time.sleep(LOOK_INTERVAL_S / 10 if self._stopping.is_set() else LOOK_INTERVAL_S)
            now = time.monotonic()
            if now >= self._ends_at or not self._may_go_on():
                self._stopping.set()
            if not self._may_go_on():
                self._waiter.cancel_all()
            with suppress(Unavailable):
                if now - alive_at >= ALIVE_INTERVAL_S:
                    self._keep_alive()
                    alive_at = now
                if now >= summary_at:
                    summaries.write(self._taken.id)
                    summary_at = time.monotonic() + max(
                        2.0, SUMMARY_SHARE * (time.monotonic() - now)
                    )

    def _keep_alive(self) -> None:
        with transaction() as session:
            is_own = claims.keep_alive(session, self._taken)
        if not is_own:  # cancelled, or another worker's
            self._is_lost = True
            self._stopping.set()
            self._waiter.cancel_all()

    def _claim_and_run(self) -> None:
        """Claim, run and settle one run after the other."""
        ended: EndedRun | None = None
        try:
            with asyncio.Runner() as loop:
                while (claimed := self._settle_and_claim(ended)) is not None:
                    ended = self._run(claimed, loop)
        except Unavailable as failure:
            log.warning("evaluation %s waits: %s", self._taken.id, failure.detail)
        except Exception:
            log.exception("evaluation %s failed", self._taken.id)
            self._fail(UNEXPECTED)

    def _settle_and_claim(self, ended: EndedRun | None) -> ClaimedRun | None:
        with transaction() as session:
            if ended is not None:
                claims.settle(session, self._taken, ended)
            if self._stopping.is_set():
                return None
            try:
                return claims.claim(session, self._taken, at_once=self._at_once)
            except LimitReached as failure:
                self._fail(failure.detail)
                return None

    def _run(self, claimed: ClaimedRun, loop: asyncio.Runner) -> EndedRun:
        answer = claimed.answer or self._waiter.answer(claimed)
        if answer is None or answer.error is not None:
            return EndedRun(claimed.id, answer)
        scoring = score_run(answer, claimed.case, self._taken.definition, self._models)
        return EndedRun(claimed.id, answer, loop.run(scoring))

    def _fail(self, detail: str) -> None:
        self._failure = self._failure or detail
        self._stopping.set()

    def _finish(self) -> None:
        """End the evaluation, or leave the rest to the next job, which answers of an app bring."""
        summaries.write(self._taken.id)
        with transaction() as session:
            if self._failure is not None:
                claims.end(session, self._taken, EvaluationStatus.FAILED, error=self._failure)
            elif not claims.count_open(session, self._taken.id):
                claims.end(session, self._taken, EvaluationStatus.COMPLETED)
            else:
                claims.release(session, self._taken)
                if not self._is_lost and claims.has_work(session, self._taken.id):
                    evaluations.defer(session, self._taken.id)
