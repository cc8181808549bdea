"""Prompts when something between the program and Attune answers in its place."""

import time
from typing import Any

import pytest

from attune_client.prompts import Prompts, PromptUnavailable, fetch
from attune_client.transport import Response, Transport


class Answering(Transport):
    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("http://127.0.0.1", "atn_key", 1.0)
        self.response = Response(status, body, None)

    def call(self, method: str, path: str, body: bytes | None = None) -> Response:
        return self.response


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("body", [b"null", b"[]", b'"sign in"', b"<html>"])
def test_an_answer_that_is_no_prompt_is_unavailable(status: int, body: bytes) -> None:
    with pytest.raises(PromptUnavailable, match="support@production"):
        fetch(Answering(status, body), "support", "production")


def test_the_last_good_text_stays_when_another_answers(
    capfd: pytest.CaptureFixture[str],
) -> None:
    answers: list[dict[str, Any]] = [{"name": "support"}]
    reads: list[str] = []

    def read(name: str, label: str) -> dict[str, Any]:
        reads.append(name)
        return answers.pop() if answers else fetch(Answering(200, b"[1]"), name, label)

    prompts = Prompts(read, 0.0)
    deadline = time.monotonic() + 10
    while len(reads) < 4:
        assert time.monotonic() < deadline, "the prompt was not read again"
        assert prompts.get("support", "production") == {"name": "support"}
        time.sleep(0.01)

    assert capfd.readouterr().err == ""
