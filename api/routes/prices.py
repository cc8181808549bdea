"""Model prices: the packaged table, own prices, and repricing."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT
from core.ai_metrics.repricing import Reprice, RepriceReport
from core.providers import price_list
from core.providers.price_list import NewPrice, PriceView, Wanted
from core.system import repricing
from core.system.repricing import RepriceRun

router = APIRouter(prefix="/admin/prices", tags=["Prices"])


class PriceList(BaseModel):
    """A window of the table of prices."""

    items: list[PriceView]
    total_count: int
    limit: int
    offset: int


@router.get("")
def prices(wanted: Annotated[Wanted, Query()], window: WindowDep, session: SessionDep, actor: ActorDep) -> PriceList:
    """List prices in US dollars per million tokens: your own first, then those of models that were seen in requests."""
    page = price_list.list_prices(session, wanted, window=window, actor=actor)
    return PriceList(items=page.items, total_count=page.total_count, limit=window.limit, offset=window.offset)


@router.post("", status_code=201, responses=CONFLICT)
def add(given: NewPrice, session: SessionDep, actor: ActorDep) -> PriceView:
    """Add a price of your own, from a moment on; what earlier requests have cost stays."""
    return price_list.add(session, given, actor=actor)


@router.delete("/{price_id}", status_code=204, responses=CONFLICT)
def remove(price_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a price of your own; what requests have cost stays."""
    price_list.remove(session, price_id, actor=actor)


@router.post("/reprice", responses={202: {"model": RepriceRun, "description": "The worker does it."}})
def reprice(given: Reprice, actor: ActorDep, response: Response) -> RepriceReport | RepriceRun:
    """Compute the costs of AI requests anew; reported ones stay. A dry run, the default, says what would change.

    A job does it, and 202 is its run; a dry run is answered at once with 200 unless very many requests are to be looked at.
    """
    answer = repricing.reprice(given, actor=actor)
    if isinstance(answer, RepriceRun):
        response.status_code = 202
    return answer


@router.get("/reprice/{run_id}")
def reprice_run(run_id: UUID, session: SessionDep, actor: ActorDep) -> RepriceRun:
    """Say how far a run is, and what came of the days that are done."""
    return repricing.get_run(session, run_id, actor=actor)
