"""Figures of a blind comparison: with the names, they are hidden until the vote."""

from core.comparisons.queries import FIGURES, get_comparison
from core.database.db import transaction
from core.executions.runner import Runner
from tests.factories.comparisons import asked, begun, voted
from tests.factories.identity import person


def test_a_blind_comparison_shows_figures_from_the_vote_on(runner: Runner) -> None:
    actor = person().actor
    comparison = begun(actor, blind=True)
    asked(actor, comparison)
    with transaction() as session:
        [turn] = get_comparison(session, comparison.id, owner=actor.id).turns
    assert all(answer.content for answer in turn.answers)
    assert not any(getattr(answer, name) for answer in turn.answers for name in FIGURES)
    [turn] = voted(actor, comparison, "tie").turns
    names = FIGURES - {"tokens_estimated"}
    assert None not in {getattr(answer, name) for answer in turn.answers for name in names}
