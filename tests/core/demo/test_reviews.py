"""What the demo's reviewers say: as much as is promised, of all sorts, sensible, and not always of
one mind.
"""

from collections import Counter, defaultdict
from datetime import datetime
from functools import cache
from typing import Any

from core.annotations.schemas import AnnotationSeverity, AnnotationStatus, AnnotationType, ItemState
from core.annotations.settings import FIRST_TAGS
from core.demo.ingest.demo_annotations import read
from core.demo.schemas import DECIDING, DemoNote, DemoReview
from core.imports.parsed import RowKind
from tests.core.demo.conftest import UNTIL, World
from tools.demo.loaded import table


@cache
def reviews() -> list[DemoReview]:
    return list(read(UNTIL))


def notes() -> list[DemoNote]:
    return [note for review in reviews() for note in review.notes]


def said(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """Return all messages, by what their sender calls them."""
    return {
        (talk["id"], message["id"]): message
        for talk in world.of(RowKind.CONVERSATIONS)
        for message in talk["messages"]
    }


def agreed(pairs: list[tuple[AnnotationType, AnnotationType]]) -> float:
    """Return Krippendorff's alpha of pairs: of nominal values without gaps, by its formula for
    coincidences.
    """
    totals = Counter(kind for pair in pairs for kind in pair)
    every = sum(totals.values())
    differ = sum(first is not second for first, second in pairs) / len(pairs)
    by_chance = 1 - sum(count * (count - 1) for count in totals.values()) / (every * (every - 1))
    return 1 - differ / by_chance


def test_there_are_as_many_annotations_as_promised_of_all_sorts() -> None:
    found = notes()
    assert 1300 < len(found) <= 1700
    assert min(Counter(note.kind for note in found)[kind] for kind in AnnotationType) >= 100
    assert min(Counter(note.status for note in found)[status] for status in AnnotationStatus) >= 50
    assert (
        min(Counter(note.severity for note in found)[severity] for severity in AnnotationSeverity)
        >= 50
    )
    assert {tag for note in found for tag in note.tags} == set(FIRST_TAGS)


def test_reviewers_disagree_as_people_do() -> None:
    pairs = [(each.notes[0].kind, each.notes[1].kind) for each in reviews() if each.wanted == 2]
    assert len(pairs) >= 400
    assert 0.4 < agreed(pairs) < 0.8


def test_who_disagrees_is_decided_between_and_some_wait_for_that() -> None:
    states = Counter(each.state for each in reviews())
    assert 5 <= states[ItemState.ADJUDICATION] <= 15
    for each in reviews():
        rounds = [note.round for note in each.notes]
        is_one = len({note.kind for note in each.notes if note.round != DECIDING}) == 1
        assert rounds == (
            [1, 2, 3]
            if not is_one and each.state is ItemState.DONE
            else list(range(1, each.wanted + 1))
        )
        assert len({note.reviewer for note in each.notes}) == len(each.notes)
        assert (each.state is ItemState.DONE) or not is_one


def test_corrections_suggest_an_answer_and_other_words_fit() -> None:
    for note in notes():
        assert "{" not in note.content + (note.suggested_response or "")
        assert note.content or note.kind is AnnotationType.APPROVED
        assert (note.severity is None) is (note.kind is AnnotationType.APPROVED)
        assert note.suggested_response or note.kind is not AnnotationType.CORRECTION
    assert len({note.content for note in notes()}) > 250


def test_users_are_only_flagged(world: World) -> None:
    messages = said(world)
    found: defaultdict[bool, set[AnnotationType]] = defaultdict(set)
    for each in reviews():
        found[messages[each.conversation, each.message]["role"] == "user"] |= {
            note.kind for note in each.notes
        }
    assert found[True] == {AnnotationType.FLAG}
    assert found[False] == set(AnnotationType)


def test_nothing_is_said_before_its_message_or_after_the_end(world: World) -> None:
    messages = said(world)
    for each in reviews():
        said_at = datetime.fromisoformat(messages[each.conversation, each.message]["created_at"])
        times = [said_at, *(note.at for note in each.notes)]
        assert times == sorted(times)
        assert max(*times, *(note.decided_at for note in each.notes if note.decided_at)) <= UNTIL


def test_no_text_is_left_unsaid() -> None:
    assert len(table("reviews")["reviewers"]) == len({note.reviewer for note in notes()})
