"""Packaged prices that are stored follow those of the installed release of the product."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Self

import pytest
from genai_prices import data_snapshot
from sqlalchemy import select, update

from core.database.db import transaction
from core.platform import clock
from core.providers.models import ModelPrice
from core.providers.queries import token_prices
from core.providers.queries.token_prices import Rate
from core.providers.schemas import Connection
from tests.factories.identity import person
from tests.factories.providers import OPENAI, stored
from tests.factories.requests import price

MODEL = "gpt-4o-mini"


@pytest.fixture(autouse=True)
def cleared(database: object) -> Iterator[None]:
    token_prices.clear_cache()
    yield
    token_prices.clear_cache()


def rates(provider: str = "openai", model: str = MODEL) -> list[Rate]:
    token_prices.clear_cache()
    return token_prices.list_rates(provider, model)


def of_an_older_release() -> None:
    """Store other packaged prices than those that are installed."""
    with transaction() as session:
        session.execute(update(ModelPrice).values(input=77, output=88, cached_input=None))


def test_a_stored_packaged_price_is_renewed_and_keeps_its_id() -> None:
    before = rates()
    of_an_older_release()
    assert rates() == before


class Evening(datetime):
    """A time at which DeepSeek's prices were half of those by day."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 18, 20, tzinfo=tz)


def test_a_stored_price_does_not_change_with_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    # Some vendors are cheaper by night
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 18, 9, tzinfo=UTC))
    before = rates("deepseek", "deepseek-chat")
    monkeypatch.setattr(clock, "now", lambda: Evening.now(UTC))
    monkeypatch.setattr(data_snapshot, "datetime", Evening)
    assert rates("deepseek", "deepseek-chat") == before


def test_a_custom_price_stays_valid_and_unchanged() -> None:
    before = rates()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = price(person().actor, MODEL, at, provider="openai", input="5", output="6")
    with transaction() as session:
        packaged = ModelPrice.id == before[0].price_id
        session.execute(update(ModelPrice).where(packaged).values(input=77))
    assert rates()[0] == before[0]
    assert rates()[-1].price_id == made.id
    assert rates()[-1].input == 5_000_000


def test_the_price_of_a_provider_added_here_stays_that_of_its_address() -> None:
    stored("groq")
    with transaction() as session:
        assert session.scalar(select(ModelPrice.id)) is None
    address = Connection("groq", OPENAI, "https://api.openai.com/v1", "k")
    by_address = token_prices._read("groq", MODEL, address)  # noqa: SLF001  else a route is needed
    assert rates("groq") == by_address
