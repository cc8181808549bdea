"""Calls of Attune's API with JSON, which wait while it is away."""

import json
import logging
import random
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from attune_client.transport import PREFIX, Response, Transport, Unreachable

log = logging.getLogger("attune_client")
AWAY = (429, 502, 503, 504)
LONGEST_WAIT_S = 20.0
PAGE = 200


class EvaluationFailed(Exception):
    """Attune refused or stopped an evaluation, or could not be reached; the text says why."""


class Console:
    """Attune's API for one key. Nothing that it sends has a second effect when it is sent again."""

    def __init__(
        self, url: str, key: str, *, timeout_s: float = 30.0, patience_s: float = 300.0
    ) -> None:
        """Try again for up to `patience_s` while Attune is away."""
        self._transport = Transport(url, key, timeout_s)
        self._patience_s = patience_s
        self.url = url.rstrip("/").removesuffix(PREFIX)

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Read an address; raise EvaluationFailed."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send JSON; raise EvaluationFailed."""
        return self._call("POST", path, json.dumps(body, ensure_ascii=False).encode())

    def _call(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        ends_at, wait_s, is_told = time.monotonic() + self._patience_s, 0.5, False
        while True:
            try:
                response = self._transport.call(method, path, body)
                if response.status not in AWAY:
                    return _answer(response)
                problem, asked_s = _detail(response), response.retry_after_s
            except Unreachable as error:
                problem, asked_s = f"Attune can't be reached: {error}", None
            except ValueError as error:  # the address
                raise EvaluationFailed(str(error)) from error
            # Spread, or all who met the same outage would come back at once
            pause_s = wait_s * random.uniform(0.5, 1.5) if asked_s is None else asked_s  # noqa: S311  no secret
            if time.monotonic() + pause_s > ends_at:
                raise EvaluationFailed(problem)
            if not is_told:
                log.warning("trying again for up to %.0f s: %s", self._patience_s, problem)
                is_told = True
            time.sleep(pause_s)
            wait_s = min(LONGEST_WAIT_S, 2 * wait_s)

    def find_dataset(self, name_or_id: str) -> str:
        """Return the ID of a dataset; raise EvaluationFailed unless the key sees just one."""
        try:
            return str(UUID(name_or_id))
        except ValueError:
            pass
        found, offset = list[str](), 0
        while True:
            page = self.get("datasets", limit=PAGE, offset=offset)
            found += [it["id"] for it in page["items"] if it["name"].lower() == name_or_id.lower()]
            offset += PAGE
            if offset >= page["total_count"]:
                break
        if len(found) == 1:
            return found[0]
        if found:
            raise EvaluationFailed(f"Several datasets are named {name_or_id}: {', '.join(found)}.")
        raise EvaluationFailed(f"This key sees no dataset named {name_or_id}. Share it in Attune.")


def _answer(response: Response) -> dict[str, Any]:
    if response.status >= 300:
        raise EvaluationFailed(_detail(response))
    try:
        return dict(json.loads(response.body))
    except (ValueError, TypeError, RecursionError):  # a proxy's sign-in page has status 200, too
        raise EvaluationFailed(
            "The answer isn't Attune's: it has no JSON. Check the address, and what lies between."
        ) from None


def _detail(response: Response) -> str:
    """Return what went wrong in words, with the fields that are invalid."""
    try:
        problem = json.loads(response.body)
        fields = [f"{it['field']}: {it['message']}" for it in problem.get("errors", ())]
        return " ".join([problem["detail"], *(it for it in fields if it not in problem["detail"])])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return f"Attune answered with status {response.status}."
