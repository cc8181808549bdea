"""The list of prompts is searched by words."""

import pytest

from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Actor
from core.prompts.queries.prompts import list_prompts
from core.prompts.schemas import PromptFilter
from tests.factories.identity import person
from tests.factories.prompts import create


@pytest.fixture
def actor(database: object) -> Actor:
    """Return the owner of two prompts."""
    owner = person().actor
    create(
        owner,
        "refunds",
        "Explain our policies for {{product}}, 100%_sure.",
        description="Answers customers who are refunded",
        tags=["billing"],
    )
    create(owner, "greeting", "Say hello.", category="Small talk", system_prompt="Be kind.")
    return owner


def found(actor: Actor, q: str) -> list[str]:
    with transaction() as session:
        page = list_prompts(session, PromptFilter(q=q), Window(9), actor=actor)
    return sorted(prompt.name for prompt in page.items)


@pytest.mark.parametrize(
    "q",
    [
        "refund policy",  # other forms of the words, in any order
        "policy REFUND",
        "customer refunding",
        "refun polic",  # parts of words
        "explains billing",  # in different texts
        "for {{product}}",
        "100%_sure",
    ],
)
def test_a_prompt_is_found_by_all_words_in_any_form_and_order(actor: Actor, q: str) -> None:
    assert found(actor, q) == ["refunds"]


@pytest.mark.parametrize("q", ["refund greeting", "policy hello", "zebra", "pol_cies", "100%_x"])
def test_a_prompt_without_one_of_the_words_is_not_found(actor: Actor, q: str) -> None:
    assert found(actor, q) == []


def test_words_of_category_and_system_prompt_are_searched(actor: Actor) -> None:
    assert found(actor, "kindly small") == ["greeting"]


def test_the_longest_texts_are_searched(actor: Actor) -> None:
    words = " ".join(f"w{number:x}" for number in range(14_000))
    create(actor, "long", f"{words} parcels", system_prompt=words)
    assert found(actor, "parcel w10") == ["long"]


@pytest.mark.parametrize(
    ("q", "text"),
    [
        ("copy", "the scope"),
        ("easy", "please"),
        ("city", "explicit"),
        ("tries", "a trigger"),
        ("apis", "a map"),
        ("running", "a prune"),
    ],
)
def test_a_word_is_not_found_inside_another_one_by_its_stem(
    actor: Actor, q: str, text: str
) -> None:
    # The stem of “copy” is “cop”, which is in “scope”
    create(actor, "other", text)
    assert found(actor, q) == []


@pytest.mark.parametrize(
    ("q", "text"),
    [
        ("copies", "Copy it"),
        ("easy", "the easiest"),
        ("cities", "a city"),
        ("try", "He tried"),
        ("apis", "An API"),
        ("payments", "{{late_payment}}"),
        ("pay", "{{late_repayment}}"),
    ],
)
def test_other_forms_of_short_words_are_found(actor: Actor, q: str, text: str) -> None:
    create(actor, "other", text)
    assert found(actor, q) == ["other"]


def test_a_search_of_many_words_is_by_the_first_twenty_different_ones(actor: Actor) -> None:
    words = [f"w{number}." for number in range(20)]
    create(actor, "many", " ".join(words))
    assert found(actor, " ".join([*words, *words])) == ["many"]
    assert found(actor, " ".join([*words[:19], "zebra"])) == []
    assert found(actor, " ".join([*words, "zebra"])) == ["many"]
