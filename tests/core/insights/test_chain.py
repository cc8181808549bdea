"""Each object shows its neighbours in both directions, and only those that its reader sees."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import event

from core.database.db import Database, transaction
from core.datasets.service import sources
from core.datasets.source_schemas import AnnotationChoice
from core.errors import Forbidden
from core.executions.runner import Runner
from core.identity.schemas import Actor, Role
from core.insights.chains.chain_views import Chain, ChainKind
from core.insights.errors import ChainMissing
from core.insights.queries.chains.chain import chain
from core.platform.ids import new_id
from core.presentation import formatting
from core.prompts.queries.labels import list_moves
from core.prompts.queries.versions import read_version
from tests.factories import conversations
from tests.factories.datasets import cases_of, dataset
from tests.factories.evaluations import evaluated
from tests.factories.identity import person
from tests.factories.prompts import create, label, save
from tests.factories.reviews import annotated


@dataclass(frozen=True)
class Loop:
    """A whole loop: each object by its kind."""

    actor: Actor
    prompt: UUID
    dataset: UUID
    ids: dict[ChainKind, str]


ORDER = (
    ChainKind.ANNOTATION,
    ChainKind.CASE,
    ChainKind.VERSION,
    ChainKind.EVALUATION,
    ChainKind.PROMOTION,
    ChainKind.EFFECT,
)
HOPS = 5  # the effect is that of the promotion


def note(said: list[str], *given: object) -> None:
    """Keep a statement that is executed."""
    said.append(str(given[2]))


@pytest.fixture
def loop(runner: Runner) -> Loop:
    """Walk from an annotation of a public prompt's answer to the promotion of its next version."""
    actor = person().actor
    prompt = create(actor, "support", "", system_prompt="Be kind.", visibility="public").id
    save(actor, prompt, system_prompt="Offer a refund.")
    label(actor, prompt, 1)
    conversations.stored(conversations.conversation())
    note = annotated(suggested_response="A refund.", applied_version="support@2")
    made = dataset(actor, name="Refunds")
    with transaction() as session, transaction(Database.AI) as ai:
        choice = AnnotationChoice(ids=(note,))
        sources.add_annotations(session, ai, made.id, choice, actor=actor)
    evaluation = evaluated(
        actor,
        target={"template_id": str(prompt), "version": 2},
        scorers=[{"kind": "contains", "values": ["refund"]}],
        dataset_id=str(made.id),
        test_cases=[],
    )
    label(actor, prompt, 2)
    with transaction() as session:
        move, version = list_moves(session, prompt)[0], read_version(session, prompt, 2)
    ids = {
        ChainKind.ANNOTATION: str(note),
        ChainKind.CASE: str(cases_of(actor, made.id)[0].id),
        ChainKind.VERSION: str(version.id),
        ChainKind.EVALUATION: str(evaluation.id),
        ChainKind.PROMOTION: str(move.id),
        ChainKind.EFFECT: "support@2",
    }
    return Loop(actor, prompt, made.id, ids)


def seen(actor: Actor, kind: ChainKind, id_: str) -> Chain:
    with transaction() as session, transaction(Database.AI) as ai:
        return chain(session, ai, kind, id_, actor=actor)


def kinds(actor: Actor, kind: ChainKind, id_: str) -> list[ChainKind]:
    return [link.kind for link in seen(actor, kind, id_).links]


def test_each_object_leads_to_all_others_in_order(loop: Loop) -> None:
    for kind in ORDER:
        links = seen(loop.actor, kind, loop.ids[kind]).links
        assert [(link.kind, link.id) for link in links] == [(it, loop.ids[it]) for it in ORDER]
        assert [link.kind for link in links if link.is_current] == [kind]


def test_a_chain_is_one_line_of_words(loop: Loop) -> None:
    links = seen(loop.actor, ChainKind.CASE, loop.ids[ChainKind.CASE]).links
    with transaction() as session:
        day = formatting.moment(list_moves(session, loop.prompt)[0].moved_at, "UTC")[:-6]
    assert [link.words for link in links] == [
        "annotation of 10 Nov",
        "case 1 of Refunds",
        "support v2",
        "evaluation 100% of 1",
        f"production since {day}",
        "effect",
    ]


def test_links_lead_to_the_pages_that_show_the_objects(loop: Loop) -> None:
    links = {it.kind: it for it in seen(loop.actor, ChainKind.VERSION, "support@2").links}
    prompt = str(loop.prompt)
    assert links[ChainKind.CASE].query == {
        "dataset": str(loop.dataset),
        "row": loop.ids[ChainKind.CASE],
    }
    assert links[ChainKind.VERSION].query == {"prompt": prompt, "version": "2"}
    assert links[ChainKind.PROMOTION].query == {"prompt": prompt, "section": "Labels"}
    assert links[ChainKind.EFFECT].page == "ai-metrics"
    assert links[ChainKind.EFFECT].query["prompt_version"] == "support@2"


def test_evaluations_and_datasets_of_others_are_not_shown_nor_counted(loop: Loop) -> None:
    other = person().actor
    assert kinds(other, ChainKind.VERSION, "support@2") == [
        ChainKind.ANNOTATION,
        ChainKind.VERSION,
        ChainKind.PROMOTION,
        ChainKind.EFFECT,
    ]
    for kind in (ChainKind.CASE, ChainKind.EVALUATION):
        with pytest.raises(ChainMissing):
            seen(other, kind, loop.ids[kind])


def test_a_private_prompt_is_missing_for_others(loop: Loop) -> None:
    save(loop.actor, loop.prompt, visibility="private")
    other = person().actor
    for kind in (ChainKind.VERSION, ChainKind.PROMOTION):
        with pytest.raises(ChainMissing):
            seen(other, kind, loop.ids[kind])
    assert kinds(other, ChainKind.ANNOTATION, loop.ids[ChainKind.ANNOTATION]) == [
        ChainKind.ANNOTATION
    ]


def test_a_reviewer_sees_the_annotation_alone(loop: Loop) -> None:
    reviewer = person(Role.REVIEWER).actor
    found = kinds(reviewer, ChainKind.ANNOTATION, loop.ids[ChainKind.ANNOTATION])
    assert found == [ChainKind.ANNOTATION]
    with pytest.raises(Forbidden):
        seen(reviewer, ChainKind.VERSION, loop.ids[ChainKind.VERSION])


def test_neighbours_of_the_same_kind_are_counted(loop: Loop) -> None:
    annotated(number=1, applied_version="support@2")
    evaluated(loop.actor, "one", target={"template_id": str(loop.prompt), "version": 2})
    links = {it.kind: it for it in seen(loop.actor, ChainKind.VERSION, "support@2").links}
    assert (links[ChainKind.ANNOTATION].others, links[ChainKind.EVALUATION].others) == (1, 1)


def test_a_case_prefers_the_evaluation_that_it_is_in(loop: Loop) -> None:
    evaluated(loop.actor, "one", target={"template_id": str(loop.prompt), "version": 2})
    links = {it.kind: it for it in seen(loop.actor, ChainKind.CASE, loop.ids[ChainKind.CASE]).links}
    assert links[ChainKind.EVALUATION].id == loop.ids[ChainKind.EVALUATION]


def test_a_promotion_ends_when_its_label_moves_on(loop: Loop) -> None:
    label(loop.actor, loop.prompt, 1)
    words = [link.words for link in seen(loop.actor, ChainKind.VERSION, "support@2").links]
    assert any(it.startswith("production on ") for it in words)


def test_a_case_without_an_annotation_leads_to_the_version_that_was_measured(loop: Loop) -> None:
    hand = dataset(loop.actor, {"messages": [{"role": "user", "content": "x"}]}, name="By hand")
    evaluated(
        loop.actor,
        target={"template_id": str(loop.prompt), "version": 1},
        dataset_id=str(hand.id),
        test_cases=[],
    )
    case = str(cases_of(loop.actor, hand.id)[0].id)
    assert [link.words for link in seen(loop.actor, ChainKind.CASE, case).links][:3] == [
        "case 1 of By hand",
        "support v1",
        "evaluation 0% of 1",
    ]
    assert kinds(loop.actor, ChainKind.VERSION, "support@1")[0] is ChainKind.DATASET


def test_an_evaluation_of_no_version_shows_its_dataset(loop: Loop) -> None:
    found = evaluated(loop.actor, dataset_id=str(loop.dataset), test_cases=[])
    links = seen(loop.actor, ChainKind.EVALUATION, str(found.id)).links
    assert [link.kind for link in links] == [ChainKind.DATASET, ChainKind.EVALUATION]


def test_an_evaluation_of_two_versions_says_how_the_other_did(loop: Loop) -> None:
    both = [{"template_id": str(loop.prompt), "version": number} for number in (1, 2)]
    refund = [{"kind": "contains", "values": ["refund"]}]
    evaluated(loop.actor, "one", targets=both, scorers=refund)
    links = {it.kind: it for it in seen(loop.actor, ChainKind.VERSION, "support@1").links}
    assert links[ChainKind.EVALUATION].words == "evaluation 0% of 1, best other 100% of 1"


def test_an_evaluation_of_models_alone_says_how_the_best_did(loop: Loop) -> None:
    models = [{"model_id": "fake:echo"}, {"model_id": "fake:steady"}]
    found = evaluated(loop.actor, targets=models, dataset_id=str(loop.dataset), test_cases=[])
    link = seen(loop.actor, ChainKind.EVALUATION, str(found.id)).links[-1]
    assert link.words.startswith("evaluation best of 2 targets ")


@pytest.mark.parametrize("kind", list(ChainKind))
def test_what_is_not_there_is_missing(database: object, kind: ChainKind) -> None:
    actor = person().actor
    for id_ in ("x", "9" * 40, "a@b", "support@99999999999", str(new_id())):
        with pytest.raises(ChainMissing):
            seen(actor, kind, id_)


def test_a_chain_takes_a_query_for_each_hop(loop: Loop) -> None:
    for kind in ORDER:
        seen(loop.actor, kind, loop.ids[kind])  # the time zone is cached from here on
        said: list[str] = []
        with transaction() as session, transaction(Database.AI) as ai:
            for each in (session, ai):
                event.listen(each.connection(), "before_cursor_execute", partial(note, said))
            chain(session, ai, kind, loop.ids[kind], actor=loop.actor)
        assert len(said) == HOPS
