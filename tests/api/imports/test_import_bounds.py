"""Files with implausible structure are rejected during the upload with 422 and a message."""

import gzip

import httpx2
import pytest

HOSTILE = [
    "[" * 100_000,
    '{"a":' * 5000 + "1" + "}" * 5000,
    '{"a": ' + "9" * 10_000 + "}",
    "[" + "9" * 10_000 + "]",
]


@pytest.mark.parametrize("body", HOSTILE, ids=["lists", "objects", "digits", "a list of digits"])
@pytest.mark.parametrize("packed", [True, False])
def test_deep_json_and_endless_digits_are_refused(
    me: httpx2.Client, body: str, packed: bool
) -> None:
    content = gzip.compress(body.encode()) if packed else body.encode()
    answer = me.post("/imports?name=file.json", content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


def test_a_boundary_that_is_too_long_is_refused(me: httpx2.Client) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=" + "x" * 257}
    assert me.post("/imports", content=b"--" + b"x" * 257, headers=kind).status_code == 422
