"""From one object to another by a link: fields show the other one, not what they held before."""

from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.evaluations.queries import results
from core.identity.schemas import Role, SessionKind
from tests.factories import ab_tests, datasets, evaluations, prompts
from tests.factories.identity import person
from tests.pages.conftest import Console, said


def fields(app: AppTest) -> dict[str, object]:
    assert not app.exception
    kinds = (app.text_input, app.text_area, app.multiselect, app.checkbox, app.number_input)
    return {each.label: each.value for some in kinds for each in some}


def follow(app: AppTest, name: str, id_: object, section: str = "") -> dict[str, object]:
    app.query_params[name] = str(id_)
    app.run()
    if section:
        group = next(each for each in app.button_group if each.label == "Section")
        group.set_value(section).run()
    return fields(app)


def test_the_details_of_a_dataset_are_those_of_the_one_that_is_open(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    one, two = (datasets.dataset(boss.actor, name=each) for each in ("one", "two"))
    app = console(boss, "test/datasets/page.py")
    assert follow(app, "dataset", one.id, "Details and sharing")["Name"] == "one"
    assert follow(app, "dataset", two.id)["Name"] == "two"


def test_who_sees_a_prompt_is_not_taken_over_from_the_one_before(console: Console) -> None:
    # A save stored the fields of the first prompt with the second
    boss, ada = person(kind=SessionKind.BROWSER), person(Role.ADMIN, email="ada@example.com")
    for name in ("one", "two"):
        prompts.create(boss.actor, name)
    app = console(boss, "test/prompts/page.py")
    one, two = (prompts.read(boss.actor, name).id for name in ("one", "two"))
    follow(app, "prompt", one, "Details and sharing")
    readers = next(each for each in app.multiselect if each.label == "Can read")
    readers.set_value([ada.actor.email])
    next(each for each in app.button if each.label == "Save sharing").click().run()
    assert fields(app)["Can read"] == [ada.actor.email]
    found = follow(app, "prompt", two)
    assert (found["Name"], found["Can read"]) == ("two", [])


def test_the_details_of_an_ab_test_are_those_of_the_one_that_is_open(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    made = {"variants": ab_tests.variants(boss.actor)}
    cases = [ab_tests.case(ab_tests.GOOD, ab_tests.BAD)]
    one, two = (
        ab_tests.created(boss.actor, cases, test_name=name, cost_limit_usd=limit, **made)
        for name, limit in (("one", "1"), ("two", "2"))
    )
    app = console(boss, "test/evaluations/ab_tests/page.py")
    app.query_params["test"] = str(one.id)
    app.run()
    app.button_group(key="ab_tests.section").set_value("Settings").run()
    found = follow(app, "test", two.id)
    assert (found["Name"], found["Cost limit in US dollars"]) == ("two", 2.0)


def test_an_open_case_does_not_stay_open_in_another_evaluation(console: Console) -> None:
    # Its page said that the case was not found
    boss = person(kind=SessionKind.BROWSER)
    one, two = (evaluations.evaluated(boss.actor, name=name) for name in ("one", "two"))
    app = console(boss, "test/evaluations/page.py")
    follow(app, "evaluation", one.id, "Cases")
    with transaction() as session:
        [case] = results.list_cases(session, one.id, actor=boss.actor).items
    follow(app, "case", case.id)
    assert "All cases" in [each.label for each in app.button]
    del app.query_params["case"]
    follow(app, "evaluation", two.id)
    assert "Case not found" not in said(app)
    assert len(app.dataframe) == 1


def test_the_filters_of_cases_are_those_of_the_dataset_that_is_open(console: Console) -> None:
    # Filtered by the choices of the one before, cases seemed to be missing
    boss = person(kind=SessionKind.BROWSER)
    one, two = (
        datasets.dataset(boss.actor, datasets.question(name), name=name) for name in ("one", "two")
    )
    app = console(boss, "test/datasets/page.py")
    follow(app, "dataset", one.id)
    next(each for each in app.text_input if each.label == "Search").set_value("one").run()
    assert len(app.dataframe) == 1
    assert follow(app, "dataset", two.id)["Search"] == ""
    assert "No cases match" not in said(app)
