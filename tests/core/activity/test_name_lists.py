"""Lists of event types in an address."""

import pytest

from core.activity.queries import name_lists


@pytest.mark.parametrize(
    "names",
    [[], ["a", "b"], ["a, b", "c"], ['said "a"', '"'], ["a\nb", "c\r\nd"], [" a", "$end"]],
)
def test_names_of_an_address_are_read_as_they_were_written(names: list[str]) -> None:
    assert name_lists.parse(name_lists.written(names)) == names


def test_names_without_commas_or_quotes_are_written_as_they_are() -> None:
    assert name_lists.written(["signed.up", "plan.chosen"]) == "signed.up,plan.chosen"


def test_a_line_end_outside_of_quotes_is_refused_in_words() -> None:
    with pytest.raises(name_lists.NamesRefused, match="in quotes"):
        name_lists.parse("a\nb")
