"""Judges are checked against the annotations of people on the same messages."""

from datetime import timedelta
from typing import Any

import pytest

from core.database.db import Database, transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.platform import clock
from core.platform.ids import new_id
from core.scoring.judge_validation import UNCHECKED, JudgeStatus, JudgeValidation
from core.scoring.queries.judge_checks import list_judges
from tests.factories.conversations import conversation, stored
from tests.factories.history import scored
from tests.factories.identity import person
from tests.factories.reviews import annotated, message_id, neither_accepted

pytestmark = pytest.mark.usefixtures("database")
JUDGE = {"source": "judge", "evaluator": "openai:gpt-5", "evaluator_version": "1"}


def judged(number: int, value: float, **more: Any) -> None:  # noqa: ANN401
    """Store a judge's score of an answer, which has the number in the conversation."""
    scored("c", value, clock.now(), message_id=f"m{number}", **JUDGE | more)


def judges(**more: Any) -> list[JudgeValidation]:  # noqa: ANN401
    with transaction() as core, transaction(Database.AI) as ai:
        return list_judges(core, ai, actor=person(Role.ANALYST).actor, **more)


def talk(answers: int = 4) -> None:
    stored(conversation("c", messages=2 * answers))


def test_a_judge_without_annotations_is_not_yet_checked_against_people() -> None:
    talk()
    judged(1, 1)
    judged(3, 0)
    (found,) = judges()
    assert (found.status, found.statement) == (JudgeStatus.UNCHECKED, UNCHECKED)
    assert (found.pass_rate.value, found.pass_rate.n) == (0.5, 2)
    assert found.corrected_rate.value is None
    assert found.unfit is None


def test_a_message_that_was_scored_again_counts_once_by_its_newest_score() -> None:
    talk()
    judged(1, 1)
    for ago in range(1, 9):
        before = clock.now() - timedelta(hours=ago)
        scored("c", 0.0, before, message_id="m1", **JUDGE)
    judged(3, 0)
    (found,) = judges()
    assert (found.pass_rate.value, found.pass_rate.n) == (0.5, 2)


def test_verdicts_of_people_are_good_or_bad_by_type_and_severity() -> None:
    talk(6)
    kinds: list[dict[str, Any]] = [
        {"annotation_type": "approved"},
        {"annotation_type": "improvement", "severity": "minor"},
        {"annotation_type": "improvement", "severity": "moderate"},
        {"annotation_type": "improvement", "severity": "critical"},
        {"annotation_type": "correction"},
        {"annotation_type": "flag"},
    ]
    for place, given in enumerate(kinds):
        judged(2 * place + 1, 1)
        annotated(f"m{2 * place + 1}", **given)
    (found,) = judges()
    assert (found.sensitivity.n, found.sensitivity.value) == (2, 1)
    assert (found.specificity.n, found.specificity.value) == (4, 0)
    assert found.status is JudgeStatus.TOO_FEW
    assert "8 more good and 6 more bad" in found.statement


def test_with_enough_of_both_the_rate_is_corrected() -> None:
    talk(30)
    for place in range(30):
        is_good, is_passed = place < 15, place < 13 or place >= 27
        judged(2 * place + 1, float(is_passed))
        annotated(f"m{2 * place + 1}", annotation_type="approved" if is_good else "flag")
    (found,) = judges()
    assert found.status is JudgeStatus.CHECKED
    assert found.sensitivity.value == pytest.approx(13 / 15)
    assert found.specificity.value == pytest.approx(12 / 15)
    assert found.sensitivity.low is not None
    assert found.kappa.value == pytest.approx((25 / 30 - 0.5) / 0.5, abs=0.01)
    assert found.corrected_rate.value == pytest.approx((16 / 30 + 0.8 - 1) / (13 / 15 + 0.8 - 1))
    assert found.corrected_rate.low is not None


def test_messages_on_which_people_disagree_stay_out_until_they_are_adjudicated() -> None:
    talk()
    judged(1, 1)
    annotated("m1", annotation_type="approved")
    annotated("m1", annotation_type="flag")
    (found,) = judges()
    assert (found.checked, found.contradictory) == (0, 1)
    annotated("m1", annotation_type="flag", round=3)
    (found,) = judges()
    assert (found.checked, found.contradictory, found.specificity.n) == (1, 0, 1)


def test_a_reviewer_who_changed_a_verdict_does_not_disagree_with_it() -> None:
    # Both verdicts counted, as of two people
    talk()
    judged(1, 1)
    reviewer = new_id()
    annotated("m1", annotation_type="flag", admin_user_id=reviewer)
    annotated("m1", annotation_type="approved", admin_user_id=reviewer, number=5)
    (found,) = judges()
    assert (found.checked, found.contradictory, found.sensitivity.n) == (1, 0, 1)


def test_a_judge_may_say_pass_or_fail_and_no_number() -> None:
    talk()
    for number, label in ((1, "pass"), (3, "fail"), (5, "unsure")):
        scored("c", None, clock.now(), message_id=f"m{number}", label=label, **JUDGE)
    annotated("m1", annotation_type="approved")
    (found,) = judges()
    assert (found.pass_rate.value, found.pass_rate.n, found.checked) == (0.5, 2, 1)


def test_reviews_of_which_an_adjudicator_accepts_neither_are_no_verdict() -> None:
    # Exports and tuning leave them out, too
    talk()
    judged(1, 1)
    annotated("m1", annotation_type="correction", round=1)
    annotated("m1", annotation_type="flag", round=2, number=1)
    (found,) = judges()
    assert (found.checked, found.contradictory) == (1, 0)
    neither_accepted(message_id("m1"), number=2)
    (found,) = judges()
    assert (found.checked, found.contradictory) == (0, 0)
    annotated("m1", annotation_type="approved", number=3)
    (found,) = judges()
    assert (found.sensitivity.n, found.specificity.n) == (1, 0)


def test_each_version_of_a_judge_is_checked_by_itself_and_rules_are_no_judges() -> None:
    talk()
    judged(1, 1)
    judged(3, 1, evaluator_version="2")
    judged(5, 1, evaluator=None, evaluator_version=None)
    judged(5, 1, source="rule")
    assert [(each.evaluator, each.evaluator_version) for each in judges()] == [
        ("", ""),
        ("openai:gpt-5", "1"),
        ("openai:gpt-5", "2"),
    ]


def test_only_the_newest_score_of_a_message_is_compared() -> None:
    talk()
    scored("c", 0, clock.now() - timedelta(hours=1), message_id="m1", **JUDGE)
    judged(1, 1)
    annotated("m1", annotation_type="approved")
    (found,) = judges()
    assert (found.checked, found.sensitivity.value) == (1, 1)


def test_a_label_decides_before_the_value_and_the_threshold_else() -> None:
    talk()
    judged(1, 0.6, label="fail")
    judged(3, 0.6)
    assert judges()[0].pass_rate.value == 0.5
    assert judges(threshold=0.7)[0].pass_rate.value == 0


def test_the_packaged_model_is_named_unfit() -> None:
    talk()
    judged(1, 1, evaluator="local:smollm2-135m-instruct")
    assert "cannot judge" in (judges()[0].unfit or "")


def test_reviewers_do_not_read_figures_of_judges() -> None:
    with transaction() as core, transaction(Database.AI) as ai, pytest.raises(Forbidden):
        list_judges(core, ai, actor=person(Role.REVIEWER).actor)
