"""The dataset of an evaluation and of an A/B test, by its name."""

from core.database.db import transaction
from core.datasets.service import datasets
from core.executions.runner import Runner
from core.identity.schemas import Role, SessionKind
from tests.factories.ab_tests import JUDGE, created
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import evaluated
from tests.factories.identity import person
from tests.factories.prompts import create
from tests.pages.conftest import Console, said


def test_an_evaluation_names_its_dataset_while_it_is_there(
    console: Console, runner: Runner
) -> None:
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    made = dataset(admin.actor, question("Where?"), name="Refunds")
    found = evaluated(admin.actor, dataset_id=str(made.id), test_cases=[])

    def head() -> str:
        app = console(admin, "test/evaluations/page.py")
        app.query_params["evaluation"] = str(found.id)
        return said(app.run())

    assert "1 case of “Refunds”, version 1" in head()
    with transaction() as session:
        datasets.delete_dataset(session, made.id, actor=admin.actor)
    assert "1 case · 1 run each" in head()


def test_an_ab_test_names_its_dataset(console: Console, runner: Runner) -> None:
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    made = dataset(admin.actor, question("Where?"), name="Refunds")
    versions = [create(admin.actor, name, "{{input}}") for name in ("one", "two")]
    variants = [{"template_id": str(it.id), "model_id": "fake:echo"} for it in versions]
    given = {"dataset_id": str(made.id), "variants": variants, "judge_model_id": JUDGE}
    test = created(admin.actor, [], **given)
    app = console(admin, "test/evaluations/ab_tests/page.py")
    app.query_params.update({"test": str(test.id), "section": "Settings"})
    assert "Dataset “Refunds”, all" in said(app.run())
