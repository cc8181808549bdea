"""The cases that an evaluation's targets did not pass, or pass less often than its baseline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attune_client.console import Console

MOST = 10  # of a list
MAX_CHARS = 80  # of a question


@dataclass(frozen=True)
class FailedCase:
    """How many scored runs of a case a target passed; `baseline` has the same of the baseline, as
    (passed, scored). Cases of a dataset have no `question`: it may be the words of a user.
    """

    position: int
    target: str
    passed: int
    scored: int
    failed_calls: int = 0
    question: str | None = None
    baseline: tuple[int, int] | None = None

    def line(self) -> str:
        """Return the case as a line of text."""
        words = f"  case {self.position}, {self.target}: {self.passed} of {self.scored} passed"
        if self.failed_calls:
            calls = "call" if self.failed_calls == 1 else "calls"
            words += f", {self.failed_calls} {calls} failed"
        if self.baseline is not None:
            words += f", {self.baseline[0]} of {self.baseline[1]} by the baseline"
        return words if self.question is None else f"{words}: {self.question}"


def worst(console: Console, view: Mapping[str, Any]) -> Sequence[FailedCase]:
    """Return the first cases that did not always pass; raise EvaluationFailed."""
    page = console.get(f"evaluation/{view['id']}/cases", limit=MOST)
    titles = {result["target"]: result["title"] for result in view["results"]}
    found = (
        FailedCase(
            case["position"],
            titles[figures["target"]],
            figures["passed"],
            figures["scored"],
            figures["failed"],
            _question(view, case),
        )
        for case in page["items"]
        for figures in case["figures"]
        if figures["failed"] or figures["passed"] < figures["scored"]
    )
    return tuple(found)[:MOST]


def worse_than_baseline(console: Console, view: Mapping[str, Any]) -> Sequence[FailedCase]:
    """Return cases that pass less often than by the baseline, if there is one; raise
    EvaluationFailed.
    """
    if view.get("baseline_id") is None:
        return ()
    compared = console.get(f"evaluation/{view['id']}/compare/{view['baseline_id']}")
    return tuple(_worse(view, compared["targets"]))[:MOST]


def _worse(view: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]) -> Iterator[FailedCase]:
    for target in targets:
        for case in target["changed_cases"]:
            now = (case["passed"], case["scored"])
            before = (case["baseline_passed"], case["baseline_scored"])
            if now[0] * before[1] < before[0] * now[1]:
                yield FailedCase(
                    case["position"],
                    target["title"],
                    *now,
                    question=_question(view, case),
                    baseline=before,
                )


def _question(view: Mapping[str, Any], case: Mapping[str, Any]) -> str | None:
    if view["dataset_id"] is not None:
        return None
    question = " ".join(str(case["question"]).split())
    return question if len(question) <= MAX_CHARS else f"{question[: MAX_CHARS - 1]}…"
