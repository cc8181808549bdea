"""Who wins, and what is recommended, in words that have the figures."""

from collections.abc import Sequence
from decimal import Decimal

from core.ab_tests.figures import AnswerFigures, compare_variants
from core.ab_tests.metric_texts import signed
from core.ab_tests.recommendations import recommend
from core.ab_tests.schemas import VariantId
from core.ab_tests.views import AbMetric, AbTestFigures, Winner
from core.ab_tests.winner import verdict_of, winner_of

NAMES = {VariantId.A: "Rosa", VariantId.B: "Max"}
STEADY = [800, 900, 1000, 1100, 1200]


def figures(
    qualities: tuple[Sequence[float], Sequence[float]],
    times: tuple[Sequence[int], Sequence[int]] = (STEADY, STEADY),
    usd: tuple[str, str] = ("0.001", "0.001"),
) -> AbTestFigures:
    """Return figures of judged answers; times repeat."""
    answers = [
        AnswerFigures(
            position,
            variant,
            quality=quality,
            response_time_ms=times[side][position % len(times[side])],
            cost_usd=Decimal(usd[side]) * (1 + position % 3),
        )
        for side, variant in enumerate(VariantId)
        for position, quality in enumerate(qualities[side])
    ]
    return compare_variants(answers, is_judged=True)


def said(found: AbTestFigures) -> str:
    return recommend(found, NAMES, unfit_judge=None)


def test_better_answers_win_even_when_they_are_slower_and_cost_more() -> None:
    better = ([1, 0.75, 1, 0.5] * 10, [0.5, 0.5, 0.75, 0.25] * 10)
    found = figures(better, ([each + 400 for each in STEADY], STEADY), ("0.002", "0.001"))
    assert winner_of(found) is Winner.A
    assert verdict_of(found.of(AbMetric.QUALITY)) == "A is better"
    assert said(found).startswith(
        "Use A, Rosa: its answers are better by 0.31 (95% interval 0.28 to 0.35, 40 cases)."
    )
    assert "B is faster by 400 ms (40 cases)." in said(found)
    assert "B is cheaper by $1.97 of 1,000 answers (95% interval $1." in said(found)
    assert winner_of(figures(better[::-1])) is Winner.B


def test_equal_answers_are_a_tie_however_much_faster_one_variant_is() -> None:
    same = [0.5, 0.75, 1] * 20
    found = figures((same, same), (STEADY, [each + 900 for each in STEADY]))
    assert (winner_of(found), verdict_of(found.of(AbMetric.QUALITY))) == (
        Winner.TIE,
        "no difference shown",
    )
    assert said(found).startswith("No difference in quality was shown (A − B 0.00, 60 cases)")
    assert "A is faster" in said(found)
    assert "No difference in cost was shown." in said(found)


def test_variants_that_do_not_differ_at_all_are_not_chosen_by_what_does_not_differ() -> None:
    same = [0.5, 0.75, 1] * 20
    assert said(figures((same, same))) == (
        "No difference in quality was shown (A − B 0.00, 60 cases). "
        "No difference in response time and cost was shown."
    )


def test_too_few_cases_are_a_tie_that_asks_for_more() -> None:
    found = figures(([1] * 5, [0] * 5))
    assert (winner_of(found), verdict_of(found.of(AbMetric.QUALITY))) == (
        Winner.TIE,
        "too few cases: about 5 more",
    )
    assert said(found).startswith("Add about 5 more cases before you choose")
    rest = "More cases would be needed to compare response time (about 5 more) and cost (about "
    assert rest in said(found)


def test_answers_that_nothing_scored_are_not_compared() -> None:
    found = compare_variants([AnswerFigures(1, each) for each in VariantId], is_judged=True)
    assert (winner_of(found), verdict_of(found.of(AbMetric.QUALITY))) == (
        Winner.TIE,
        "not compared",
    )
    assert "2 answers could not be scored (1 of A, 1 of B)." in said(found)


def test_passes_are_told_with_their_p_value() -> None:
    answers = [
        AnswerFigures(position, variant, quality=float(variant is VariantId.B or position < 5))
        for variant in VariantId
        for position in range(15)
    ]
    found = compare_variants(answers, is_judged=False)
    expected = "Use B, Max: its answers are better (10 of 15 cases passed only with B, 0 only with A, p = 0.002)."  # noqa: E501
    assert said(found) == expected


def test_a_judge_that_cannot_be_trusted_is_named() -> None:
    found = figures(([1] * 12, [0.5] * 12))
    assert recommend(found, NAMES, unfit_judge="It cannot judge.").endswith(" It cannot judge.")


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    assert [signed(AbMetric.RESPONSE_TIME, each) for each in (-0.3, 0, 900)] == [
        "0 ms",
        "0 ms",
        "+900 ms",
    ]
    assert signed(AbMetric.QUALITY, -0.25) == "−0.25"
