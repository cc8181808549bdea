"""A reviewer's way through the queue: next, previous, set aside, corrected and undone step by step,
beside other reviewers.
"""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from core.annotations.errors import FirstItem, LastItem, UndoTooLate
from core.annotations.queries import annotation_list
from core.annotations.review_session import MOST, HistoryEntry, ReviewSession
from core.annotations.schemas import AnnotationChangeBody, AnnotationType, ReviewVerdict
from core.annotations.service import annotations, drafts, leases, review_outcomes, review_sessions
from core.annotations.settings import ReviewSettings
from core.database.db import Database, transaction
from core.identity.schemas import Role
from tests.factories.annotations import rows, waiting
from tests.factories.identity import person

RULES = ReviewSettings()
APPROVED = ReviewVerdict(annotation_type=AnnotationType.APPROVED)
FLAG = ReviewVerdict(annotation_type=AnnotationType.FLAG, content="No", tags=["tone"])

pytestmark = pytest.mark.usefixtures("database")


class Reviewer:
    """A reviewer at the queue, with the items so far."""

    def __init__(self) -> None:
        self.actor = person(Role.REVIEWER).actor
        self.session = ReviewSession()

    def do(self, move: Callable[..., ReviewSession], *given: object) -> UUID | None:
        with transaction(Database.AI) as ai:
            now = move(ai, self.session, *given, actor=self.actor)
        self.session = now
        return now.shown_id

    def begin(self) -> UUID | None:
        return self.do(review_sessions.start, RULES)

    def on(self) -> UUID | None:
        return self.do(review_sessions.next_item, RULES)

    def back(self) -> UUID | None:
        return self.do(review_sessions.previous_item, RULES)

    def undo(self) -> UUID | None:
        return self.do(review_sessions.undo, RULES)

    def save(self, said: ReviewVerdict = APPROVED) -> UUID | None:
        self.do(review_sessions.save, self.session.shown, said)
        return self.on()

    def skip(self) -> UUID | None:
        self.do(review_sessions.skip, self.session.shown)
        return self.on()


def holders() -> dict[UUID, UUID | None]:
    return {
        each["id"]: each["claimed_by"]
        for each in rows("select id, claimed_by from review_items where state = 'waiting'")
    }


def said() -> list[tuple[str, str]]:
    found = rows("select annotation_type, content from ai_admin_annotations order by created_at")
    return [(each["annotation_type"], each["content"]) for each in found]


def shown(who: Reviewer) -> HistoryEntry:
    assert who.session.shown is not None
    return who.session.shown


def test_what_was_done_is_undone_one_step_after_the_other() -> None:
    waiting(4)
    mine = Reviewer()
    first, second = mine.begin(), mine.save(FLAG)
    third = mine.skip()
    fourth = mine.save(APPROVED)
    assert len({first, second, third, fourth}) == 4
    assert [mine.undo(), mine.undo(), mine.undo()] == [third, second, first]
    assert said() == []
    assert not mine.session.actions
    assert set(holders()) == {first, second, third, fourth}
    assert {id_ for id_, who in holders().items() if who} == {first}


def test_what_was_said_of_what_is_taken_back_is_a_draft_again() -> None:
    waiting(2)
    mine = Reviewer()
    mine.begin()
    mine.save(FLAG)
    mine.undo()
    with transaction(Database.AI) as ai:
        kept = drafts.read(ai, shown(mine).item.message_id, actor=mine.actor)
    assert kept is not None
    assert (kept.fields["annotation_type"], kept.fields["content"], kept.fields["tags"]) == (
        "flag",
        "No",
        ["tone"],
    )


def test_it_goes_back_so_far_and_no_further() -> None:
    waiting(MOST + 5)
    mine = Reviewer()
    mine.begin()
    for _ in range(MOST + 3):
        mine.save()
    for _ in range(MOST):
        mine.undo()
    assert not mine.session.actions
    assert len(said()) == 3


def test_what_somebody_has_gone_on_from_is_not_undone() -> None:
    waiting(1, reviews=2)
    mine, other = Reviewer(), Reviewer()
    mine.begin()
    mine.save()
    other.begin()
    other.save()
    with pytest.raises(UndoTooLate):
        mine.undo()
    assert len(said()) == 2


def test_what_is_laid_aside_comes_last_and_not_at_once_again() -> None:
    waiting(3)
    mine = Reviewer()
    order = [mine.begin(), mine.on(), mine.on()]
    assert len(set(order)) == 3
    assert mine.on() == order[0]
    assert [mine.on(), mine.on(), mine.on()] == [order[1], order[2], order[0]]
    assert {id_ for id_, who in holders().items() if who} == {order[0]}


def test_back_and_on_go_the_same_way_and_hold_one_item_at_a_time() -> None:
    waiting(5)
    mine = Reviewer()
    order = [mine.begin(), mine.on(), mine.on()]
    assert [mine.back(), mine.back()] == [order[1], order[0]]
    assert {id_ for id_, who in holders().items() if who} == {order[0]}
    assert [mine.on(), mine.on()] == order[1:]
    with transaction(Database.AI) as ai, pytest.raises(FirstItem):
        review_sessions.previous_item(ai, ReviewSession(), RULES, actor=mine.actor)


def test_what_was_saved_is_corrected_while_what_is_in_hand_stays_so() -> None:
    waiting(3)
    mine = Reviewer()
    first, second = mine.begin(), mine.save(FLAG)
    assert mine.back() == first
    assert shown(mine).is_saved
    assert {id_ for id_, who in holders().items() if who} == {second}
    assert (
        mine.save(ReviewVerdict(annotation_type=AnnotationType.APPROVED, content="Right")) == second
    )
    assert said() == [("approved", "Right")]
    assert not shown(mine).is_saved
    assert mine.undo() == first
    assert said() == [("flag", "No")]
    assert mine.on() == second
    with transaction(Database.AI) as ai:
        history = annotation_list.list_changes(ai, mine_of(mine, first), actor=mine.actor)
    assert [each.after and each.after["content"] for each in history] == ["Right", "No"]


def mine_of(who: Reviewer, item_id: UUID | None) -> UUID:
    [found] = rows("select id from ai_admin_annotations where review_item_id = :id", id=item_id)
    return UUID(str(found["id"]))


def test_what_is_skipped_is_on_the_way_back_no_longer() -> None:
    waiting(3)
    mine = Reviewer()
    first = mine.begin()
    second = mine.save()
    mine.skip()
    assert mine.back() == first
    assert mine.session.after[0].item.id not in (first, second)


def test_what_others_have_taken_meanwhile_is_passed_over() -> None:
    waiting(3)
    mine, other = Reviewer(), Reviewer()
    first, second, third = mine.begin(), mine.on(), mine.on()
    assert other.begin() == first
    assert mine.back() == second
    with transaction(Database.AI) as ai, pytest.raises(FirstItem):
        review_sessions.previous_item(ai, mine.session, RULES, actor=mine.actor)
    assert mine.on() == third


def test_whose_time_is_over_goes_on_all_the_same_when_somebody_has_taken_it() -> None:
    waiting(2)
    mine, other = Reviewer(), Reviewer()
    first = mine.begin()
    with transaction(Database.AI) as ai:
        ai.execute(
            text(
                "update review_items set claimed_until = now() - interval '1 second' where "
                "claimed_by is not null"
            )
        )
    assert other.begin() == first
    second = mine.on()
    assert second not in (None, first)
    mine.do(review_sessions.stop)
    assert holders() == {first: other.actor.id, second: None}


def test_when_the_time_is_over_the_next_is_another_one() -> None:
    waiting(2)
    mine = Reviewer()
    first = mine.begin()
    with transaction(Database.AI) as ai:
        ai.execute(text("update review_items set claimed_until = now() - interval '1 second'"))
    assert mine.on() != first


def test_what_was_deleted_meanwhile_is_neither_corrected_nor_undone() -> None:
    waiting(2)
    mine = Reviewer()
    first = mine.begin()
    mine.save()
    with transaction(Database.AI) as ai:
        annotations.remove(ai, mine_of(mine, first), actor=mine.actor)
        with pytest.raises(FirstItem):
            review_sessions.previous_item(ai, mine.session, RULES, actor=mine.actor)


def test_a_correction_that_its_author_makes_is_pending_again() -> None:
    waiting(2)
    mine, admin = Reviewer(), person(Role.ADMIN).actor
    first = mine.begin()
    mine.save(FLAG)
    with transaction(Database.AI) as ai:
        annotations.change(
            ai,
            mine_of(mine, first),
            AnnotationChangeBody.model_validate({"status": "reviewed"}),
            actor=admin,
        )
    mine.back()
    mine.save(APPROVED)
    assert [each["status"] for each in rows("select status from ai_admin_annotations")] == [
        "pending"
    ]


def test_an_item_that_one_has_judged_elsewhere_is_not_lent_again() -> None:
    waiting(2, reviews=2)
    mine = Reviewer()
    first, second = mine.begin(), mine.on()
    with transaction(Database.AI) as ai:
        leases.lease_item(ai, UUID(str(first)), RULES, actor=mine.actor)
        review_outcomes.complete(ai, UUID(str(first)), APPROVED, actor=mine.actor)
        with pytest.raises(FirstItem):
            review_sessions.previous_item(ai, mine.session, RULES, actor=mine.actor)
    assert mine.session.shown_id == second


def test_the_only_item_cannot_be_set_aside_and_stays_leased() -> None:
    waiting(1)
    mine = Reviewer()
    first = mine.begin()
    with pytest.raises(LastItem):
        mine.do(review_sessions.set_aside, RULES)
    assert mine.session.shown_id == first
    assert holders() == {first: mine.actor.id}


def test_the_form_begins_with_the_draft_else_with_what_was_saved() -> None:
    waiting(2)
    mine = Reviewer()
    mine.begin()
    entry = shown(mine)
    mine.save(FLAG)
    mine.back()
    with transaction(Database.AI) as ai:
        assert review_sessions.first_values(ai, entry, actor=mine.actor) is None
        saved = review_sessions.first_values(ai, shown(mine), actor=mine.actor)
        drafts.save(ai, entry.item.message_id, {"content": "Perhaps"}, actor=mine.actor)
        assert review_sessions.first_values(ai, shown(mine), actor=mine.actor) == {
            "content": "Perhaps"
        }
    assert saved is not None
    assert (saved["annotation_type"], saved["content"]) == ("flag", "No")
