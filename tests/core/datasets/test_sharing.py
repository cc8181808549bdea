"""Who sees and changes a dataset; its texts are not in the database in plain text."""

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.datasets.errors import DatasetMissing, DatasetNameTaken, NotYourDataset
from core.datasets.queries.datasets import get_dataset
from core.datasets.schemas import DatasetChange
from core.datasets.service import datasets
from core.errors import Forbidden
from core.identity.schemas import Role
from core.system.service import account_removal
from tests.core.executions.test_encrypted_at_rest import everything
from tests.factories.datasets import cases_of, dataset, question
from tests.factories.identity import Person, person

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def one() -> Person:
    return person()


def test_a_private_dataset_is_not_found_by_others_and_a_shared_one_is_read_only(
    one: Person,
) -> None:
    made, other = dataset(one.actor, question("x")), person()
    with pytest.raises(DatasetMissing):
        cases_of(other.actor, made.id)
    with transaction() as session:
        change = DatasetChange.model_validate({"visibility": "shared"})
        assert datasets.change_dataset(session, made.id, change, actor=one.actor).version == 1
    assert len(cases_of(other.actor, made.id)) == 1
    for act in (
        lambda session: datasets.delete_dataset(session, made.id, actor=other.actor),
        lambda session: datasets.change_dataset(session, made.id, change, actor=other.actor),
    ):
        with pytest.raises(NotYourDataset), transaction() as session:
            act(session)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
def test_roles_that_run_no_models_see_no_dataset(one: Person, role: Role) -> None:
    made = dataset(one.actor, visibility="shared")
    with pytest.raises(Forbidden), transaction() as session:
        get_dataset(session, made.id, actor=person(role).actor)


def test_a_name_is_unique_for_its_owner_only(one: Person) -> None:
    dataset(one.actor, name="Billing")
    dataset(person().actor, name="Billing")
    with pytest.raises(DatasetNameTaken):
        dataset(one.actor, name="BILLING")


def test_a_removed_account_leaves_its_shared_datasets_to_everyone(one: Person) -> None:
    shared = dataset(one.actor, question("x"), visibility="shared")
    private = dataset(one.actor, question("y"), name="Private")
    with transaction() as session:
        account_removal.remove_account(session, one.actor.id, actor=person(Role.SUPER_ADMIN).actor)
    other = person()
    with transaction() as session:
        datasets.delete_dataset(session, shared.id, actor=other.actor)
        left = session.execute(
            text("select count(*) from datasets where id = :id"), {"id": private.id}
        )
        assert left.scalar_one() == 0


def test_no_text_of_a_dataset_is_in_the_database(one: Person) -> None:
    words = ["Aardvark", "Bandicoot", "Capybara", "Dormouse", "Echidna", "Fennec"]
    case = question(
        words[0],
        reference=words[1],
        rejected=words[2],
        context={"pet": words[3]},
        assertions=[{"kind": "contains", "values": [words[4]]}],
    )
    made = dataset(one.actor, case, description=words[5])
    [found] = cases_of(one.actor, made.id)
    assert (found.content.messages[0].content, made.description) == (words[0], words[5])
    stored = everything()
    assert str(made.id) in stored
    assert not [word for word in words if word in stored]
