"""The list of datasets: only those of the account, as its address says."""

import pytest

from core.identity.schemas import SessionKind
from tests.factories import datasets
from tests.factories.identity import person
from tests.pages.conftest import Console, said

pytestmark = pytest.mark.usefixtures("database")
DATASETS = "test/datasets/page.py"


def test_without_datasets_of_ones_own_the_list_says_that_others_share_some(
    console: Console,
) -> None:
    datasets.dataset(person().actor, datasets.question("one"), visibility="shared")
    app = console(person(kind=SessionKind.BROWSER), DATASETS)
    app.toggle(key="datasets.mine").set_value(True).run()
    assert "No datasets of your own" in said(app)
    assert "No datasets yet" not in said(app)
    assert app.query_params == {"mine": "true"}


def test_a_dataset_that_is_closed_leads_back_to_the_filtered_list(console: Console) -> None:
    # The way back turned "Only mine" off
    boss = person(kind=SessionKind.BROWSER)
    made = datasets.dataset(boss.actor, datasets.question("one"))
    app = console(boss, DATASETS)
    app.query_params["mine"] = "true"
    app.query_params["dataset"], app.query_params["section"] = str(made.id), "Versions"
    app.run()
    next(each for each in app.button if each.label == "All datasets").click().run()
    assert app.query_params == {"mine": "true"}
    assert app.toggle(key="datasets.mine").value
