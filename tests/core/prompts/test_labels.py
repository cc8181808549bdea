"""Labels point at versions, move with history, and go back in one step."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from core.database.db import transaction
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.presentation.periods import Period
from core.prompts.errors import LabelMissing, NothingToRollBack, VersionMissing
from core.prompts.queries import labels as label_queries
from core.prompts.queries.labels import list_moves, list_promotions
from core.prompts.service import labels
from tests.factories.identity import person
from tests.factories.prompts import create, label, read, render, save


@pytest.fixture
def actor(database: object) -> Actor:
    return person().actor


@pytest.fixture
def prompt(actor: Actor) -> UUID:
    """Return a prompt with two versions."""
    made = create(actor, prompt="one")
    save(actor, made.id, prompt="two")
    return made.id


def back(actor: Actor, prompt: UUID, name: str = "production") -> int:
    with transaction() as session:
        found = labels.roll_back(session, prompt, name, actor=actor)
    return next(each.version for each in found.labels if each.name == name)


def moves(prompt: UUID) -> list[tuple[str, int | None, int | None]]:
    with transaction() as session:
        return [
            (move.label, move.from_version, move.to_version) for move in list_moves(session, prompt)
        ]


def test_a_label_renders_the_version_it_points_at(actor: Actor, prompt: UUID) -> None:
    label(actor, prompt, 1)
    assert render(actor, prompt, label="production").prompt == "one"
    label(actor, prompt, 2)
    assert render(actor, prompt, label="production").prompt == "two"
    assert render(actor, prompt).prompt == "two"


def test_every_move_is_in_the_history_with_who_and_from_where(actor: Actor, prompt: UUID) -> None:
    label(actor, prompt, 1)
    label(actor, prompt, 1)
    found = label(actor, prompt, 2)
    label(actor, prompt, 1, "staging")
    assert moves(prompt) == [("staging", None, 1), ("production", 1, 2), ("production", None, 1)]
    assert found.labels[0].moved_by_name == actor.name


def test_a_rollback_goes_to_where_the_label_was_before(actor: Actor, prompt: UUID) -> None:
    for version in (1, 2, 1):
        label(actor, prompt, version)
    save(actor, prompt, prompt="three")
    label(actor, prompt, 3)
    assert back(actor, prompt) == 1


def test_a_second_rollback_goes_further_back_and_never_to_the_version_that_was_left(
    actor: Actor, prompt: UUID
) -> None:
    # It led back to the bad version that the first one had left
    save(actor, prompt, prompt="three")
    for version in (1, 2, 3):
        label(actor, prompt, version)
    assert [back(actor, prompt), back(actor, prompt)] == [2, 1]
    with pytest.raises(NothingToRollBack):
        back(actor, prompt)
    label(actor, prompt, 3)
    assert back(actor, prompt) == 1


def test_a_label_that_was_removed_and_added_again_goes_back_to_nothing_older(
    actor: Actor, prompt: UUID
) -> None:
    label(actor, prompt, 1)
    with transaction() as session:
        labels.remove_label(session, prompt, "production", actor=actor)
    label(actor, prompt, 2)
    with pytest.raises(NothingToRollBack):
        back(actor, prompt)


def test_a_label_that_never_moved_cannot_go_back(actor: Actor, prompt: UUID) -> None:
    with pytest.raises(LabelMissing):
        back(actor, prompt)
    label(actor, prompt, 1)
    with pytest.raises(NothingToRollBack):
        back(actor, prompt)


def test_a_removed_label_is_gone_and_its_history_stays(actor: Actor, prompt: UUID) -> None:
    label(actor, prompt, 1)
    with transaction() as session:
        labels.remove_label(session, prompt, "production", actor=actor)
    assert read(actor, prompt).labels == []
    assert moves(prompt)[0] == ("production", 1, None)
    with pytest.raises(LabelMissing):
        render(actor, prompt, label="production")


def test_a_label_needs_a_version_that_exists(actor: Actor, prompt: UUID) -> None:
    with pytest.raises(VersionMissing):
        label(actor, prompt, 3)


@pytest.mark.parametrize("name", ["latest", "7", "", "a b", "a@b", "A"])
def test_a_label_is_no_number_and_not_latest(actor: Actor, prompt: UUID, name: str) -> None:
    with pytest.raises(ValidationError):
        label(actor, prompt, 1, name)


def promotions(actor: Actor, start: datetime, end: datetime) -> list[str]:
    with transaction() as session:
        return [each.version for each in list_promotions(session, Period(start, end), actor=actor)]


def test_promotions_are_the_moves_of_public_prompts_into_production(actor: Actor) -> None:
    start = clock.now()
    public, private = (create(actor, name, visibility=name) for name in ("public", "private"))
    save(actor, public.id, prompt="two")
    for version, name in ((2, "production"), (1, "staging"), (1, "production")):
        label(actor, public.id, version, name)
    label(actor, private.id, 1)
    with transaction() as session:
        labels.remove_label(session, public.id, "production", actor=actor)
    end = clock.now()
    assert promotions(actor, start, end) == ["public@2", "public@1"]
    assert promotions(actor, end, end + timedelta(days=1)) == []
    assert promotions(person(Role.ANALYST).actor, start, end) == ["public@2", "public@1"]


def test_of_many_promotions_the_newest_are_listed(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_queries, "MOST_MOVES", 2)
    start = clock.now()
    public = create(actor, "public", visibility="public")
    save(actor, public.id, prompt="two")
    for version in (1, 2, 1):
        label(actor, public.id, version)
    assert promotions(actor, start, clock.now()) == ["public@2", "public@1"]
