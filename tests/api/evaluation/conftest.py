"""A worker that runs what is going on, and a dataset that API keys see."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.evaluations.models import EvaluationTest
from core.evaluations.schemas import EvaluationStatus
from core.executions.runner import Runner
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import CONTAINS, run
from tests.factories.identity import Person, person

DATASET = "Billing questions"


@pytest.fixture
def one(address: str, runner: Runner) -> Person:
    return person()


@pytest.fixture
def worker(one: Person) -> Iterator[None]:
    """Run what is going on, as the worker does."""
    stopping = threading.Event()

    def work() -> None:
        going_on = (EvaluationStatus.PENDING, EvaluationStatus.RUNNING)
        while not stopping.wait(0.05):
            with transaction() as session:
                rows = select(EvaluationTest.id).where(EvaluationTest.status.in_(going_on))
                found = list(session.scalars(rows))
            for id_ in found:
                run(id_)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stopping.set()
    thread.join()


def shared(one: Person, *texts: str, **more: Any) -> None:  # noqa: ANN401  fields of the cases
    cases = [question(text, assertions=[CONTAINS], **more) for text in texts]
    dataset(one.actor, *cases, name=DATASET, visibility="shared")
