"""An account may be removed while models answer for its evaluation."""

import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from core.database.db import transaction
from core.evaluations.models import EvaluationTest
from core.executions.models import Execution
from core.executions.runner import Runner
from core.identity.schemas import Role
from core.network.cancellation import CancelToken
from core.providers.chunks import Chunk
from core.providers.schemas import ModelCall
from core.providers.vendors.fake import Fake
from core.system.service import account_removal
from tests.factories.evaluations import run, started
from tests.factories.identity import person


def test_a_call_of_an_account_that_is_removed_meanwhile_ends_without_an_error(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    actor, boss = person().actor, person(Role.SUPER_ADMIN).actor
    evaluation_id, usual = started(actor), Fake.stream

    def stream(fake: Fake, call: ModelCall, cancel_token: CancelToken) -> Iterator[Chunk]:
        with transaction() as session:
            account_removal.remove_account(session, actor.id, actor=boss)
        yield from usual(fake, call, cancel_token)

    monkeypatch.setattr(Fake, "stream", stream)
    with caplog.at_level(logging.ERROR):
        run(evaluation_id)
    assert caplog.records == []
    with transaction() as session:
        assert session.get(EvaluationTest, evaluation_id) is None
        with_texts = select(func.count()).where(Execution.prompt.is_not(None))
        assert session.scalar(with_texts) == 0
