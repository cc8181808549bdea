"""The list of prompts is filtered and sorted by its address, which an open prompt keeps."""

import pytest

from core.identity.schemas import Role, SessionKind
from tests.factories.identity import Person, person
from tests.factories.prompts import create, read
from tests.pages.conftest import Console, said
from tests.pages.test.prompts.test_prompts import PROMPTS, press


@pytest.fixture
def admin(database: object) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


@pytest.fixture(autouse=True)
def prompts(admin: Person) -> None:
    create(admin.actor, "refunds", category="Support", tags=("mail",))
    create(admin.actor, "returns", category="Support", tags=("chat",))
    create(admin.actor, "slogans", category="Ads")


def test_the_address_filters_and_sorts_prompts(console: Console, admin: Person) -> None:
    app = console(admin, PROMPTS)
    app.query_params["category"] = "Support"
    app.query_params["sort"] = "name"
    app.run()
    assert list(app.dataframe[0].value["Name"]) == ["refunds", "returns"]
    app.query_params["tag"] = "chat"
    app.run()
    assert list(app.dataframe[0].value["Name"]) == ["returns"]


def test_the_address_follows_the_filters_of_prompts(console: Console, admin: Person) -> None:
    app = console(admin, PROMPTS)
    app.selectbox(key="prompts.category").set_value("Support").run()
    app.selectbox(key="prompts.tag").set_value("mail").run()
    app.text_input(key="prompts.q").set_value("refund").run()
    app.toggle(key="prompts.mine").set_value(True).run()
    assert app.query_params == {"category": "Support", "tag": "mail", "q": "refund", "mine": "true"}
    assert list(app.dataframe[0].value["Name"]) == ["refunds"]


def test_a_prompt_that_is_closed_leads_back_to_the_filtered_list(
    console: Console, admin: Person
) -> None:
    app = console(admin, PROMPTS)
    app.query_params["category"], app.query_params["mine"] = "Support", "true"
    app.query_params["prompt"] = str(read(admin.actor, "refunds").id)
    app.query_params["section"] = "Versions"
    app.run()
    press(app, "All prompts")
    assert app.query_params == {"category": "Support", "mine": "true"}
    assert sorted(app.dataframe[0].value["Name"]) == ["refunds", "returns"]


def test_a_category_of_the_address_that_no_prompt_has_is_shown_as_chosen(
    console: Console, admin: Person
) -> None:
    app = console(admin, PROMPTS)
    app.query_params["category"] = "Gone"
    app.query_params["sort"] = "lost"
    app.run()
    assert "No prompts match" in said(app)
    assert app.selectbox(key="prompts.category").value == "Gone"
