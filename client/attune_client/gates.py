"""What an evaluation found, and whether that passes a gate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from attune_client.console import EvaluationFailed
from attune_client.failed_cases import FailedCase

FEWEST = 10  # cases of an interval
ROUNDING = 1e-9  # of a mean of rates: ten cases of which 80% pass have 0.7999999999999999


@dataclass(frozen=True)
class TargetOutcome:
    """The figures of a target: its pass rate with the 95% interval, which is None under ten cases.

    `failed` calls and answers that were `not_scored` are in no rate. Of those that were
    `partly_scored`, a scorer with a weight could not score, and stays out. `call_error` is why one
    call failed; not of a dataset: a provider may quote the words of a user.
    """

    title: str
    rate: float | None
    low: float | None
    high: float | None
    n: int
    score: float | None
    failed: int
    not_scored: int
    partly_scored: int = 0
    cases: int | None = None  # None: an older Attune does not say
    call_error: str | None = None


@dataclass(frozen=True)
class RateGate:
    """What each target has to reach.

    `least` is of the rate itself, or of the `low` end of its interval, which needs ten cases. At
    most `failures` runs may have failed or not been scored by every scorer with a weight.
    """

    least: float
    on: Literal["value", "low"] = "value"
    failures: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for what is no gate."""
        if self.on not in ("value", "low") or not 0 <= self.least <= 1:
            raise ValueError("a gate is a rate from 0 to 1, on value or low")

    def problem(self, target: TargetOutcome) -> str | None:
        """Return why a target does not pass, or None."""
        lost = target.failed + target.not_scored + target.partly_scored
        if lost > self.failures:
            in_full = " in full" if target.partly_scored else ""
            runs = "run failed or was" if lost == 1 else "runs failed or were"
            return f"{lost:,} {runs} not scored{in_full}"
        if target.rate is None:
            return "nothing was scored"
        found = target.rate if self.on == "value" else target.low
        # The interval of a single case is that of its runs
        cases = target.n if target.cases is None else min(target.n, target.cases)
        if found is None or (self.on == "low" and cases < FEWEST):
            return f"{cases} case{'s are' if cases != 1 else ' is'} too few for an interval"
        if found < self.least - ROUNDING:
            what = "rate" if self.on == "value" else "low end of the interval"
            return f"the {what} is {found:.1%}, below {self.least:.1%}"
        return None


@dataclass(frozen=True)
class EvaluationOutcome:
    """An evaluation that has ended; `rate` and the like are those of its first target.

    `failed_cases` has the first cases that did not always pass, `worse_cases` those that pass less
    often than by the baseline.
    """

    id: str
    name: str
    url: str
    targets: Sequence[TargetOutcome]
    gate: RateGate | None = None
    failed_cases: Sequence[FailedCase] = ()
    worse_cases: Sequence[FailedCase] = ()

    @property
    def rate(self) -> float | None:
        return self.targets[0].rate

    @property
    def low(self) -> float | None:
        return self.targets[0].low

    @property
    def high(self) -> float | None:
        return self.targets[0].high

    @property
    def score(self) -> float | None:
        return self.targets[0].score

    @property
    def passed(self) -> bool:
        """Whether every target passes the gate; without one, everything passes."""
        return self.gate is None or not any(map(self.gate.problem, self.targets))

    def table(self) -> str:
        """Return the figures as lines of text, what did not pass, and what the gate says."""
        header = ("target", "pass rate", "95% interval", "n", "score", "failed", "not scored")
        lines = _aligned([header, *map(_cells, self.targets)])
        lines += [
            f"{target.title}: a call failed: {target.call_error}"
            for target in self.targets
            if target.call_error
        ]
        for title, cases in (
            ("did not pass, the worst first:", self.failed_cases),
            ("worse than the baseline:", self.worse_cases),
        ):
            if cases:
                lines += [title, *(case.line() for case in cases)]
        if self.gate is not None:
            for target in self.targets:
                problem = self.gate.problem(target)
                lines.append(
                    f"{target.title}: {f'gate missed, {problem}' if problem else 'passed'}"
                )
        return "\n".join([*lines, self.url])


def outcome_of(view: Mapping[str, Any], url: str, gate: RateGate | None) -> EvaluationOutcome:
    """Return an evaluation that has ended; raise EvaluationFailed when it has not completed."""
    address = f"{url}/evaluations?evaluation={view['id']}"
    if view["status"] != "completed":
        reason = f": {view['error']}" if view["error"] else "."
        raise EvaluationFailed(f"The evaluation is {view['status']}{reason} {address}")
    may_quote = view["dataset_id"] is None
    targets = tuple(_target(result, may_quote=may_quote) for result in view["results"])
    return EvaluationOutcome(view["id"], view["name"], address, targets, gate)


def _target(result: Mapping[str, Any], *, may_quote: bool) -> TargetOutcome:
    rate = result["success_rate"]
    return TargetOutcome(
        title=result["title"],
        rate=rate["value"],
        low=rate["low"],
        high=rate["high"],
        n=rate["n"],
        score=result["score"]["value"],
        failed=result["failed"],
        not_scored=result["not_scored"],
        partly_scored=result.get("partly_scored", 0),  # an older Attune does not count them
        cases=result.get("cases"),
        call_error=result.get("call_error") if may_quote else None,
    )


def _cells(target: TargetOutcome) -> tuple[str, ...]:
    interval = "–"
    if target.low is not None and target.high is not None:
        interval = f"{target.low:.1%} to {target.high:.1%}"
    return (
        target.title,
        "–" if target.rate is None else f"{target.rate:.1%}",
        interval,
        f"{target.n:,}",
        "–" if target.score is None else f"{target.score:.2f}",
        f"{target.failed:,}",
        f"{target.not_scored:,}",
    )


def _aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
