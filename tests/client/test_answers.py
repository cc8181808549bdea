"""What an app answers is sent, and so is that it failed."""

from attune_client.answers import Case, answered

ITEM = {
    "id": "r",
    "messages": [{"role": "user", "content": "Hi"}],
    "context": None,
    "tags": [],
    "position": 0,
    "run": 1,
}


class Unspeakable(Exception):
    """An error that has no words, as some of libraries."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_of_the_app_that_has_no_words_is_its_answer_too() -> None:
    def fail(_case: Case) -> str:
        raise Unspeakable

    assert answered(fail, ITEM)["error"] == "Unspeakable"
