"""The leaderboard of all accounts: votes on comparisons and replays, without hidden prompts."""

from uuid import UUID

import pytest

from core.comparisons.schemas import Contestant, NewComparison, Standing, VoteScope
from core.comparisons.service import comparisons
from core.comparisons.service.leaderboard import read_leaderboard
from core.database.db import Database, transaction
from core.executions import runner as runners
from core.identity.schemas import Actor
from core.playground.replay_schemas import NewReplay, NewReplayVote
from core.playground.service import replay_votes, replays
from tests.factories import prompts
from tests.factories.comparisons import asked, begun, voted
from tests.factories.conversations import conversation, message, stored
from tests.factories.executions import ended
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database", "runner")


def standings(
    actor: Actor, by: Contestant = Contestant.MODEL, scope: VoteScope = VoteScope.TEAM
) -> dict[str, tuple[int, int, int]]:
    """Return wins, losses and ties by name."""
    with transaction() as session:
        found: list[Standing] = read_leaderboard(session, by, blind=False, actor=actor, scope=scope)
    return {each.name: (each.wins, each.losses, each.ties) for each in found}


def voted_once(actor: Actor, outcome: int | str = 1) -> None:
    comparison = begun(actor, "fake:echo", "fake:plain")
    asked(actor, comparison)
    voted(actor, comparison, outcome)


def replay_voted(actor: Actor, outcome: str) -> UUID:
    """Replay an answer of the model `plain` by `fake:echo`, and vote."""
    told = [
        message(0, content="Where is it?"),
        message(1, content="Lost.", model="plain", prompt_name="support"),
    ]
    stored(conversation("c") | {"messages": told})
    wanted = NewReplay(message_id="m1", model_id="fake:echo")
    with transaction() as core, transaction(Database.AI) as ai:
        started = replays.start(core, ai, wanted, actor=actor)
    buffer = runners.current().find(started.execution_id)
    assert buffer is not None
    ended(buffer)
    vote = NewReplayVote.model_validate({"outcome": outcome})
    with transaction() as core, transaction(Database.AI) as ai:
        replay_votes.vote(core, ai, started.session_id, vote, actor=actor)
    return started.session_id


def test_votes_of_all_accounts_are_counted_together_and_own_ones_alone() -> None:
    one, other = person().actor, person().actor
    voted_once(one)
    voted_once(other)
    assert standings(one) == {"fake:echo": (2, 0, 0), "fake:plain": (0, 2, 0)}
    assert standings(one, scope=VoteScope.OWN)["fake:echo"] == (1, 0, 0)


@pytest.mark.parametrize(
    ("outcome", "echo", "plain"),
    [
        ("new", (1, 0, 0), (0, 1, 0)),
        ("original", (0, 1, 0), (1, 0, 0)),
        ("tie", (0, 0, 1), (0, 0, 1)),
    ],
)
def test_a_vote_on_a_replay_counts_for_the_models_of_both_answers(
    outcome: str, echo: tuple[int, int, int], plain: tuple[int, int, int]
) -> None:
    actor = person().actor
    replay_voted(actor, outcome)
    assert standings(actor) == {"fake:echo": echo, "fake:plain": plain}
    assert standings(person().actor, scope=VoteScope.OWN) == {}


def test_a_vote_on_a_replay_counts_for_the_prompt_of_production() -> None:
    replay_voted(person().actor, "original")
    found = standings(person().actor, Contestant.PROMPT)
    assert found == {"support": (1, 0, 0), "Default prompt": (0, 1, 0)}


def test_both_bad_counts_for_nothing() -> None:
    actor = person().actor
    replay_voted(actor, "both_bad")
    voted_once(actor, "both_bad")
    assert standings(actor) == {}


@pytest.mark.parametrize("visibility", ["private", "public"])
def test_a_prompt_is_named_to_others_when_they_see_it(visibility: str) -> None:
    owner, other = person().actor, person().actor
    for name, seen in (("secret", visibility), ("open", "public")):
        prompts.create(owner, name, "", system_prompt=name, visibility=seen)
    columns = [{"model": "fake:echo", "prompt": name} for name in ("secret", "open")]
    with transaction() as session:
        new = NewComparison.model_validate({"columns": columns})
        comparison = comparisons.begin(session, new, actor=owner)
    asked(owner, comparison)
    voted(owner, comparison, 1)
    whole = {"secret@1": (1, 0, 0), "open@1": (0, 1, 0)}
    assert standings(owner, Contestant.PROMPT) == whole
    assert standings(other, Contestant.PROMPT) == (whole if visibility == "public" else {})
