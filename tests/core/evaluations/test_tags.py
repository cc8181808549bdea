"""Rates by tag count cases, and are compared with the other cases only where they can be."""

import pytest

from core.evaluations.figures.recommendations import recommend
from core.evaluations.figures.summary import summarize
from core.evaluations.queries.figures import CaseCounts
from core.evaluations.views import Estimate, TagFigures, TargetFigures, TargetView

RUNS = 50


def figures(cases: int) -> TargetFigures:
    """Return the figures of a target that fails one case only, the one with a tag."""
    counts = [
        CaseCounts(1, position, RUNS if position > 1 else 0, RUNS, 0, RUNS, None)
        for position in range(1, cases + 1)
    ]
    summary = summarize(counts, {1: ["hard"]}, {}, [], targets=1, own_place=1)
    return summary.targets[0]


def shown(found: TargetFigures) -> TargetView:
    return TargetView(
        **found.model_dump(),
        title="a",
        model_id=None,
        app=None,
        prompt_name=None,
        prompt_version=None,
    )


def test_a_tag_of_one_case_among_others_counts_one_case_however_often_it_was_run() -> None:
    # Its runs were taken for cases, and the root of a negative number was a 500
    [tag] = figures(60).by_tag
    assert tag.success_rate == Estimate(value=0, n=1)


def test_the_only_case_of_an_evaluation_counts_its_runs() -> None:
    found = figures(1)
    assert found.success_rate.n == found.by_tag[0].success_rate.n == RUNS


def test_a_tag_whose_stored_rate_counts_runs_does_not_break_the_recommendations() -> None:
    stored = TagFigures(tag="hard", success_rate=Estimate(value=0, low=0, high=0.1, n=RUNS))
    target = shown(figures(60).model_copy(update={"by_tag": (stored,)}))
    assert "tag" not in [each.kind for each in recommend([target])]


@pytest.mark.parametrize(("passed", "weak"), [(5, ["tag"]), (9, [])])
def test_the_weakest_of_many_tags_is_named_only_where_chance_does_not_explain_it(
    passed: int, weak: list[str]
) -> None:
    # Tested at 95% each, one of 20 equally good tags was weak in 47% of simulated evaluations
    cases = [(place, place // 20, place % 20) for place in range(400)]
    counts = [
        CaseCounts(1, place, int(number < (14 if tag else passed)), 1, 0, 1, None)
        for place, tag, number in cases
    ]
    tags = {place: [f"tag {tag}"] for place, tag, _ in cases}
    [found] = summarize(counts, tags, {}, [], targets=1, own_place=1).targets
    assert [each.kind for each in recommend([shown(found)]) if each.kind == "tag"] == weak
