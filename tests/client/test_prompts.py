"""Prompts when something between the program and Attune answers in its place."""

import threading
import time
from typing import Any

import pytest

from attune_client.prompts import Prompts, PromptUnavailable, fetch
from attune_client.transport import Response, Transport
from tests.faults.program import until


class Answering(Transport):
    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("http://127.0.0.1", "atn_key", 1.0)
        self.response = Response(status, body, None)

    def call(self, method: str, path: str, body: bytes | None = None) -> Response:
        return self.response


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("body", [b"null", b"[]", b'"sign in"', b"<html>", b"[" * 100_000])
def test_an_answer_that_is_no_prompt_is_unavailable(status: int, body: bytes) -> None:
    with pytest.raises(PromptUnavailable, match="support@production"):
        fetch(Answering(status, body), "support", "production")


@pytest.mark.parametrize("body", [b"{}", b'{"status": "ok"}', b'{"name": "x", "user": null}'])
def test_an_object_that_is_no_prompt_does_not_take_the_place_of_one(body: bytes) -> None:
    # A gateway's own JSON took the place of the cached prompt, and the next call raised KeyError
    with pytest.raises(PromptUnavailable, match="status 200 without a prompt"):
        fetch(Answering(200, body), "support", "production")


def test_an_answer_of_another_program_is_told_from_one_of_attune() -> None:
    with pytest.raises(PromptUnavailable, match="status 200 without a prompt"):
        fetch(Answering(200, b"<html>"), "support", "production")


def test_a_prompt_that_nobody_answers_for_says_that_attune_is_away() -> None:
    nowhere = Transport("http://127.0.0.1:9", "atn_key", 1.0)
    with pytest.raises(PromptUnavailable, match="support@production: Attune can't be reached: "):
        fetch(nowhere, "support", "production")


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


def test_why_a_prompt_is_not_refreshed_is_said_in_the_log_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reads: list[str] = []

    def read(name: str, label: str) -> dict[str, Any]:
        reads.append(name)
        if len(reads) == 1:
            return {}
        return fetch(Answering(404, b'{"detail": "Prompt not found"}'), name, label)

    prompts = Prompts(read, 0.0)

    def has_read_often() -> bool:
        prompts.get("support", "production")
        return len(reads) > 3

    until(has_read_often, 10)
    [record] = [each for each in caplog.records if each.name == "attune_client"]
    assert "support@production: Prompt not found" in record.getMessage()


def test_a_thread_that_cannot_start_costs_one_refresh(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []

    def read(name: str, label: str) -> dict[str, Any]:
        reads.append(f"{name}@{label}")
        return {}

    prompts = Prompts(read, 0.0)
    prompts.get("support", "production")

    def fails(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fails)
        assert prompts.get("support", "production") == {}

    def is_read_again() -> bool:
        prompts.get("support", "production")
        return len(reads) > 1

    until(is_read_again, 10)
