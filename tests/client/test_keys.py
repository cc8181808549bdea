"""Keys as programs come to have them: read from a file, or wrong."""

import logging

import pytest

from attune_client import Client, EvaluationFailed, PromptUnavailable
from tests.client.conftest import HURRIED
from tests.client.recorder import Recorder


def test_a_key_with_the_line_end_of_its_file_is_the_key(recorder: Recorder) -> None:
    # A key read from a file with its newline lost all rows
    with Client(recorder.url, "atn_key\n", pace=HURRIED) as client:
        client.track("a")
    assert (client.stats().sent, recorder.headers[0]["Authorization"]) == (1, "Bearer atn_key")


@pytest.mark.parametrize("key", ["atn_secret\nsecret", "atn_secrét", "atn_secret\x00"])
def test_a_key_that_no_header_may_have_is_never_quoted(
    recorder: Recorder, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    # http.client quotes the whole header that it refuses, and it stood in the product's log
    caplog.set_level(logging.DEBUG)
    with Client(recorder.url, key, pace=HURRIED) as client:
        client.track("a")
        with pytest.raises(PromptUnavailable, match="not an API key") as prompt:
            client.prompt("support")
        with pytest.raises(EvaluationFailed, match="not an API key") as evaluation:
            client.evaluate("Questions", lambda case: case.input, app="shop")
    assert client.stats().failed == 1
    said = [caplog.text, str(prompt.value), str(evaluation.value)]
    assert [text for text in said if "secr" in text] == []
