"""Errors with long names are stored, or refused one by one: an index holds most names."""

import random
from typing import Any

import pytest
from sqlalchemy import text

from core.ai_metrics.schemas import NewRequest
from core.database.db import read_session
from core.ingest.prompts import REFERENCES
from core.platform import clock
from tests.factories.ai_metrics import request, send

pytestmark = pytest.mark.usefixtures("database")
LATIN, CHINESE = range(97, 123), range(0x4E00, 0x9FA5)


def failed(letters: range, lengths: int, **more: Any) -> NewRequest:  # noqa: ANN401  of a request
    """Return a request with random names, which Postgres cannot compress."""
    chance = random.Random(1)

    def name(length: int) -> str:
        return "".join(map(chr, chance.choices(letters, k=min(length, lengths))))

    names = {each: name(200) for each in ("model", "provider", "app", "release")}
    references = {each: name(128) for each in REFERENCES}
    return request(clock.now(), **({"error_type": name(500)} | names | references | more))


@pytest.mark.parametrize(("letters", "lengths"), [(LATIN, 150), (CHINESE, 50)])
def test_an_error_with_long_names_is_stored(letters: range, lengths: int) -> None:
    send(failed(letters, lengths))
    with read_session() as session:
        assert session.scalar(text("select count(*) from ai_request_metrics")) == 1


def test_an_error_whose_names_no_index_could_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="1,750 bytes together at most"):
        failed(CHINESE, 500)
