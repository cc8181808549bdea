"""Recommendations by rules, each with the figures behind it."""

from collections.abc import Collection, Iterator, Sequence

from core.evaluations.views import Estimate, Recommendation, TargetView
from core.presentation.formatting import count, share
from core.statistics.bootstrap import FEWEST
from core.statistics.paired import SIGNIFICANT
from core.statistics.rates import rate_difference

LOW_RATE = 0.8
LARGE_SHARE = 0.5  # of the failures
SLOW_MS = 10_000


def recommend(
    targets: Sequence[TargetView], *, gone: Collection[int] = (), is_whole: bool = True
) -> list[Recommendation]:
    """Return what the figures of the targets suggest, those about missing figures first; `gone` are
    the numbers of targets that can't be called any more, `is_whole` is when all results are there.
    """
    found = [
        each
        for target in targets
        for each in _of(target, is_gone=target.target in gone, is_whole=is_whole)
    ]
    return sorted(found, key=lambda it: it.kind not in ("calls_failed", "too_few_cases"))


def _of(target: TargetView, *, is_gone: bool, is_whole: bool) -> Iterator[Recommendation]:
    def say(kind: str, text: str, evidence: str) -> Recommendation:
        return Recommendation(kind=kind, target=target.target, text=text, evidence=evidence)

    rate, title = target.success_rate, target.title
    if target.failed:
        text = f"{title}: rerun the failed calls before you read its rates."
        if is_gone:
            text = f"{title}: its rates leave out failed calls, and it can't be called any more."
        yield say("calls_failed", text, f"{count(target.failed, 'call')} failed")
    if target.not_scored or target.partly_scored:
        text = f"{title}: check the scorers that could not score."
        counts = f"{count(target.not_scored, 'answer')} not scored"
        if target.partly_scored:
            counts += f", {target.partly_scored:,} scored in part"
        yield say("not_scored", text, counts)
    if is_whole and rate.n and rate.low is None and target.cases < FEWEST:
        text = f"{title}: add cases. Under {FEWEST}, a rate says little."
        yield say("too_few_cases", text, count(rate.n, "case" if target.cases > 1 else "run"))
    if target.mixed_cases:
        text = (
            f"{title}: lower the temperature or make the instructions clearer: the same case "
            "passes in some runs only."
        )
        of_all = f"{target.mixed_cases} of {count(target.cases, 'case')} with mixed results"
        yield say("inconsistent", text, of_all)
    yield from (say("tag", *each) for each in _weak_tags(target))
    yield from (say("scorer", *each) for each in _frequent_failures(target))
    if target.p95_ms is not None and target.p95_ms > SLOW_MS:
        text = f"{title}: try a faster model or fewer output tokens."
        yield say("slow", text, f"95% of answers within {target.p95_ms / 1000:.1f} s")


def _weak_tags(target: TargetView) -> Iterator[tuple[str, str]]:
    """Yield the tags whose cases pass less often than all cases, beyond chance."""
    whole = target.success_rate
    # A difference of small groups is mostly chance
    compared = [
        each
        for each in target.by_tag
        if each.success_rate.low is not None and whole.n - each.success_rate.n >= FEWEST
    ]
    # Bonferroni: each tag is one more chance of a false alarm
    certain = 1 - SIGNIFICANT / max(len(compared), 1)
    for each in compared:
        rate, rest = each.success_rate, whole.n - each.success_rate.n
        if rate.value is None or whole.value is None:
            continue
        others = (whole.value * whole.n - rate.value * rate.n) / rest
        passed = round(others * rest)
        # Figures that were stored by an older version count the runs of a tag's only case
        if not 0 <= passed <= rest:
            continue
        counts = (round(rate.value * rate.n), rate.n, passed, rest)
        _, high = rate_difference(*counts, certain=certain)
        if high < 0:
            yield (
                f"{target.title}: improve the answers to cases tagged “{each.tag}”.",
                f"{_rate(rate)} against {share(others)} of the other {rest}",
            )


def _frequent_failures(target: TargetView) -> Iterator[tuple[str, str]]:
    """Yield the scorer with over half of all failures, when the rate is low."""
    failures = sum(each.failed for each in target.by_scorer)
    rate = target.success_rate
    if rate.value is None or rate.value >= LOW_RATE or failures < FEWEST:
        return
    worst = max(target.by_scorer, key=lambda it: it.failed)
    if len(target.by_scorer) > 1 and worst.failed / failures > LARGE_SHARE:
        name = target.scorer_names[worst.number - 1] if worst.number else "Scorers of the cases"
        yield (
            f"{target.title}: begin with what fails “{name}”.",
            f"{worst.failed} of {failures} failed checks",
        )


def _rate(rate: Estimate) -> str:
    return f"{share(rate.value)} of {rate.n}"
