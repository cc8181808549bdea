"""What of a workspace is set up already."""

from sqlalchemy import any_, exists, func, literal, select
from sqlalchemy.orm import Session

from core.activity.models.funnels import Subject
from core.database import settings
from core.demo.queries import has_own_rows
from core.identity.models import AdminUser, ApiKey
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, Scope
from core.providers.models import ProviderRow
from core.providers.provider_schemas import ProviderSource
from core.setup.schemas import Setup, SetupProgress, SetupStep


def find_progress(session: Session, *, actor: Actor) -> SetupProgress:
    """Return which steps are done. Rows of the demo are not the product's."""
    require(actor, Permission.MANAGE_KEYS)
    steps = {
        SetupStep.KEY: exists().where(
            ApiKey.revoked_at.is_(None), literal(Scope.INGEST) == any_(ApiKey.scopes)
        ),
        SetupStep.FUNNEL: exists().where(Subject.reached_1.is_not(None)),
        SetupStep.PROVIDER: exists().where(
            ProviderRow.is_active, ProviderRow.source != ProviderSource.PACKAGED
        ),
        SetupStep.INVITE: select(func.count() > 1).select_from(AdminUser).scalar_subquery(),
    }
    row = session.execute(select(*(each.label(name) for name, each in steps.items()))).one()
    done = {name for name, is_done in zip(steps, row, strict=True) if is_done}
    if has_own_rows(session):
        done.add(SetupStep.DATA)
    else:  # who began the funnel came with the demo
        done.discard(SetupStep.FUNNEL)
    is_hidden = settings.read(session, Setup).is_hidden
    return SetupProgress(done=frozenset(done), is_hidden=is_hidden)
