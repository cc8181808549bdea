"""Routes of model prices: packaged and custom ones, and repricing."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import ActorDep, SessionDep, WindowDep
from api.exports import Format, csv_response, rows_by_window
from api.reference import CONFLICT
from api.watch_parameters import note_list
from core.ai_metrics.repricing import Reprice, RepriceReport
from core.database.db import Session
from core.database.paging import Page, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.providers.service import price_list
from core.providers.service.price_list import NewPrice, PriceFilter, PriceView
from core.system.service import reprice_runs
from core.system.service.reprice_runs import RepriceRun

COLUMNS = tuple(PriceView.model_fields)

router = APIRouter(prefix="/admin/prices", tags=["Prices"])


@router.get("", response_model=Page[PriceView])
def prices(
    filters: Annotated[PriceFilter, Query()],
    window: WindowDep,
    session: SessionDep,
    actor: ActorDep,
    format: Format = "json",
) -> Page[PriceView] | StreamingResponse:
    """List prices in USD per million tokens: custom ones first, then those of models seen; as CSV,
    all that match.
    """
    if format == "csv":
        require(actor, Permission.MANAGE_PRICES)
        note_list(session, "prices", actor, None, **filters.model_dump())
        return csv_response("prices", COLUMNS, _all_prices(filters, actor))
    return price_list.list_prices(session, filters, window=window, actor=actor)


@router.post("", status_code=201, responses=CONFLICT)
def add(new_price: NewPrice, session: SessionDep, actor: ActorDep) -> PriceView:
    """Add a custom price, valid from a time on; costs of earlier requests stay."""
    return price_list.add(session, new_price, actor=actor)


@router.delete("/{price_id}", status_code=204, responses=CONFLICT)
def remove(price_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a custom price; costs of requests stay."""
    price_list.remove(session, price_id, actor=actor)


@router.post(
    "/reprice", responses={202: {"model": RepriceRun, "description": "A background job does it."}}
)
def reprice(request: Reprice, actor: ActorDep, response: Response) -> RepriceReport | RepriceRun:
    """Compute the costs of AI requests again, except reported ones. A dry run, the default, returns
    the changes.

    202 returns the run of a background job; a dry run returns 200 with its result unless it has
    very many requests.
    """
    result = reprice_runs.reprice(request, actor=actor)
    if isinstance(result, RepriceRun):
        response.status_code = 202
    return result


@router.get("/reprice/{run_id}")
def reprice_run(run_id: UUID, session: SessionDep, actor: ActorDep) -> RepriceRun:
    """Return the progress of a run, and the result for the days that are done."""
    return reprice_runs.get_run(session, run_id, actor=actor)


def _all_prices(filters: PriceFilter, actor: Actor) -> Iterator[PriceView]:
    def read(session: Session, window: Window) -> list[PriceView]:
        return price_list.list_prices(session, filters, window=window, actor=actor).items

    return rows_by_window(read)
