"""Send a test job to a service, between two transactions."""

from uuid import UUID

from core.database.db import transaction
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform.ids import new_id
from core.services import posting, queries, service
from core.services.schemas import ServiceJob, ServiceView

MESSAGE = "This is a test by Attune. Answer with any text."


def check_as(service_id: UUID, *, actor: Actor) -> ServiceView:
    """Send a test job, and store whether the service took it; its callback changes nothing.

    Raises Forbidden or ServiceMissing.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    with transaction() as session:
        connection = queries.connection(queries.get_row(session, service_id))
    # Not the ID of an execution, so that its callback finds none
    job_id = f"test-{new_id()}"
    params = {"message_id": job_id, "source": "test"}
    job = ServiceJob(id=job_id, message=MESSAGE, prompt="", history=(), callback_params=params)
    delivery = posting.post(connection, job)
    with transaction() as session:
        service.record_job(session, service_id, status=delivery.status, detail=delivery.detail)
        return queries.view(queries.get_row(session, service_id))
