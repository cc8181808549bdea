"""The summary equals counting by hand, ranks no reviewers, and gives reviewers their own
figures.
"""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.annotations.queries import summary
from core.annotations.schemas import AnnotationFilter, AnnotationStatus, AnnotationType
from core.annotations.views import AnnotationShare, ReviewSummary
from core.database.db import Database, transaction
from core.errors import Forbidden
from core.identity.schemas import Actor, Role, Scope
from core.platform.ids import new_id
from core.presentation.periods import Period
from tests.factories.conversations import conversation, stored
from tests.factories.identity import CALLER, person
from tests.factories.reviews import annotated

pytestmark = pytest.mark.usefixtures("database")

NOVEMBER = Period(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
ANN, BEN, CAM = new_id(), new_id(), new_id()


def summarized(
    role: Role = Role.ADMIN,
    *,
    actor: Actor | None = None,
    period: Period = NOVEMBER,
    **wanted: Any,  # noqa: ANN401
) -> ReviewSummary:
    with transaction(Database.AI) as ai:
        return summary.summarize(
            ai, AnnotationFilter(**wanted), period, actor=actor or person(role).actor
        )


def counts(shares: list[AnnotationShare]) -> dict[str, int]:
    return {share.value: share.count for share in shares}


def judged(number: int, *by: tuple[Any, str], **more: Any) -> None:  # noqa: ANN401
    for place, (who, what) in enumerate(by):
        annotated(
            f"m{number}",
            number=number,
            admin_user_id=who,
            annotation_type=what,
            round=place + 1,
            **more,
        )


def test_nothing_is_counted_where_there_is_nothing() -> None:
    found = summarized()
    assert (found.annotations, found.by_type, found.over_time, found.disputed) == (0, [], [], [])
    assert (found.agreement.units, found.agreement.alpha, found.pace.per_day) == (0, None, None)


def test_annotations_are_counted_by_what_they_say_and_of_what() -> None:
    stored(conversation(messages=6))
    annotated("m1", severity="minor", tags=["tone", "policy"], model="a", prompt_version="v1")
    annotated("m3", severity="critical", tags=["tone"], model="a", status="reviewed")
    annotated("m5", annotation_type="approved", model="b", number=24 * 60)
    found = summarized()
    assert (found.annotations, found.messages, found.conversations, found.reviewers) == (3, 3, 1, 3)
    assert counts(found.by_type) == {"correction": 2, "approved": 1}
    assert counts(found.by_severity) == {"minor": 1, "critical": 1, "none": 1}
    assert counts(found.by_status) == {"pending": 2, "reviewed": 1}
    assert counts(found.by_tag) == {"tone": 2, "policy": 1}
    assert counts(found.by_model) == {"a": 2, "b": 1}
    assert counts(found.by_prompt_version) == {"": 2, "v1": 1}
    assert [(each.day, each.by_type) for each in found.over_time] == [
        (date(2026, 11, 10), {"correction": 2}),
        (date(2026, 11, 11), {"approved": 1}),
    ]


def test_days_are_those_of_the_reporting_time_zone_and_filters_hold() -> None:
    stored(conversation(messages=4))
    annotated("m1", number=12 * 60 + 30)
    annotated("m3", number=0, status="applied")
    there = Period(NOVEMBER.start, NOVEMBER.end, "Europe/Berlin")
    assert [each.day for each in summarized(period=there).over_time] == [
        date(2026, 11, 10),
        date(2026, 11, 11),
    ]
    assert summarized(status=AnnotationStatus.APPLIED).annotations == 1
    before = Period(datetime(2026, 10, 1, tzinfo=UTC), NOVEMBER.start)
    assert summarized(period=before).annotations == 0


def test_agreement_is_of_what_two_have_judged_blind_and_the_last_that_each_said() -> None:
    stored(conversation(messages=12))
    judged(1, (ANN, "approved"), (BEN, "approved"))
    judged(3, (ANN, "approved"), (BEN, "correction"))
    judged(5, (ANN, "flag"), (BEN, "flag"))
    judged(7, (ANN, "flag"))
    annotated("m3", admin_user_id=CAM, round=3, annotation_type="correction", number=9)
    annotated("m5", admin_user_id=ANN, annotation_type="approved", number=-5)
    found = summarized()
    assert (found.agreement.units, found.agreement.judgements) == (3, 6)
    assert found.agreement.unanimous == pytest.approx(2 / 3)
    # By hand: 2 of 6 judgements are in pairs that differ; by chance (36 - 9 - 1 - 4) / 30.
    assert found.agreement.alpha == pytest.approx(1 - (2 / 6) / (22 / 30))
    assert found.agreement.alpha_low is None
    assert [(each.one, each.other, each.pairs) for each in found.disagreements] == [
        ("correction", "approved", 1)
    ]
    [disputed] = found.disputed
    assert (disputed.said, disputed.is_decided) == ({"correction": 1, "approved": 1}, True)


@pytest.mark.parametrize(
    "filters", [{"type": "flag"}, {"tag": "tone"}, {"severity": "minor"}, {"status": "reviewed"}]
)
def test_filters_by_verdicts_do_not_make_reviewers_agree(filters: dict[str, Any]) -> None:
    stored(conversation(messages=4))
    verdict: dict[str, Any] = {"severity": "minor", "tags": ["tone"], "status": "reviewed"}
    annotated("m1", admin_user_id=ANN, annotation_type="flag", **verdict)
    annotated("m1", admin_user_id=BEN, annotation_type="approved", number=1)
    annotated("m3", admin_user_id=ANN, annotation_type="flag", number=2, **verdict)
    annotated("m3", admin_user_id=BEN, annotation_type="flag", number=3)
    found = summarized(**filters)
    assert (found.agreement.units, found.agreement.unanimous) == (2, 0.5)
    assert [each.pairs for each in found.disagreements] == [1]
    assert len(found.disputed) == 1


def test_severity_agrees_by_how_far_apart_it_is() -> None:
    stored(conversation(messages=8))
    for number, (one, other) in {
        1: ("minor", "minor"),
        3: ("minor", "moderate"),
        5: ("critical", "critical"),
    }.items():
        annotated(f"m{number}", admin_user_id=ANN, severity=one)
        annotated(f"m{number}", admin_user_id=BEN, severity=other)
    annotated("m7", admin_user_id=ANN, severity="minor")
    annotated("m7", admin_user_id=BEN)
    found = summarized()
    assert found.severity_agreement.units == 3
    assert found.severity_agreement.alpha is not None
    assert found.severity_agreement.alpha > 0.7
    assert found.agreement.units == 4


def test_models_on_which_reviewers_are_least_of_one_mind_come_first() -> None:
    stored(conversation(messages=12))
    for number in (1, 3, 5):
        judged(number, (ANN, "approved"), (BEN, "approved"), model="calm")
    judged(7, (ANN, "approved"), (BEN, "flag"), model="wild")
    judged(9, (ANN, "flag"), (BEN, "flag"), model="wild")
    found = summarized().by_model_agreement
    assert [(each.model, each.agreement.unanimous) for each in found] == [
        ("wild", 0.5),
        ("calm", 1.0),
    ]


def test_pace_leaves_pauses_out_and_names_nobody() -> None:
    stored(conversation(messages=2))
    for who in (ANN, BEN):
        for number in (*range(6), 300):
            annotated("m1", admin_user_id=who, author_name="Ann Example", number=number)
    found = summarized()
    assert (found.pace.median_seconds, found.pace.per_day, found.pace.days) == (60.0, 14.0, 1)
    assert "Ann Example" not in found.model_dump_json()
    assert str(ANN) not in found.model_dump_json()


def test_pace_by_a_filter_is_not_that_between_the_annotations_it_keeps() -> None:
    # Else a filter adds the time of all other annotations to each that it keeps
    stored(conversation(messages=2))
    for number in range(30):
        said = "correction" if number % 2 else "approved"
        annotated("m1", admin_user_id=ANN, number=number, annotation_type=said)
    assert summarized().pace.median_seconds == 60
    assert summarized(type=AnnotationType.CORRECTION).pace.median_seconds == 60


def test_of_few_there_is_no_pace() -> None:
    stored(conversation(messages=2))
    for number in range(5):
        annotated("m1", admin_user_id=ANN, number=number)
    assert summarized().pace.median_seconds is None


def test_a_reviewer_sees_his_own_and_how_far_others_agree_with_him() -> None:
    stored(conversation(messages=8))
    me = person(Role.REVIEWER).actor
    judged(1, (me.id, "approved"), (BEN, "approved"))
    judged(3, (ANN, "approved"), (BEN, "flag"))
    found = summarized(actor=me)
    assert (found.is_own, found.annotations, found.reviewers) == (True, 1, 1)
    assert (found.agreement.units, found.agreement.unanimous) == (1, 1.0)
    assert found.disputed == []
    assert summarized(actor=me, author=ANN).annotations == 1
    assert summarized(Role.ANALYST).annotations == 4


def test_a_key_that_only_sends_sees_nothing() -> None:
    sender = Actor(new_id(), "", "", None, None, CALLER, frozenset({Scope.INGEST}))
    with pytest.raises(Forbidden):
        summarized(actor=sender)
