"""An address opens its object at the section that it names, whatever stands there."""

from collections.abc import Callable
from uuid import UUID

import pytest

from core.identity.schemas import Actor, SessionKind
from tests.factories import ab_tests, bots, datasets, evaluations, prompts
from tests.factories.identity import person
from tests.pages.conftest import Console


def prompt(actor: Actor) -> UUID:
    prompts.create(actor, "one")
    return prompts.read(actor, "one").id


def ab_test(actor: Actor) -> UUID:
    variants = ab_tests.variants(actor)
    return ab_tests.created(actor, [ab_tests.case("a", "b")], variants=variants).id


OBJECTS: dict[str, tuple[str, Callable[[Actor], UUID], str, str]] = {
    "prompt": ("prompts", prompt, "Labels", "Edit"),
    "bot": ("bots", lambda actor: bots.made(actor).id, "Scenarios", "Personality"),
    "dataset": ("datasets", lambda actor: datasets.dataset(actor).id, "Versions", "Cases"),
    "evaluation": (
        "evaluations",
        lambda actor: evaluations.evaluated(actor).id,
        "Settings",
        "Results",
    ),
    "test": ("evaluations/ab_tests", ab_test, "Settings", "Result"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_address_opens_the_section_that_it_names(console: Console, name: str) -> None:
    page, make, section, first = OBJECTS[name]
    boss = person(kind=SessionKind.BROWSER)
    app = console(boss, f"test/{page}/page.py")
    app.query_params[name] = str(make(boss.actor))
    for given, expected in ((section, section), ("nonsense", first)):
        app.query_params["section"] = given
        app.run()
        assert not app.exception
        assert next(each for each in app.button_group if each.label == "Section").value == expected
