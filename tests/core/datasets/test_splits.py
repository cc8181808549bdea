"""The split of a case is that of its conversation, as the exports of annotations compute it."""

from typing import Any

import pytest

from core.annotations.exports.queries import Split, split_of
from core.datasets.drafts import CaseDraft
from core.datasets.schemas import CaseOrigin, CaseSplit, CaseTexts
from core.platform.ids import new_id
from tests.factories.datasets import question


def draft(text: str = "x", **more: Any) -> CaseDraft:  # noqa: ANN401
    return CaseDraft(CaseTexts.model_validate(question(text)), CaseOrigin.HAND, **more)


def test_cases_of_a_conversation_are_in_the_split_that_its_exports_are_in() -> None:
    for _ in range(200):
        id_ = new_id()
        is_held_out = split_of(id_) is Split.HOLDOUT
        expected = CaseSplit.HOLDOUT if is_held_out else CaseSplit.TUNE
        assert draft(conversation_id=id_).stored_split is expected
        # Nobody moves a case of a conversation into the other split
        assert draft(conversation_id=id_, split=CaseSplit.TUNE).stored_split is expected


@pytest.mark.parametrize("split", CaseSplit)
def test_the_split_of_other_cases_can_be_chosen(split: CaseSplit) -> None:
    assert draft(split=split).stored_split is split


def test_equal_messages_are_in_one_split_and_about_a_tenth_is_held_out() -> None:
    splits = [draft(f"question {number}").stored_split for number in range(2000)]
    assert splits == [draft(f"question {number}").stored_split for number in range(2000)]
    assert 140 < splits.count(CaseSplit.HOLDOUT) < 260
