"""An address opens its object at the section that it names, whatever stands there."""

from collections.abc import Callable
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import ButtonGroup

from core.identity.schemas import Actor, SessionKind
from tests.factories import ab_tests, bots, datasets, evaluations, prompts
from tests.factories.identity import person
from tests.pages.conftest import SETTINGS, TUNING, Console


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


def control(app: AppTest) -> ButtonGroup[str]:
    return next(each for each in app.button_group if each.label in ("Section", "View"))


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
        assert control(app).value == expected


def test_an_address_opens_the_trend_instead_of_the_list_of_evaluations(console: Console) -> None:
    app = console(person(kind=SessionKind.BROWSER), "test/evaluations/page.py")
    control(app).set_value("Trend over versions").run()
    assert app.query_params == {"section": "Trend over versions"}
    app = console(person(kind=SessionKind.BROWSER), "test/evaluations/page.py")
    app.query_params["section"] = "Trend over versions"
    app.run()
    assert [each.label for each in app.selectbox] == ["Prompt or bot"]


MOVES: dict[str, tuple[str, str, tuple[str, str, str]]] = {
    "settings": (SETTINGS, "section", ("Workspace", "Prices", "Providers")),
    "knowledge": ("review/knowledge/page.py", "section", ("documents", "memories", "feedback")),
    "tuning": (TUNING, "view", ("queue", "conversations", "summary")),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_run_asked_for_before_the_browser_knew_of_back_does_not_undo_it(
    console: Console, name: str
) -> None:
    page, parameter, (first, second, third) = MOVES[name]
    app = console(person(kind=SessionKind.BROWSER), page)
    for section in (first, second, third):
        unaware = app._tree.get_widget_states()  # noqa: SLF001  as the browser tells them
        app.query_params[parameter] = section
        app.run()
    app._run(unaware)  # noqa: SLF001
    assert not app.exception
    assert str(control(app).value).lower() == third.lower()
    assert app.query_params[parameter] == third


def left(console: Console) -> AppTest:
    """Return the settings, where Back leads from Prices to Providers when they run next."""
    app = console(person(kind=SessionKind.BROWSER), SETTINGS)
    app.query_params["section"] = "Prices"
    app.run()
    app.query_params["section"] = "Providers"
    return app


def test_a_press_after_back_opens_the_section_that_was_left(console: Console) -> None:
    # A browser tells its former choice until it has heard of Back, which is no press
    app = left(console).run()
    control(app).set_value("Prices").run()
    assert control(app).value == app.query_params["section"] == "Prices"


def test_a_press_is_followed_when_the_browser_did_not_know_of_back_yet(console: Console) -> None:
    app = left(console)
    control(app).set_value("Quotas")
    pressed = app._tree.get_widget_states()  # noqa: SLF001  as the browser tells them
    control(app).set_value("Prices").run()
    app._run(pressed)  # noqa: SLF001
    assert control(app).value == app.query_params["section"] == "Quotas"
