"""Send jobs to services. The answer comes later, by callback."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy.orm import Session

from core.attachments import queries as attachments
from core.attachments.schemas import OriginalFile
from core.database.db import transaction
from core.executions import encrypted_texts
from core.executions.models import Execution
from core.executions.service import service_calls
from core.network import outbound
from core.network.allowed_addresses import provider_address_policy
from core.network.cancellation import CancelToken, cancellable
from core.platform.config import config
from core.services import dispatch, queries, service
from core.services.schemas import CALLBACK_PATH, ServiceConnection, ServiceJob, ServiceStatus

TIMEOUT_S = 10.0
UPLOAD_TIMEOUT_S = 60.0  # of each file
UNREACHABLE = "The service cannot be reached"
ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")


@dataclass(frozen=True)
class Delivery:
    """Whether a service took a job, and whether another attempt could change that."""

    status: ServiceStatus
    detail: str | None = None
    may_be_repeated: bool = False


def post(
    connection: ServiceConnection, job: ServiceJob, files: Sequence[OriginalFile] = ()
) -> Delivery:
    """Send a job to a service after its files, each to the upload address."""
    for file in files:
        uploaded = _upload(connection, job, file)
        if uploaded.status is not ServiceStatus.WORKING:
            return uploaded
    body = job.body(config().address + CALLBACK_PATH)
    return _send(connection, connection.chat_url, TIMEOUT_S, json=body)


def _upload(connection: ServiceConnection, job: ServiceJob, file: OriginalFile) -> Delivery:
    if connection.upload_url is None:  # it was removed meanwhile
        return Delivery(ServiceStatus.WORKING)
    return _send(
        connection,
        connection.upload_url,
        UPLOAD_TIMEOUT_S,
        data={"job_id": job.id, "file_id": str(file.id)},
        files={"file": (file.name, file.content, "application/octet-stream")},
    )


def _send(
    connection: ServiceConnection,
    url: str,
    timeout_s: float,
    **body: Any,  # noqa: ANN401  of the client
) -> Delivery:
    """Send a request to a service; the rest of its response is not read."""
    if connection.token is None:
        return Delivery(ServiceStatus.UNAUTHORIZED, "Enter the service's token in Settings.")
    headers = {"Authorization": f"Bearer {connection.token}"}
    reach, timeout = provider_address_policy(config()), httpx2.Timeout(timeout_s)
    try:
        with (
            # The client's timeout is for each read; this one is for the whole request.
            cancellable(CancelToken(), time.monotonic() + timeout_s),
            outbound.client(reach, timeout=timeout, keep_alive=0) as client,
            client.stream("POST", url, headers=headers, **body) as response,
        ):
            return _outcome(response.status_code, "job" if "json" in body else "file")
    except httpx2.TimeoutException:
        return _unreachable(f"it did not respond within {timeout_s:g} s")
    except httpx2.HTTPError as error:
        return _unreachable(ERROR_NUMBER.sub("", str(error)) or type(error).__name__)


def _outcome(status_code: int, sent: str) -> Delivery:
    if 200 <= status_code < 300:
        return Delivery(ServiceStatus.WORKING)
    if status_code in (401, 403):
        return Delivery(
            ServiceStatus.UNAUTHORIZED, f"The service rejected the token ({status_code})."
        )
    is_temporary = status_code >= 500 or status_code in (408, 425, 429)
    detail = f"The service refused the {sent} ({status_code})."
    return Delivery(ServiceStatus.FAILING, detail, may_be_repeated=is_temporary)


def _unreachable(reason: str) -> Delivery:
    return Delivery(
        ServiceStatus.FAILING, f"{UNREACHABLE}: {reason.rstrip('.')}.", may_be_repeated=True
    )


def deliver(
    execution_id: UUID, callback_params: dict[str, Any], attempt: int, files: Sequence[str]
) -> None:
    """Send the job of a pending execution; try again later, or fail the execution."""
    with transaction() as session:
        found = queries.find_pending(session, execution_id)
        if found is None:  # it was answered or stopped
            return
        execution, row = found
        connection, job = queries.connection(row), _job(execution, callback_params)
        originals = attachments.list_originals(session, [UUID(each) for each in files])
    delivery = post(connection, job, originals)
    with transaction() as session:
        # Executions are locked before their service, everywhere.
        if delivery.status is not ServiceStatus.WORKING:
            _repeat_or_fail(session, execution_id, callback_params, files, attempt, delivery)
        status, detail = delivery.status, delivery.detail
        service.record_job(session, connection.id, status=status, detail=detail)


def _repeat_or_fail(
    session: Session,
    execution_id: UUID,
    callback_params: dict[str, Any],
    files: Sequence[str],
    attempt: int,
    delivery: Delivery,
) -> None:
    if delivery.may_be_repeated and attempt < len(dispatch.RETRY_WAITS):
        dispatch.later(session, execution_id, callback_params, files, attempt)
        return
    # One that does not respond may have taken the job, and may still answer.
    reason = service_calls.UNREACHABLE if delivery.may_be_repeated else "refused"
    detail = delivery.detail or UNREACHABLE
    service_calls.fail(session, execution_id, reason=reason, detail=detail)


def _job(execution: Execution, callback_params: dict[str, Any]) -> ServiceJob:
    texts = {
        name: encrypted_texts.open_(getattr(execution, name), name, execution.id) or ""
        for name in ("prompt", "system_prompt")
    }
    return ServiceJob(
        id=str(execution.id),
        message=texts["prompt"],
        prompt=texts["system_prompt"],
        history=encrypted_texts.open_messages(execution.messages, execution.id),
        callback_params=callback_params,
    )
