"""Routes of weekly digests."""

from datetime import date

from fastapi import APIRouter, Depends

from api.deps import ActorDep, SessionDep, WindowDep, person
from api.watch_parameters import watcher
from core.database.paging import Page
from core.digests import queries
from core.digests.schemas import DigestDetails, DigestSubscription
from core.digests.service import subscriptions

router = APIRouter(
    prefix="/admin/digests", tags=["Weekly digests"], dependencies=[Depends(watcher)]
)


@router.get("")
def list_digests(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[DigestDetails]:
    """List weekly digests, the latest first: figures of the Overview and of saved views with what
    changed, and findings.
    """
    return queries.list_digests(session, window=window, actor=actor)


@router.get("/subscription", dependencies=[Depends(person)])
def get_subscription(session: SessionDep, actor: ActorDep) -> DigestSubscription:
    """Return whether you get the weekly digest by email."""
    return DigestSubscription(is_subscribed=subscriptions.is_subscribed(session, actor=actor))


@router.put("/subscription", dependencies=[Depends(person)])
def change_subscription(
    subscription: DigestSubscription, session: SessionDep, actor: ActorDep
) -> DigestSubscription:
    """Begin or end getting the weekly digest by email."""
    subscriptions.subscribe(session, is_wanted=subscription.is_subscribed, actor=actor)
    return subscription


@router.get("/{week}")
def get_digest(week: date, session: SessionDep, actor: ActorDep) -> DigestDetails:
    """Return the digest of a week, by its Monday."""
    return queries.get_digest(session, week, actor=actor)
