"""The price table that administrators see and change: packaged and custom prices, each valid from a
time.

A change does not affect the cost of earlier requests: core/ai_metrics/ingest/costs/ recomputes
them on request.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.database.db import refuse_duplicates
from core.database.paging import Page, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.identity.service import audit
from core.platform.ids import new_id
from core.presentation.money import Usd, decimal_text
from core.providers.errors import PackagedPrice, PriceMissing, PriceTaken
from core.providers.models import ModelPrice
from core.providers.queries import token_prices
from core.providers.schemas import PriceSource

Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
PerMillion = Annotated[Usd, Field(ge=0, le=1_000_000, max_digits=13, decimal_places=6)]


class NewPrice(BaseModel):
    """A model's price from a time on, in US dollars per million tokens.

    `provider` is the name that senders use, or empty for requests that name none.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "provider": "openai",
                "model": "gpt-4o",
                "input": "2.5",
                "cached_input": "1.25",
                "output": "10",
                "valid_from": "2026-07-01T00:00:00Z",
            }
        },
    )

    provider: Name = ""
    model: Annotated[Name, Field(min_length=1)]
    input: PerMillion
    output: PerMillion
    cached_input: PerMillion | None = None
    cache_write: PerMillion | None = None
    valid_from: AwareDatetime


class PriceView(BaseModel):
    """One price. Without cache prices, cached tokens cost as much as input."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    provider: str
    model: str
    input: Usd
    output: Usd
    cached_input: Usd | None
    cache_write: Usd | None
    valid_from: datetime
    source: PriceSource
    created_at: datetime


class PriceFilter(View):
    """Filters of the price table; `model` is a part of the name."""

    provider: str | None = Field(default=None, max_length=200)
    model: str | None = Field(default=None, max_length=200)
    source: PriceSource | None = None


def list_prices(
    session: Session, filters: PriceFilter, *, window: Window, actor: Actor
) -> Page[PriceView]:
    """Return prices by provider and model, newest first, custom ones before packaged ones."""
    require(actor, Permission.MANAGE_PRICES)
    conditions = _conditions(filters)
    total = session.scalar(select(func.count()).select_from(ModelPrice).where(*conditions)) or 0
    order = (
        ModelPrice.source.desc(),
        ModelPrice.provider,
        ModelPrice.model,
        ModelPrice.valid_from.desc(),
        ModelPrice.id,
    )
    rows = session.scalars(
        select(ModelPrice)
        .where(*conditions)
        .order_by(*order)
        .limit(window.limit)
        .offset(window.offset)
    )
    return window.page([PriceView.model_validate(row) for row in rows], total)


def _conditions(filters: PriceFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.provider is not None:
        conditions.append(ModelPrice.provider == filters.provider)
    if filters.model:
        conditions.append(ModelPrice.model.icontains(filters.model, autoescape=True))
    if filters.source is not None:
        conditions.append(ModelPrice.source == filters.source)
    return conditions


def add(session: Session, new_price: NewPrice, *, actor: Actor) -> PriceView:
    """Add a custom price; it takes precedence over older prices and over a packaged one with the
    same start.

    Raises PriceTaken.
    """
    require(actor, Permission.MANAGE_PRICES)
    row = ModelPrice(
        id=new_id(), source=PriceSource.SETTINGS, created_by=actor.id, **new_price.model_dump()
    )
    with refuse_duplicates(PriceTaken), session.begin_nested():
        session.add(row)
    session.refresh(row)
    token_prices.clear_after_commit(session)
    audit.record(session, "price.add", actor, targets=_targets(row), after=_amounts(row))
    return PriceView.model_validate(row)


def remove(session: Session, price_id: UUID, *, actor: Actor) -> None:
    """Remove a custom price; costs of requests stay. Raises PriceMissing or PackagedPrice."""
    require(actor, Permission.MANAGE_PRICES)
    row = session.get(ModelPrice, price_id, with_for_update=True)
    if row is None:
        raise PriceMissing
    if row.source != PriceSource.SETTINGS:
        raise PackagedPrice
    token_prices.clear_after_commit(session)
    audit.record(session, "price.remove", actor, targets=_targets(row), before=_amounts(row))
    session.delete(row)


def _targets(row: ModelPrice) -> dict[str, object]:
    return {"provider": row.provider, "model": row.model, "valid_from": row.valid_from.isoformat()}


def _amounts(row: ModelPrice) -> dict[str, object]:
    amounts = {
        "input": row.input,
        "output": row.output,
        "cached_input": row.cached_input,
        "cache_write": row.cache_write,
    }
    return {name: decimal_text(amount) for name, amount in amounts.items() if amount is not None}
