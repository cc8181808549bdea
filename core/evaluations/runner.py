"""The work of evaluations, done by the worker in slices: calls at once, in threads."""

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
from core.evaluations.runs.call_waiter import CallWaiter
from core.evaluations.runs.run_queue import RunQueue
from core.evaluations.runs.scored_runs import score_run
from core.evaluations.runs.work_items import ClaimedRun, EndedRun, TakenEvaluation
from core.evaluations.schemas import EvaluationStatus
from core.evaluations.service import claims, evaluations, settling, summaries
from core.platform.config import config
from core.platform.ids import new_id
from core.scoring.model_access import ExecutedModels

log = logging.getLogger("attune.evaluations")

SLICE_S = 20.0  # other jobs get their turn after so long
LOOK_INTERVAL_S = 0.05
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
    """One run of the job: threads that call and score, and this one, which claims for them and
    settles what they have done, many runs in a transaction.
    """

    def __init__(
        self, taken: TakenEvaluation, may_go_on: Callable[[], bool], ends_at: float
    ) -> None:
        self._taken, self._may_go_on, self._ends_at = taken, may_go_on, ends_at
        at_once = config().max_concurrent_tests
        # Some store and score while others call
        self._threads = at_once + max(MORE_THREADS, at_once // 2)
        self._stopping = threading.Event()  # nothing is claimed any more
        self._waiter = CallWaiter(taken, at_once=at_once)
        self._queue = RunQueue()
        self._failure: str | None = None
        self._is_lost = False

    def work(self) -> None:
        with ThreadPoolExecutor(self._threads, thread_name_prefix="evaluation") as pool:
            for _ in range(self._threads):
                pool.submit(self._run_claimed)
            try:
                self._look_after()
            except Unavailable as failure:
                log.warning("evaluation %s waits: %s", self._taken.id, failure.detail)
            except Exception:
                # Else `resume` would begin it again, and it would break again, without an end
                log.exception("evaluation %s broke", self._taken.id)
                self._fail(UNEXPECTED)
            finally:
                # Still within the pool: leaving it waits for the threads, and they wait for the
                # queue
                self._queue.close(self._threads)
        self._stopping.set()
        with suppress(Unavailable):  # else `resume` goes on with it
            self._settle_and_claim()
            self._finish()

    def _look_after(self) -> None:
        """Claim and settle until nothing is left, or it is time to stop and all calls have ended;
        meanwhile, say that the worker is alive, and write summaries.
        """
        alive_at = summary_at = time.monotonic()
        while self._settle_and_claim() or not self._queue.is_idle:
            self._queue.wait(LOOK_INTERVAL_S)
            now = time.monotonic()
            if now >= self._ends_at or not self._may_go_on():
                self._stopping.set()
            if not self._may_go_on():
                self._waiter.cancel_all()
            if now - alive_at >= ALIVE_INTERVAL_S:
                self._keep_alive()
                alive_at = now
            if now >= summary_at:
                summaries.write(self._taken.id)
                took_s = time.monotonic() - now
                summary_at = time.monotonic() + max(2.0, SUMMARY_SHARE * took_s)

    def _keep_alive(self) -> None:
        with transaction() as session:
            is_own = claims.keep_alive(session, self._taken)
        if not is_own:  # cancelled, or another worker's
            self._is_lost = True
            self._stopping.set()
            self._waiter.cancel_all()

    def _settle_and_claim(self) -> bool:
        """Settle the runs that have ended, and claim one ahead for each thread; return whether
        there were any.
        """
        ended = self._queue.take_ended()
        wanted = 0 if self._stopping.is_set() else self._threads - self._queue.ready
        if wanted <= 0 and not ended:
            return False
        # Claims come first: settling locks the evaluation's row, and beginning calls takes time
        claimed = list[ClaimedRun]()
        with transaction() as session:
            if wanted > 0:
                try:
                    claimed = claims.claim(session, self._taken, most=wanted)
                except LimitReached as failure:
                    self._fail(failure.detail)
            settling.settle(session, self._taken, ended)
        self._queue.add(claimed)
        return bool(claimed or ended)

    def _run_claimed(self) -> None:
        """Call for and score one claimed run after the other."""
        # Scorers are coroutines; a loop for each thread keeps them apart
        with asyncio.Runner() as loop:
            while (claimed := self._queue.next()) is not None:
                ended: EndedRun | None = None
                try:
                    ended = self._run(claimed, loop)
                except Unavailable as failure:
                    log.warning("evaluation %s waits: %s", self._taken.id, failure.detail)
                    self._stopping.set()
                except Exception:
                    log.exception("evaluation %s failed", self._taken.id)
                    self._fail(UNEXPECTED)
                finally:
                    self._queue.end(ended)

    def _run(self, claimed: ClaimedRun, loop: asyncio.Runner) -> EndedRun:
        answer = claimed.answer or self._waiter.answer(claimed)
        if answer is None or answer.error is not None:
            return EndedRun(claimed.id, answer)
        models = ExecutedModels(
            self._taken.actor,
            # 0 is a judge without costs, which needs no limit
            cost_limit_usd=claimed.judge_limit_usd or None,
            embedding_limit_usd=claimed.embedding_limit_usd,
            metadata={"evaluation_id": str(self._taken.id)},
        )
        scoring = score_run(answer, claimed.case, self._taken.definition, models)
        return EndedRun(claimed.id, answer, loop.run(scoring))

    def _fail(self, detail: str) -> None:
        self._failure = self._failure or detail
        self._stopping.set()

    def _finish(self) -> None:
        """End the evaluation, or leave the rest to the next job, which answers of an app bring."""
        # Gates and trends read a completed evaluation by its summary
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
