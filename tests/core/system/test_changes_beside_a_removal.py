"""What the owner of an account, or another admin, changes while the account is removed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.database.db import transaction
from core.datasets.models import Dataset
from core.datasets.schemas import DatasetChange
from core.datasets.service import datasets
from core.errors import Failure
from core.identity.schemas import Role
from core.promotions import service as promotions
from core.prompts.models import PromptTemplate
from core.prompts.schemas import PromptChange
from core.prompts.service import prompts
from core.saved_views import service as saved_views
from core.saved_views.schemas import NewSavedView
from core.system.service import account_removal
from tests.factories.datasets import dataset
from tests.factories.identity import Person, person
from tests.factories.prompts import create
from tests.faults.program import until

pytestmark = pytest.mark.usefixtures("database")
WAITING = text("select count(*) from pg_locks where not granted")
PATIENCE_S = 20


@pytest.fixture
def boss() -> Person:
    return person(Role.SUPER_ADMIN)


def is_waited() -> bool:
    with transaction() as session:
        return bool(session.scalar(WAITING))


def while_removed(
    removed: Person, boss: Person, monkeypatch: pytest.MonkeyPatch, act: Callable[[Session], object]
) -> None:
    """Begin to act once what only the account sees has been deleted, and before it is removed."""
    usual = promotions.hand_over_evidence
    acting = list[Future[None]]()

    def run() -> None:
        with transaction() as session:
            act(session)

    with ThreadPoolExecutor(1) as pool:

        def hand_over(session: Session, account_id: UUID, *, to: UUID) -> None:
            acting.append(pool.submit(run))
            until(lambda: acting[0].done() or is_waited(), PATIENCE_S)
            usual(session, account_id, to=to)

        monkeypatch.setattr(promotions, "hand_over_evidence", hand_over)
        with transaction() as session:
            account_removal.remove_account(session, removed.actor.id, actor=boss.actor)
    assert isinstance(acting[0].exception(PATIENCE_S), Failure)


def count_ownerless(table: type[Dataset | PromptTemplate]) -> int | None:
    with transaction() as session:
        private = (table.owner.is_(None), table.visibility == "private")
        return session.scalar(select(func.count()).select_from(table).where(*private))


def test_a_dataset_that_becomes_private_meanwhile_does_not_stay_without_an_owner(
    boss: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without an owner, nobody could see or delete it
    owner = person()
    made = dataset(owner.actor, visibility="shared")
    change = DatasetChange.model_validate({"visibility": "private"})
    while_removed(
        owner,
        boss,
        monkeypatch,
        lambda session: datasets.change_dataset(session, made.id, change, actor=owner.actor),
    )
    assert count_ownerless(Dataset) == 0


def test_a_prompt_that_becomes_private_meanwhile_does_not_stay_without_an_owner(
    boss: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = person()
    made = create(owner.actor, visibility="public")
    change = PromptChange.model_validate({"visibility": "private"})
    while_removed(
        owner,
        boss,
        monkeypatch,
        lambda session: prompts.change_prompt(session, made.id, change, actor=owner.actor),
    )
    assert count_ownerless(PromptTemplate) == 0


def test_a_shared_view_that_is_deleted_meanwhile_is_handed_over_first(
    boss: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, other = person(), person()
    shared = {"name": "Errors", "page": "ai-metrics", "query": {"days": "7"}, "is_shared": True}
    with transaction() as session:
        new = NewSavedView.model_validate(shared)
        view = saved_views.create_view(session, new, actor=owner.actor)
    usual, deleting = saved_views._place, list[Future[None]]()  # noqa: SLF001

    def delete() -> None:
        with transaction() as session:
            saved_views.delete_view(session, view.id, actor=other.actor)

    with ThreadPoolExecutor(1) as pool:

        def place(row: object, name: str) -> object:
            if not deleting:  # the rows have been read
                deleting.append(pool.submit(delete))
                until(lambda: deleting[0].done() or is_waited(), PATIENCE_S)
            return usual(row, name)  # type: ignore[arg-type]

        monkeypatch.setattr(saved_views, "_place", place)
        with transaction() as session:
            account_removal.remove_account(session, owner.actor.id, actor=boss.actor)
        deleting[0].result(PATIENCE_S)
