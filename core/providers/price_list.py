"""The price table as administrators see and change it: packaged and own prices, each valid from a time.

A change never rewrites what earlier requests have cost; core/ai_metrics/reprice.py does that, when somebody asks for it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform.ids import new_id
from core.presentation.money import Usd
from core.providers import rates
from core.providers.errors import PackagedPrice, PriceMissing, PriceTaken
from core.providers.models import ModelPrice
from core.providers.schemas import PriceSource

Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
PerMillion = Annotated[Usd, Field(ge=0, le=1_000_000, max_digits=13, decimal_places=6)]


class NewPrice(BaseModel):
    """What a model costs from a moment on, in US dollars per million tokens; the provider as senders write it, or nothing."""

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
    """One line of the table. What is left out of the cache costs what input does."""

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


class Wanted(BaseModel):
    """Which prices: of a provider, of models whose names hold a text, of one source."""

    model_config = ConfigDict(frozen=True)

    provider: str | None = Field(default=None, max_length=200)
    model: str | None = Field(default=None, max_length=200)
    source: PriceSource | None = None


def list_prices(session: Session, wanted: Wanted, *, window: Window, actor: Actor) -> Page[PriceView]:
    """Return prices by provider and model, the newest of each first; those of your own before packaged ones."""
    require(actor, Permission.MANAGE_PRICES)
    matching = _matching(wanted)
    total = session.scalar(select(func.count()).select_from(ModelPrice).where(*matching)) or 0
    order = (ModelPrice.source.desc(), ModelPrice.provider, ModelPrice.model, ModelPrice.valid_from.desc(), ModelPrice.id)
    rows = session.scalars(select(ModelPrice).where(*matching).order_by(*order).limit(window.limit).offset(window.offset))
    return Page([PriceView.model_validate(row) for row in rows], total)


def _matching(wanted: Wanted) -> list[ColumnElement[bool]]:
    matching: list[ColumnElement[bool]] = []
    if wanted.provider is not None:
        matching.append(ModelPrice.provider == wanted.provider)
    if wanted.model:
        matching.append(ModelPrice.model.icontains(wanted.model, autoescape=True))
    if wanted.source is not None:
        matching.append(ModelPrice.source == wanted.source)
    return matching


def add(session: Session, given: NewPrice, *, actor: Actor) -> PriceView:
    """Add a price of your own: from its moment on it goes before every older one, and before a packaged one of that moment.

    Raises PriceTaken.
    """
    require(actor, Permission.MANAGE_PRICES)
    row = ModelPrice(id=new_id(), source=PriceSource.SETTINGS, created_by=actor.id, **given.model_dump())
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise PriceTaken from None
    session.refresh(row)
    rates.tell(session)
    audit.record(session, "price.add", actor, targets=_targets(row), after=_facts(row))
    return PriceView.model_validate(row)


def remove(session: Session, price_id: UUID, *, actor: Actor) -> None:
    """Remove a price of your own; requests keep what they have cost. Raises PriceMissing, or PackagedPrice."""
    require(actor, Permission.MANAGE_PRICES)
    row = session.get(ModelPrice, price_id, with_for_update=True)
    if row is None:
        raise PriceMissing
    if row.source != PriceSource.SETTINGS:
        raise PackagedPrice
    rates.tell(session)
    audit.record(session, "price.remove", actor, targets=_targets(row), before=_facts(row))
    session.delete(row)


def _targets(row: ModelPrice) -> dict[str, object]:
    return {"provider": row.provider, "model": row.model, "valid_from": row.valid_from.isoformat()}


def _facts(row: ModelPrice) -> dict[str, object]:
    amounts = {"input": row.input, "output": row.output, "cached_input": row.cached_input, "cache_write": row.cache_write}
    return {name: _plain(amount) for name, amount in amounts.items() if amount is not None}


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
