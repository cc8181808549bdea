"""The route of services' callbacks: public, and signed with the service's secret."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api.access import forged_callbacks
from api.deps import CallerDep
from core.database.db import transaction
from core.playground.service import answers
from core.services import callbacks, queries, signatures
from core.services.errors import SignatureRefused
from core.services.schemas import Callback, CallbackParams, CallbackReceipt
from core.services.signatures import SignatureHeaders

router = APIRouter(tags=["Services"])
HEADERS = {
    "webhook-id": "Unique per callback.",
    "webhook-timestamp": "Seconds since 1970, of the last five minutes.",
    "webhook-signature": "`v1,` and the base64 HMAC-SHA256 of `{id}.{timestamp}.{body}`.",
}
# FastAPI would read a declared body before the signature is checked.
BODY: dict[str, Any] = {
    "type": "object",
    "required": ["job_id", "status"],
    "properties": {
        "job_id": {"type": ["string", "integer"]},
        "status": {"type": "string", "enum": ["completed", "failed"]},
        "output": {"type": ["object", "null"], "properties": {"answer": {"type": "string"}}},
        "error": {"type": ["string", "object", "null"]},
        "callback_params": {
            "type": ["object", "null"],
            "properties": {
                name: {"type": ["string", "integer", "null"]}
                for name in CallbackParams.model_fields
            },
        },
    },
    "example": {
        "job_id": "0199d2f0-0000-7000-8000-000000000001",
        "status": "completed",
        "output": {"answer": "Rotate crops every season."},
        "callback_params": {"message_id": 7, "source": "playground"},
    },
}
DESCRIBED: dict[str, Any] = {
    "parameters": [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
        | {"description": text}
        for name, text in HEADERS.items()
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": BODY}},
    },
    "security": [],
}


@router.post(
    "/callback/ai", openapi_extra=DESCRIBED, responses={401: {}, 413: {}, 422: {}, 429: {}}
)
async def receive(request: Request, caller: CallerDep) -> CallbackReceipt:
    """Receive a service's answer to a job, signed by Standard Webhooks; up to 2 MiB.

    A job that is unknown, of another service or answered before is received without an effect.
    """
    forged_callbacks.forged.refuse(caller.ip_address)
    try:
        headers = signatures.read_headers(request.headers)  # before the body is read
        body = await request.body()
        return await run_in_threadpool(_apply, headers, body)
    except SignatureRefused:
        forged_callbacks.forged.count(caller.ip_address)
        raise


def _apply(headers: SignatureHeaders, body: bytes) -> CallbackReceipt:
    with transaction() as session:
        # Before the body is parsed, which anyone may have sent
        sender = queries.find_signer(session, lambda secret: headers.has_signed(secret, body))
        if sender is None:
            raise SignatureRefused
        callback = _read(body)
        ended = callbacks.receive(session, sender, callback)
        if ended is not None:  # in this transaction: open pages show it at once
            answers.settle(session, ended)
    return CallbackReceipt(job_id=callback.job_id)


def _read(body: bytes) -> Callback:
    try:
        return Callback.model_validate_json(body)
    except ValidationError as invalid:
        errors = [{**error, "loc": ("body", *error["loc"])} for error in invalid.errors()]
        raise RequestValidationError(errors) from None
