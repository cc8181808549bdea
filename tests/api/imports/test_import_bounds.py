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


def test_a_form_of_very_many_parts_is_refused(me: httpx2.Client) -> None:
    # 16 MB of empty parts took 13 s of Python's code
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    file = b'--x\r\nContent-Disposition: form-data; filename="a.csv"\r\n\r\na,b\n1,2\r\n'
    few = me.post("/imports", content=file + b"--x\r\na: b\r\n\r\n\r\n--x--\r\n", headers=kind)
    assert few.status_code == 201
    many = me.post("/imports", content=file + b"--x\r\na: b\r\n\r\n\r\n" * 200, headers=kind)
    assert many.status_code == 422
    assert "more than 100 parts" in many.json()["detail"]
