"""Answers are compared by meaning where there are embeddings, else by characters, which is said."""

import pytest

from core.identity.schemas import Role
from core.scoring.model_access import ExecutedModels
from core.scoring.text_measures.similarity import chrf, cosine
from tests.factories.identity import person
from tests.factories.scoring import QUESTION, scored, spec


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [((1, 0), (2, 0), 1), ((1, 0), (0, 1), 0), ((1, 0), (-1, 0), 0), ((0, 0), (1, 0), 0)],
)
def test_cosine(one: tuple[float, ...], other: tuple[float, ...], expected: float) -> None:
    assert cosine(one, other) == pytest.approx(expected)


def test_chrf_is_one_for_the_same_text_and_zero_for_another() -> None:
    assert chrf("Der Zug fährt.", "der zug  fährt.") == pytest.approx(1)
    assert chrf("abc", "xyz") == 0
    assert chrf("", "xyz") == 0
    assert chrf("", "") == 1


def test_chrf_of_a_hand_computed_pair() -> None:
    # abcd against abce, both of 4 characters: 3 of 4, 2 of 3, 1 of 2 and 0 of 1 grams are shared,
    # so precision and recall are both their mean.
    assert chrf("abcd", "abce") == pytest.approx((3 / 4 + 2 / 3 + 1 / 2 + 0) / 4)


def test_without_models_the_result_says_that_characters_were_compared() -> None:
    found = scored(spec("similarity", threshold=0.5), "Paris!")
    assert found.passed
    assert found.details["measure"] == "lexical"
    assert "not by meaning" in found.reason


@pytest.mark.usefixtures("runner")
def test_the_embeddings_of_a_provider_are_compared() -> None:
    models = ExecutedModels(person(Role.ADMIN).actor)
    scorer = spec("similarity", value="the capital is paris")
    same = scored(scorer, "paris is the capital", QUESTION, models)
    assert (same.passed, same.details["measure"]) == (True, "embeddings")
    assert same.score == pytest.approx(1)
    assert same.details["model_id"].startswith("fake:")
    other = scored(scorer, "forty two", QUESTION, models)
    assert other.passed is False


@pytest.mark.usefixtures("runner")
def test_a_model_without_embeddings_is_replaced_by_characters_and_named() -> None:
    models = ExecutedModels(person(Role.ADMIN).actor)
    scorer = spec("similarity", model_id="fake:plain")
    found = scored(scorer, "Paris", QUESTION, models)
    assert (found.passed, found.details["measure"]) == (True, "lexical")
    assert "embedding" in found.details["no_embeddings"]


@pytest.mark.usefixtures("runner")
def test_an_account_that_may_not_run_models_compares_characters() -> None:
    models = ExecutedModels(person(Role.ANALYST).actor)
    found = scored(spec("similarity"), "Paris", QUESTION, models)
    assert found.details["measure"] == "lexical"


@pytest.mark.usefixtures("database")
def test_of_an_empty_answer_it_is_not_said_that_models_are_missing() -> None:
    models = ExecutedModels(person(Role.ADMIN).actor)
    found = scored(spec("similarity"), " ", QUESTION, models)
    assert (found.passed, found.details["measure"]) == (False, "lexical")
    assert found.details["no_embeddings"] == "An empty text has no embedding."
