"""A vote that is given again: with another reason, or another outcome."""

import pytest

from core.executions.runner import Runner
from core.identity.schemas import Actor
from tests.factories.comparisons import asked, begun, voted
from tests.factories.identity import person


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def test_a_blind_vote_with_another_reason_stays_blind(actor: Actor) -> None:
    comparison = begun(actor, blind=True)
    asked(actor, comparison)
    voted(actor, comparison, "tie")
    [turn] = voted(actor, comparison, "tie", reason="Calmer.").turns
    assert (turn.blind, turn.reason) == (True, "Calmer.")


def test_another_outcome_after_the_names_are_shown_is_not_blind(actor: Actor) -> None:
    comparison = begun(actor, blind=True)
    asked(actor, comparison)
    voted(actor, comparison, 1)
    [turn] = voted(actor, comparison, 2).turns
    assert turn.blind is False
